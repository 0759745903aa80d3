import test from 'ava';
import fc from 'fast-check';
import { DEFAULT_PARAMETERS, LOCAL_PARAMETERS } from '../../../actors/chain/genesis.js';
import { nextThreshold, split, subsidy } from '../../../actors/chain/proof.js';

const CAP = DEFAULT_PARAMETERS.supplyCapUnits;

test('the subsidy halves every 210 000 proof blocks down to nothing', (t) => {
  const at = (proofBlocks: number) => subsidy({ proofBlocks, supplyUnits: 0 }, DEFAULT_PARAMETERS);
  t.is(at(0), 5_000_000_000);
  t.is(at(209_999), 5_000_000_000);
  t.is(at(210_000), 2_500_000_000);
  t.is(at(420_000), 1_250_000_000);
  t.is(at(32 * 210_000), 1);
  t.is(at(33 * 210_000), 0);
  t.is(at(64 * 210_000), 0);
  t.is(at(Number.MAX_SAFE_INTEGER), 0);
});

test('the supply of the default coin ends just below 21 million and never passes it', (t) => {
  let supplyUnits = 0;
  for (let era = 0; era < 70; era += 1) {
    supplyUnits += 210_000 * subsidy({ proofBlocks: era * 210_000, supplyUnits }, DEFAULT_PARAMETERS);
    t.true(supplyUnits <= CAP);
  }
  // The sum of 210 000 x floor(50e8 / 2^n), as Bitcoin has it.
  t.is(supplyUnits, 2_099_999_997_690_000);
});

test('a long run block by block stays within any cap and stops at it', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 10_000_000_000 }),
      fc.integer({ min: 1, max: 1_000_000_000_000 }),
      (halvingProofBlocks, blockSubsidyUnits, supplyCapUnits) => {
        const parameters = { halvingProofBlocks, blockSubsidyUnits, supplyCapUnits };
        let supplyUnits = 0;
        let last = Number.POSITIVE_INFINITY;
        for (let proofBlocks = 0; proofBlocks < 2_500; proofBlocks += 1) {
          const minted = subsidy({ proofBlocks, supplyUnits }, parameters);
          t.true(Number.isSafeInteger(minted) && minted >= 0 && minted <= last);
          last = minted;
          supplyUnits += minted;
          if (supplyUnits > supplyCapUnits) t.fail(`supply ${supplyUnits} above ${supplyCapUnits}`);
        }
      },
    ),
    { numRuns: 20, seed: 1 },
  );
});

const node = fc.nat(9).map((index) => `${index}`.repeat(64));
const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const shares = fc.record({
  optimizers: fc.uniqueArray(fc.record({ node, workNano: u64 }), { selector: (share) => share.node }),
  evaluators: fc.uniqueArray(fc.record({ node, votes: fc.nat(1_000_000) }), { selector: (share) => share.node }),
});

test('whatever the shares, the payments are exactly the subsidy and nobody gets more than his part', (t) => {
  fc.assert(
    fc.property(fc.nat(5_000_000_000), shares, node, (units, pending, proposer) => {
      const payments = split(units, pending, proposer);
      t.is(
        payments.reduce((sum, payment) => sum + payment.amountUnits, 0),
        units,
      );
      t.true(payments.every(({ amountUnits }) => Number.isSafeInteger(amountUnits) && amountUnits > 0));
      const paid = (share: string) =>
        payments.filter((payment) => payment.share === share).reduce((sum, { amountUnits }) => sum + amountUnits, 0);
      t.true(paid('optimizer') <= Math.trunc((units * 65) / 100));
      t.true(paid('evaluator') <= Math.trunc((units * 30) / 100));
      t.true(paid('proposer') >= Math.trunc((units * 5) / 100));
      const work = pending.optimizers.reduce((sum, { workNano }) => sum + workNano, 0n);
      for (const { to, amountUnits, share } of payments) {
        if (share !== 'optimizer') continue;
        const own = pending.optimizers.find((entry) => entry.node === to)!.workNano;
        t.is(BigInt(amountUnits), (((BigInt(units) * 65n) / 100n) * own) / work);
      }
    }),
    { numRuns: 500, seed: 2 },
  );
});

test('two optimizers with work 1 : 3 and two evaluators with votes 1 : 1 get 16.25, 48.75, 15 and 15 %', (t) => {
  const pending = {
    optimizers: [
      { node: 'a', workNano: 1n },
      { node: 'b', workNano: 3n },
    ],
    evaluators: [
      { node: 'c', votes: 2 },
      { node: 'd', votes: 2 },
    ],
  };
  t.deepEqual(
    split(10_000, pending, 'p').map(({ to, amountUnits }) => [to, amountUnits]),
    [
      ['a', 1_625],
      ['b', 4_875],
      ['c', 1_500],
      ['d', 1_500],
      ['p', 500],
    ],
  );
  t.deepEqual(split(10_000, { optimizers: [], evaluators: [] }, 'p'), [
    { to: 'p', amountUnits: 10_000, share: 'proposer' },
  ]);
  t.deepEqual(split(0, pending, 'p'), []);
});

function thresholds(intervalsMs: readonly number[], initialNano: bigint) {
  let state = {
    thresholdNano: initialNano,
    emaIntervalMs: LOCAL_PARAMETERS.targetProofIntervalMs,
    lastProofMs: 0,
    epochStartMs: 0,
    epochStartThresholdNano: initialNano,
  };
  let timestampMs = 0;
  return intervalsMs.map((interval, proofBlocks) => {
    timestampMs += interval;
    const before = state;
    state = nextThreshold({ ...state, proofBlocks }, timestampMs, LOCAL_PARAMETERS);
    return { before, after: state };
  });
}

test('the threshold moves at most fourfold within any epoch, whatever the times', (t) => {
  const interval = fc.oneof(fc.constantFrom(1, 1_000, 20_000, 10_000_000_000), fc.integer({ min: 1, max: 100_000 }));
  const pattern = fc.array(interval, { minLength: 1, maxLength: 7 });
  fc.assert(
    fc.property(pattern, fc.bigInt({ min: 1_000_000n, max: 10n ** 12n }), (times, initial) => {
      const intervals = Array.from({ length: 450 }, (_, index) => times[index % times.length]!);
      const path = thresholds(intervals, initial).map(({ after }) => after.thresholdNano);
      const floor = BigInt(LOCAL_PARAMETERS.minimumThresholdNano);
      for (let start = 0; start < path.length; start += 100) {
        const first = start === 0 ? initial : path[start - 1]!;
        for (const value of path.slice(start, start + 100)) {
          t.true(value >= floor && value <= 4n * first && (value >= first / 4n || value === floor));
        }
      }
    }),
    { numRuns: 60, seed: 3 },
  );
});

test('between epochs a step is at most 2 %', (t) => {
  for (const interval of [1, 5_000, 20_000, 1_000_000]) {
    for (const [index, { before, after }] of thresholds(new Array<number>(99).fill(interval), 10n ** 12n).entries()) {
      const ratio = Number((after.thresholdNano * 10_000n) / before.thresholdNano);
      t.true(ratio >= 9_799 && ratio <= 10_200, `${interval} ms, block ${index}: ${ratio}`);
    }
  }
});

test('proof blocks that come too fast raise the threshold, slow ones lower it, and on time it rests', (t) => {
  const final = (interval: number) =>
    thresholds(new Array<number>(300).fill(interval), 10n ** 12n).at(-1)!.after.thresholdNano;
  t.true(final(5_000) > 10n ** 13n);
  t.true(final(80_000) < 10n ** 11n);
  const rest = Number((final(20_000) * 1_000n) / 10n ** 12n);
  t.true(rest >= 990 && rest <= 1_010, `${rest}`);
});

test('a threshold that fell to nothing can rise again', (t) => {
  const low = BigInt(LOCAL_PARAMETERS.minimumThresholdNano);
  t.true(thresholds(new Array<number>(300).fill(1), low).at(-1)!.after.thresholdNano > low);
});
