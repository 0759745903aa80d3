/** What a commitment costs: coins that come back, or a puzzle where there are none. */
import test from 'ava';
import fc from 'fast-check';
import { LOCAL_PARAMETERS } from '../../../actors/chain/genesis.js';
import { findStamp, isGoodStamp, registrationHash } from '../../../actors/chain/stamp.js';
import { EVALUATES, GLOBALS, OPEN, OPTIMUM } from '../../../actors/chain/state/state.js';
import type { Fee, Transaction } from '../../../actors/chain/types.js';
import { NANO } from '../../../runtime/fixed/nano.js';
import { DOMAIN_ID, keyOf, makeGenesis, makeReveal, sign, TestChain, votesOn } from '../../kit/chain.js';

const MEMBERS = ['ada', 'bob', 'cid', 'dan'];
const COINS = 1_000_000_000;
const STAKE = 5 * LOCAL_PARAMETERS.fees.minimumBaseUnits;
const locked = (chain: TestChain) => chain.tip.state.require(GLOBALS).lockedUnits;
const burned = (chain: TestChain) => chain.tip.state.require(GLOBALS).burnedUnits;

/** Ada with coins commits with a stake, reveals, and the quorum measures this. */
function judged(measuredNano: number | null, change: Parameters<typeof makeGenesis>[1] = {}) {
  const genesis = makeGenesis(MEMBERS, change);
  const chain = new TestChain(genesis, MEMBERS).fund('ada', COINS);
  const { commit, reveal } = makeReveal(genesis, 'ada', [1, 2], -100 * NANO);
  chain.addWithNext([sign(genesis, 'ada', 1, { ...commit, stamp: null } as typeof commit)]);
  const staked = { lockedUnits: locked(chain), balance: chain.balance('ada') };
  const { records } = chain.addWithNext([sign(genesis, 'ada', 2, reveal)]);
  const { records: settled } = chain.addWithNext(votesOn(chain, records, () => measuredNano));
  const [stake] = settled.flatMap((record) => (record.type === 'STAKE' ? [record] : []));
  return { chain, staked, stake };
}

test('a stake of five base fees is locked at the commitment and comes back when the optimum is accepted', (t) => {
  const { chain, staked, stake } = judged(-100 * NANO);
  t.deepEqual(staked, { lockedUnits: STAKE, balance: COINS - STAKE });
  t.is(stake?.returnedUnits, STAKE);
  t.is(locked(chain), 0);
  t.true(chain.balance('ada') >= COINS);
});

test('a refuted claim and one that nobody can measure lose a fifth of the stake, which is burned', (t) => {
  for (const measured of [-400 * NANO, null]) {
    const { chain, stake } = judged(measured);
    t.is(stake?.burnedUnits, STAKE / 5);
    t.is(locked(chain), 0);
    t.is(burned(chain), STAKE / 5);
    t.is(chain.balance('ada'), COINS - STAKE / 5);
  }
});

test('a quorum that finds no majority takes nothing from the optimizer', (t) => {
  let next = 0;
  const genesis = makeGenesis(MEMBERS);
  const chain = new TestChain(genesis, MEMBERS).fund('ada', COINS);
  const { commit, reveal } = makeReveal(genesis, 'ada', [1, 2], -100 * NANO);
  chain.addWithNext([sign(genesis, 'ada', 1, { ...commit, stamp: null } as typeof commit)]);
  const { records } = chain.addWithNext([sign(genesis, 'ada', 2, reveal)]);
  chain.addWithNext(
    votesOn(chain, records, () => {
      next -= 100 * NANO;
      return next;
    }),
  );
  t.is(chain.balance('ada'), COINS);
});

test('looking at seeds costs: a commitment that is never revealed loses a fifth of its stake', (t) => {
  const genesis = makeGenesis(MEMBERS);
  const chain = new TestChain(genesis, MEMBERS).fund('ada', COINS);
  const commit = (nonce: number) => {
    const { commit: body } = makeReveal(genesis, 'ada', [nonce, nonce], -100 * NANO);
    return sign(genesis, 'ada', nonce, { ...body, stamp: null } as typeof body);
  };
  chain.add([1, 2, 3, 4, 5, 6, 7, 8].map(commit));
  t.throws(() => chain.add([commit(9)]), { message: /too-many-commits|no cause/ });
  chain.addWithNext([sign(genesis, 'bob', 1, makeReveal(genesis, 'bob', [9, 9], -90 * NANO).commit)], 4_000);
  t.is(chain.balance('ada'), COINS - (8 * STAKE) / 5);
});

test('who has no coins needs a stamp, and a stamp for another commitment or another sender is none', (t) => {
  const genesis = makeGenesis(MEMBERS, { parameters: { stake: { ...LOCAL_PARAMETERS.stake, stampBits: 8 } } });
  const chain = new TestChain(genesis, MEMBERS);
  const { commit, commitment } = makeReveal(genesis, 'eve', [1, 2], -100 * NANO);
  const stamped = (stamp: number | null): Transaction => sign(genesis, 'eve', 1, { ...commit, stamp } as typeof commit);
  const about = { about: commitment, sender: keyOf('eve').publicKey };
  const stamp = findStamp(about, 8, { from: 0, count: 100_000 })!;
  t.throws(() => chain.add([stamped(null)]), { message: /insufficient-balance|no cause/ });
  const bad = [0, 1, 2, 3].find((value) => !isGoodStamp(about, value, 8))!;
  t.throws(() => chain.add([stamped(bad)]), { message: /bad-stamp|no cause/ });
  chain.add([stamped(stamp)]);
  t.is(locked(chain), 0);
});

test('a registration costs a fee or a stamp of its own, or keys that cost nothing would fill the list', (t) => {
  const genesis = makeGenesis(MEMBERS, { parameters: { stake: { ...LOCAL_PARAMETERS.stake, stampBits: 8 } } });
  const chain = new TestChain(genesis, MEMBERS).fund('gil', COINS);
  const register = (name: string, stamp: number | null, fee?: Fee): Transaction =>
    sign(genesis, name, chain.nextNonce(name), { type: 'register-evaluator', domains: [DOMAIN_ID], stamp }, fee);
  const paid = sign(genesis, 'gil', 9, { type: 'transfer', to: keyOf('ada').publicKey, amountUnits: 1 });
  const registered = (name: string) => chain.tip.state.get(EVALUATES, keyOf(name).publicKey) ?? [];
  const sender = keyOf('eve').publicKey;
  const good = (about: string) => findStamp({ about, sender }, 8, { from: 0, count: 100_000 })!;
  const stamp = good(registrationHash(genesis.chainId, [DOMAIN_ID]));
  for (const bad of [null, good(registrationHash('other', [DOMAIN_ID])), good(registrationHash(genesis.chainId, []))]) {
    t.throws(() => chain.add([paid, register('eve', bad)]), { message: /bad-stamp/ });
  }
  t.throws(() => chain.add([paid, register('fay', stamp)]), { message: /bad-stamp/ }, 'of somebody else');
  chain.add([register('eve', stamp)]);
  t.deepEqual(registered('eve'), [DOMAIN_ID]);
  const { minimumBaseUnits } = genesis.parameters.fees;
  chain.add([register('gil', null, { maxUnits: 2 * minimumBaseUnits, tipUnits: 0 })]);
  t.deepEqual(registered('gil'), [DOMAIN_ID]);
});

test('without coins there is one commitment at a time: the next waits for a revealed one, and replaces one given up', (t) => {
  const genesis = makeGenesis(MEMBERS);
  const chain = new TestChain(genesis, MEMBERS);
  const made = [1, 2, 3].map((at) => makeReveal(genesis, 'eve', [at, at], -100 * NANO));
  const [first, second, third] = made as [(typeof made)[0], (typeof made)[0], (typeof made)[0]];
  chain.addWithNext([sign(genesis, 'eve', 1, first.commit)]);
  const { records } = chain.addWithNext([sign(genesis, 'eve', 2, second.commit)]);
  t.true(records.some((record) => record.type === 'COMMIT_EXPIRED' && record.optimum === first.optimum));
  t.deepEqual(chain.tip.state.require(OPEN), [second.optimum]);
  t.throws(() => chain.addWithNext([sign(genesis, 'eve', 3, first.reveal)]), {
    message: /unknown-commitment|no cause/,
  });
  chain.addWithNext([sign(genesis, 'eve', 3, second.reveal)]);
  t.throws(() => chain.addWithNext([sign(genesis, 'eve', 4, third.commit)]), { message: /too-many-commits/ });
  t.truthy(chain.tip.state.get(OPTIMUM, second.optimum));
});

test('a found stamp is good, is the first that is, and costs as many tries as its bits say', (t) => {
  let tries = 0;
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.integer({ min: 0, max: 10 }), (bytes, bits) => {
      const commitment = Buffer.from(bytes).toString('hex');
      const about = { about: commitment, sender: keyOf('eve').publicKey };
      const stamp = findStamp(about, bits, { from: 0, count: 100_000 })!;
      t.true(isGoodStamp(about, stamp, bits));
      for (let earlier = 0; earlier < stamp; earlier += 97) t.false(isGoodStamp(about, earlier, bits));
      tries += (stamp + 1) / 2 ** bits;
      t.is(findStamp(about, bits, { from: 0, count: stamp }), null);
    }),
    { numRuns: 200, seed: 3 },
  );
  t.true(Math.abs(tries / 200 - 1) < 0.3, `${tries / 200}`);
});
