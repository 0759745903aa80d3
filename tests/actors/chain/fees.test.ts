import test from 'ava';
import fc from 'fast-check';
import {
  baseFeeAfterGapUnits,
  maxPlaces,
  nextBaseFeeUnits,
  placePriceUnits,
  placesOf,
  suggestedFee,
} from '../../../actors/chain/base-fee.js';
import { transactionBytes } from '../../../actors/chain/codec.js';
import { auditOf } from '../../../actors/chain/coins.js';
import { DEFAULT_PARAMETERS } from '../../../actors/chain/genesis.js';
import { LIMITS } from '../../../actors/chain/limits.js';
import { GLOBALS } from '../../../actors/chain/state/state.js';
import type { Fee, Transaction, TransactionBody } from '../../../actors/chain/types.js';
import { keyOf, makeGenesis, makeReveal, sign, TestChain } from '../../kit/chain.js';

const MEMBERS = ['ada', 'bob', 'cid', 'dan'];
const COIN = 100_000_000;
const MINIMUM = 100_000;
const parameters = DEFAULT_PARAMETERS.fees;
const genesis = makeGenesis(MEMBERS);

const price = fc.oneof(
  fc.integer({ min: MINIMUM, max: 10_000_000 }),
  fc.integer({ min: MINIMUM, max: LIMITS.feeUnits }),
);
const to = (name: string, amountUnits = 1): TransactionBody => ({
  type: 'transfer',
  to: keyOf(name).publicKey,
  amountUnits,
});

test('a full block raises the base fee by an eighth, an empty one lowers it by an eighth, a half full one leaves it', (t) => {
  t.is(nextBaseFeeUnits(800_000, 200, parameters), 900_000);
  t.is(nextBaseFeeUnits(800_000, 0, parameters), 700_000);
  t.is(nextBaseFeeUnits(800_000, 100, parameters), 800_000);
  t.is(nextBaseFeeUnits(MINIMUM, 0, parameters), MINIMUM, 'never below the minimum of 0.001 coin');
});

test('the base fee follows the use of a block, moves at most an eighth, and stays an amount of coins', (t) => {
  fc.assert(
    fc.property(price, fc.nat(200), fc.nat(200), (base, fewer, more) => {
      const [low, high] = fewer < more ? [fewer, more] : [more, fewer];
      const after = nextBaseFeeUnits(base, low, parameters);
      t.true(after <= nextBaseFeeUnits(base, high, parameters), 'more use, higher price');
      t.true(Number.isSafeInteger(after) && after >= MINIMUM && after <= LIMITS.feeUnits);
      t.true(8 * Math.abs(after - base) <= base);
      if (low > 100 && base < LIMITS.feeUnits) t.true(after > base);
      if (low < 100) t.true(after <= base);
    }),
    { numRuns: 500, seed: 1 },
  );
});

test('a slot without a block counts as an empty block, so that no price outlives its demand', (t) => {
  fc.assert(
    fc.property(price, fc.nat(60), (base, empty) => {
      let expected = base;
      for (let slot = 0; slot < empty; slot += 1) expected = nextBaseFeeUnits(expected, 0, parameters);
      t.is(baseFeeAfterGapUnits(base, empty, parameters), expected);
    }),
    { numRuns: 100, seed: 2 },
  );
  t.is(baseFeeAfterGapUnits(1_000 * MINIMUM, 1_000_000_000, parameters), MINIMUM);
});

test('a place costs the base fee and as much of the tip as the offer leaves room for', (t) => {
  t.deepEqual(placePriceUnits({ maxUnits: 100, tipUnits: 30 }, 60), { burnUnits: 60, tipUnits: 30 });
  t.deepEqual(placePriceUnits({ maxUnits: 100, tipUnits: 30 }, 80), { burnUnits: 80, tipUnits: 20 });
  t.deepEqual(placePriceUnits({ maxUnits: 100, tipUnits: 30 }, 100), { burnUnits: 100, tipUnits: 0 });
  t.is(placePriceUnits({ maxUnits: 100, tipUnits: 30 }, 101), null);
});

test('what is suggested is accepted while the base fee does not double', (t) => {
  fc.assert(
    fc.property(price, (base) => {
      const fee = suggestedFee(base, parameters);
      t.true(fee.tipUnits <= fee.maxUnits && fee.maxUnits <= LIMITS.feeUnits);
      t.not(placePriceUnits(fee, Math.min(2 * base, LIMITS.feeUnits)), null);
    }),
    { numRuns: 200, seed: 3 },
  );
});

test('as many places as a block has fit its size, whatever their transactions', (t) => {
  t.true(maxPlaces(parameters) * LIMITS.placeBytes <= LIMITS.blockBytes);
  t.deepEqual([0, 1, 10_240, 10_241, LIMITS.transactionBytes].map(placesOf), [1, 1, 1, 2, 10]);
});

/** A block of ada's transfers, and what it did to everybody. */
function paid(fees: readonly Fee[], balance = COIN) {
  const chain = new TestChain(genesis, MEMBERS).fund('ada', balance);
  const transfers = fees.map((fee, index) => sign(genesis, 'ada', index + 1, to('zoe'), fee));
  const { header } = chain.propose(transfers)!;
  const proposer = chain.names.get(header.proposer)!;
  const before = chain.balance(proposer);
  chain.add(transfers);
  return { chain, proposer, before, globals: chain.tip.state.require(GLOBALS) };
}

test('the base fee is burned, the tip goes to who made the block, and nothing is lost', (t) => {
  const { chain, proposer, before, globals } = paid([
    { maxUnits: MINIMUM + 7, tipUnits: 5 },
    { maxUnits: MINIMUM + 7, tipUnits: 50 },
  ]);
  const cost = 2 * MINIMUM + 2 + 12;
  t.is(globals.burnedUnits, 2 * MINIMUM);
  const own = proposer === 'ada' ? cost : 0;
  t.is(chain.balance(proposer), before + 12 - own);
  if (proposer !== 'ada') t.is(chain.balance('ada'), COIN - cost);
  t.is(chain.balance('zoe'), 2);
  t.deepEqual(auditOf(chain.tip.state), { mintedUnits: COIN, accountedUnits: COIN });
});

const refusals: [name: string, code: string, fee: Fee, balance: number, body?: TransactionBody][] = [
  ['without a fee', 'fee-required', { maxUnits: 0, tipUnits: 0 }, COIN],
  ['with a fee below the base fee', 'fee-below-base', { maxUnits: MINIMUM - 1, tipUnits: 0 }, COIN],
  ['with a tip above the whole fee', 'tip-above-fee', { maxUnits: MINIMUM, tipUnits: MINIMUM + 1 }, COIN],
  ['with a tip and no fee', 'tip-above-fee', { maxUnits: 0, tipUnits: 1 }, COIN],
  ['whose fee the sender cannot pay', 'insufficient-balance', { maxUnits: MINIMUM, tipUnits: 0 }, MINIMUM - 1],
  ['whose fee leaves too little to send', 'insufficient-balance', { maxUnits: MINIMUM, tipUnits: 0 }, MINIMUM],
  ['of nothing', 'transfer-of-nothing', { maxUnits: MINIMUM, tipUnits: 0 }, COIN, to('zoe', 0)],
  ['to oneself', 'transfer-to-self', { maxUnits: MINIMUM, tipUnits: 0 }, COIN, to('ada')],
  [
    'to a key that nobody can have',
    'bad-recipient',
    { maxUnits: MINIMUM, tipUnits: 0 },
    COIN,
    { type: 'transfer', to: `02${'00'.repeat(31)}`, amountUnits: 1 },
  ],
];
for (const [name, code, fee, balance, body] of refusals) {
  test(`a transfer ${name} is refused and takes nothing`, (t) => {
    const chain = new TestChain(genesis, MEMBERS).fund('ada', balance);
    t.throws(() => chain.add([commit(1), sign(genesis, 'ada', 1, body ?? to('zoe'), fee)]), {
      message: new RegExp(code),
    });
    t.is(chain.balance('ada'), balance);
  });
}

test('an amount that no account can hold cannot even be written', (t) => {
  for (const amountUnits of [-1, 1.5, Number.MAX_SAFE_INTEGER + 1, Number.NaN]) {
    t.throws(() => transactionBytes(sign(genesis, 'ada', 1, to('zoe', amountUnits))), { instanceOf: RangeError });
  }
  for (const maxUnits of [-1, LIMITS.feeUnits + 1]) {
    t.throws(() => sign(genesis, 'ada', 1, to('zoe'), { maxUnits, tipUnits: 0 }), { instanceOf: RangeError });
  }
});

test('who sends all he has to somebody who sends it on cannot overdraw within one block', (t) => {
  const chain = new TestChain(genesis, MEMBERS).fund('ada', COIN);
  const all = COIN - MINIMUM;
  chain.add([sign(genesis, 'ada', 1, to('zoe', all)), sign(genesis, 'zoe', 1, to('yan', all - MINIMUM))]);
  t.deepEqual([chain.balance('zoe'), chain.balance('yan')], [0, all - MINIMUM]);
  t.throws(() => chain.add([commit(1), sign(genesis, 'zoe', 2, to('ada'))]), { message: /insufficient-balance/ });
});

/** Commits need no fee: one per sender is allowed to strangers. */
const commit = (index: number, fee?: Fee): Transaction => {
  const { commit: body } = makeReveal(genesis, `stranger ${index}`, [index, 0], 0);
  return sign(genesis, `stranger ${index}`, 1, body, fee);
};

test('unpaid transactions have half of a block, so that they alone never raise the price', (t) => {
  const chain = new TestChain(genesis, MEMBERS).fund('ada', COIN);
  const unpaid = Array.from({ length: 101 }, (_, index) => commit(index));
  t.throws(() => chain.propose(unpaid), { message: /too-many-unpaid/ });
  const block = chain.add(unpaid.slice(0, 100)).state.require(GLOBALS);
  t.is(block.baseFeeUnits, MINIMUM);
  const paying = Array.from({ length: 20 }, (_, index) => sign(genesis, 'ada', index + 1, to('zoe')));
  const more = Array.from({ length: 100 }, (_, index) => commit(200 + index));
  t.true(
    chain.add([...more, ...paying]).state.require(GLOBALS).baseFeeUnits > MINIMUM,
    'together with paid ones they do',
  );
});

test('a full block takes no further place, not even a paid one', (t) => {
  const chain = new TestChain(genesis, MEMBERS).fund('ada', 10 * COIN);
  const transfers = Array.from({ length: 201 }, (_, index) => sign(genesis, 'ada', index + 1, to('zoe')));
  t.is(chain.addValid(transfers)!.state.require(GLOBALS).baseFeeUnits, 112_500);
  t.is(chain.blocks[0]!.transactions.length, 200);
});

test('who need not pay may pay, and is charged', (t) => {
  const chain = new TestChain(genesis, MEMBERS).fund('stranger 1', COIN);
  chain.add([commit(1, { maxUnits: 3 * MINIMUM, tipUnits: 0 })]);
  t.is(chain.balance('stranger 1'), COIN - MINIMUM);
});
