import test from 'ava';
import fc from 'fast-check';
import { adjusted, decayed, MICRO, reputationFactorNano } from '../../../actors/reputation/rules.js';

const WEEK_MS = 604_800_000;

/** ln(1 + reputation) / ln 11, to nine places. */
for (const [reputation, factor] of [
  [0, 0],
  [0.5, 0.169_092_084],
  [1, 0.289_064_826],
  [2, 0.458_156_908],
  [3, 0.578_129_653],
  [5, 0.747_221_736],
  [9, 0.960_252_568],
  [10, 1],
  [11, 1],
  [1_000_000, 1],
] as const) {
  test(`a reputation of ${reputation} counts ${factor}`, (t) => {
    const nano = Number(reputationFactorNano(reputation * MICRO));
    t.true(Math.abs(nano - factor * 1e9) <= 2, `${nano}`);
    if (factor === 0 || factor === 1) t.is(nano, factor * 1e9);
  });
}

test('the factor never falls with reputation, and nothing counts below zero', (t) => {
  fc.assert(
    fc.property(fc.nat(20 * MICRO), fc.nat(5), (score, more) => {
      const factor = reputationFactorNano(score);
      return (
        factor >= 0n &&
        factor <= reputationFactorNano(score + more) &&
        reputationFactorNano(score + more) <= 1_000_000_000n
      );
    }),
    { numRuns: 500, seed: 1 },
  );
  t.is(reputationFactorNano(-5), 0n);
});

test('reputation halves every half life and not before', (t) => {
  const entry = { scoreMicro: 8 * MICRO, updatedMs: 1_000 };
  t.is(decayed(entry, 1_000, WEEK_MS), 8 * MICRO);
  t.is(decayed(entry, 1_000 + WEEK_MS, WEEK_MS), 4 * MICRO);
  t.is(decayed(entry, 1_000 + 3 * WEEK_MS, WEEK_MS), MICRO);
  const half = decayed(entry, 1_000 + WEEK_MS / 2, WEEK_MS);
  t.true(Math.abs(half - 8 * MICRO * Math.SQRT1_2) <= 2, `${half}`);
  t.is(decayed(entry, 0, WEEK_MS), 8 * MICRO, 'an earlier time does not make it grow');
});

test('touching an entry in between changes hardly anything', (t) => {
  fc.assert(
    fc.property(fc.nat(1_000 * MICRO), fc.nat(5 * WEEK_MS), fc.nat(5 * WEEK_MS), (scoreMicro, first, second) => {
      const once = decayed({ scoreMicro, updatedMs: 0 }, first + second, WEEK_MS);
      const middle = decayed({ scoreMicro, updatedMs: 0 }, first, WEEK_MS);
      const twice = decayed({ scoreMicro: middle, updatedMs: first }, first + second, WEEK_MS);
      return Math.abs(once - twice) <= once / 2_000_000 + 2;
    }),
    { numRuns: 500, seed: 2 },
  );
  t.pass();
});

test('a penalty takes what is there and no more', (t) => {
  t.is(adjusted(MICRO, -3 * MICRO), 0);
  t.is(adjusted(5 * MICRO, -3 * MICRO), 2 * MICRO);
  t.is(adjusted(0, 400_000), 400_000);
});
