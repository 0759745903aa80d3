import test from 'ava';
import fc from 'fast-check';
import { auditOf } from '../../../actors/chain/coins.js';
import { Execution } from '../../../actors/chain/execution.js';
import { type Genesis, genesisState } from '../../../actors/chain/genesis.js';
import { DOMAIN_USE, type DomainUse, NO_USE, type UseBucket } from '../../../actors/chain/state/use.js';
import { burnedPartUnits } from '../../../actors/chain/transactions/inference-pay.js';
import type { TransactionBody } from '../../../actors/chain/types.js';
import {
  countPayment,
  domainWeightNano,
  shareNano,
  takeWork,
  withAdded,
  withinPart,
  withoutOld,
} from '../../../actors/chain/weights.js';
import { quadraticSpec } from '../../../gpu-workers/domains/quadratic/spec.js';
import { NANO_BIG } from '../../../runtime/fixed/nano.js';
import { DOMAIN_ID, keyOf, makeGenesis, makeReveal, START_MS, sign, TestChain } from '../../kit/chain.js';

const MEMBERS = ['ada', 'bob', 'cid', 'dan'];
const COIN = 100_000_000;
const MINIMUM = 100_000;
const alone = makeGenesis(MEMBERS);
const domains = ['one', 'two', 'three'].map((domainId) => ({ ...quadraticSpec(2), domainId }));
const among: Genesis = { ...alone, domains, members: [] };

function fresh(genesis: Genesis): Execution {
  const proposer = keyOf('ada').publicKey;
  const block = { height: 1, timestampMs: START_MS + 1_000, slot: 1, proposer, beacon: '00'.repeat(32) };
  return new Execution(genesisState(genesis), genesis, block);
}
const percent = (weight: bigint) => Number(weight / (NANO_BIG / 100n));

test('while nobody pays each domain has the same share, and one alone has all of it', (t) => {
  t.is(percent(domainWeightNano(fresh(alone), alone.domains[0]!)), 100);
  for (const spec of domains) t.is(percent(domainWeightNano(fresh(among), spec)), 33);
});

test('paid inference moves the weight to its domain, down to a tenth for the others', (t) => {
  const execution = fresh(among);
  const [one, two] = domains;
  countPayment(execution, 'one', 3_250 * COIN);
  t.is(percent(domainWeightNano(execution, one!)), 66, '(1 + 1/3) / 2 of it');
  t.is(percent(domainWeightNano(execution, two!)), 16);
  countPayment(execution, 'one', 1_000_000 * COIN);
  t.is(percent(domainWeightNano(execution, one!)), 99);
  t.is(percent(domainWeightNano(execution, two!)), 10);
});

test('gains raise the weight by their mean, up to threefold, and data that is not synthetic halves it', (t) => {
  const spec = { ...alone.domains[0]!, domainId: DOMAIN_ID };
  const weightAfter = (...increments: number[]) => {
    const execution = fresh(alone);
    for (const increment of increments) takeWork(execution, spec, BigInt(increment * 1e9), NANO_BIG);
    return percent(domainWeightNano(execution, spec));
  };
  t.deepEqual([weightAfter(1), weightAfter(1, 2), weightAfter(0, 0), weightAfter(50)], [200, 250, 100, 300]);
  t.is(percent(domainWeightNano(fresh(alone), { ...spec, synthetic: false })), 50);
  t.is(percent(domainWeightNano(fresh(alone), { ...spec, weightNano: 0 })), 0);
});

test('work is the increment by weight and strength, with the weight from before it', (t) => {
  const execution = fresh(alone);
  const spec = alone.domains[0]!;
  t.is(takeWork(execution, spec, 3n * NANO_BIG, NANO_BIG / 2n), 1_500_000_000n);
  t.is(takeWork(execution, spec, 3n * NANO_BIG, NANO_BIG), 9n * NANO_BIG, 'mean 3 counts as 2: three times');
  t.is(takeWork(execution, spec, 10n ** 13n, 10n ** 12n), 10n ** 13n, 'never above 10 000 units');
});

test('of the threshold one domain fills half in full, and beyond that a quarter counts', (t) => {
  const execution = fresh(among);
  const [one, two] = domains;
  const part = execution.globals().thresholdNano / 2n;
  const weight = domainWeightNano(execution, one!);
  const first = takeWork(execution, one!, (part * NANO_BIG) / weight + 1n, NANO_BIG);
  t.is(first, part);
  const again = domainWeightNano(execution, one!);
  t.is(takeWork(execution, one!, NANO_BIG, NANO_BIG), again / 4n);
  t.is(takeWork(execution, two!, 1n, 3n * NANO_BIG), (3n * domainWeightNano(execution, two!)) / NANO_BIG);
  execution.updateGlobals({ proofBlocks: 1 });
  t.true(takeWork(execution, one!, 1_000n, 100n * NANO_BIG) >= 25_000n, 'after a proof block it has its part again');
});

test('the part of a domain never turns more work into less, and takes at most three quarters', (t) => {
  const work = fc.bigInt({ min: 0n, max: 10n ** 13n });
  fc.assert(
    fc.property(work, work, work, work, (a, b, pending, part) => {
      const [less, more] = a < b ? [a, b] : [b, a];
      const counted = withinPart(more, pending, part);
      t.true(withinPart(less, pending, part) <= counted);
      t.true(counted <= more && counted >= more / 4n);
      t.is(withinPart(more, pending, null), more);
    }),
    { numRuns: 300, seed: 1 },
  );
});

const change = fc.record({
  burnedUnits: fc.nat(1_000_000),
  accepted: fc.nat(3),
  incrementNano: fc.bigInt({ min: 0n, max: 10n ** 13n }),
  workNano: fc.bigInt({ min: 0n, max: 10n ** 13n }),
});

test('the window holds exactly what happened in its proof blocks, in one bucket each, and its sums are theirs', (t) => {
  const events = fc.array(fc.record({ change, after: fc.nat(4) }), { maxLength: 60 });
  fc.assert(
    fc.property(events, (list) => {
      const window = 10;
      let use: DomainUse = NO_USE;
      let proofBlocks = 0;
      const all: UseBucket[] = [];
      for (const { change: values, after } of list) {
        proofBlocks += after;
        use = withAdded(withoutOld(use, proofBlocks - window), proofBlocks, values);
        all.push({ proofBlocks, ...values });
        const recent = all.filter((event) => event.proofBlocks > proofBlocks - window);
        t.is(
          use.burnedUnits,
          recent.reduce((sum, { burnedUnits }) => sum + burnedUnits, 0),
        );
        t.is(
          use.accepted,
          recent.reduce((sum, { accepted }) => sum + accepted, 0),
        );
        t.is(
          use.incrementNano,
          recent.reduce((sum, { incrementNano }) => sum + incrementNano, 0n),
        );
        t.deepEqual(
          use.buckets.map((bucket) => bucket.proofBlocks),
          [...new Set(recent.map((event) => event.proofBlocks))],
        );
        const current = recent.filter((event) => event.proofBlocks === proofBlocks);
        t.is(
          use.buckets.at(-1)!.workNano,
          current.reduce((sum, { workNano }) => sum + workNano, 0n),
        );
        t.true(use.buckets.length <= window);
      }
    }),
    { numRuns: 100, seed: 2 },
  );
});

test('shares of all domains add up to one, and moving a share by paying oneself burns at least that part of the prior', (t) => {
  const units = fc.nat(2_000_000_000_000_000 / 4);
  const prior = fc.bigInt({ min: 1n, max: 10n ** 15n });
  fc.assert(
    fc.property(fc.array(units, { minLength: 1, maxLength: 4 }), prior, units, (paid, priorUnits, washed) => {
      const total = paid.reduce((sum, value) => sum + value, 0);
      const shares = paid.map((own) => shareNano(own, total, paid.length, priorUnits));
      const sum = shares.reduce((all, share) => all + share, 0n);
      t.true(sum <= NANO_BIG && sum >= NANO_BIG - 5n);
      const moved = shareNano(paid[0]! + washed, total + washed, paid.length, priorUnits) - shares[0]!;
      t.true(moved >= -1n && BigInt(washed) * NANO_BIG >= (moved - 1n) * priorUnits);
    }),
    { numRuns: 300, seed: 3 },
  );
});

const pay = (change: Partial<Extract<TransactionBody, { type: 'inference-pay' }>> = {}): TransactionBody => ({
  type: 'inference-pay',
  to: keyOf('zoe').publicKey,
  domain: DOMAIN_ID,
  amountUnits: 1_005,
  request: 'ab'.repeat(32),
  ...change,
});

test('a payment for inference reaches its recipient less a tenth that is burned, and counts by that tenth', (t) => {
  const chain = new TestChain(alone, MEMBERS).fund('yan', COIN);
  const { records, state } = chain.add([sign(alone, 'yan', 1, pay())]);
  t.is(chain.balance('zoe'), 904);
  t.is(chain.balance('yan'), COIN - 1_005 - MINIMUM);
  t.like(records[0], { type: 'INFERENCE_PAID', amountUnits: 1_005, burnedUnits: 101, domain: DOMAIN_ID });
  t.is(state.require(DOMAIN_USE, DOMAIN_ID).burnedUnits, 101);
  t.is(state.require(DOMAIN_USE).burnedUnits, 101);
  t.deepEqual(auditOf(state), { mintedUnits: COIN, accountedUnits: COIN });
});

test('paying oneself through another key costs the fee and all that it counts', (t) => {
  const chain = new TestChain(alone, MEMBERS).fund('yan', COIN);
  const amountUnits = COIN / 2;
  chain.add([sign(alone, 'yan', 1, pay({ amountUnits }))]);
  const back = chain.balance('zoe') - MINIMUM;
  chain.add([sign(alone, 'zoe', 1, { type: 'transfer', to: keyOf('yan').publicKey, amountUnits: back })]);
  const counted = chain.tip.state.require(DOMAIN_USE, DOMAIN_ID).burnedUnits;
  t.is(COIN - chain.balance('yan'), 2 * MINIMUM + counted);
  t.is(counted, amountUnits / 10);
});

test('no payment is so small that it counts without being burned', (t) => {
  t.deepEqual(
    [1, 9, 10, 11, 2_100_000_000_000_000].map((amount) => burnedPartUnits(amount, 100_000_000)),
    [1, 1, 1, 2, 210_000_000_000_000],
  );
});

const refused: [name: string, code: string, body: TransactionBody][] = [
  ['of nothing', 'payment-of-nothing', pay({ amountUnits: 0 })],
  ['to oneself', 'payment-to-self', pay({ to: keyOf('yan').publicKey })],
  ['to a key that nobody can have', 'bad-recipient', pay({ to: `02${'00'.repeat(31)}` })],
  ['for an unknown domain', 'unknown-domain', pay({ domain: 'nowhere' })],
  ['of more than the sender has', 'insufficient-balance', pay({ amountUnits: COIN })],
];
for (const [name, code, body] of refused) {
  test(`a payment for inference ${name} is refused`, (t) => {
    const chain = new TestChain(alone, MEMBERS).fund('yan', COIN);
    const cause = sign(alone, 'dan', 1, makeReveal(alone, 'dan', [1, 1], 0).commit);
    t.throws(() => chain.add([cause, sign(alone, 'yan', 1, body)]), { message: new RegExp(code) });
    t.is(chain.balance('yan'), COIN);
  });
}
