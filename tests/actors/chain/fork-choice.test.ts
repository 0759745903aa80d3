import test from 'ava';
import fc from 'fast-check';
import { type ChainWeight, isHeavier } from '../../../actors/chain/fork-choice.js';

/** Few values, so that ties at every level are common. */
const weights: fc.Arbitrary<ChainWeight> = fc.record({
  justifiedHeight: fc.nat(1),
  totalWorkNano: fc.bigInt({ min: 0n, max: 2n }),
  accepted: fc.nat(2),
  height: fc.nat(2),
  hash: fc.constantFrom('aa', 'ab', 'b0', 'ff'),
});
const same = (a: ChainWeight, b: ChainWeight) =>
  a.justifiedHeight === b.justifiedHeight &&
  a.totalWorkNano === b.totalWorkNano &&
  a.accepted === b.accepted &&
  a.height === b.height &&
  a.hash === b.hash;

test('of two different chains exactly one is heavier, and none than itself', (t) => {
  fc.assert(
    fc.property(weights, weights, (a, b) => {
      const [forth, back] = [isHeavier(a, b), isHeavier(b, a)];
      return same(a, b) ? !forth && !back : forth !== back;
    }),
    { numRuns: 2_000, seed: 1 },
  );
  t.pass();
});

test('heavier than the heavier is heavier', (t) => {
  fc.assert(
    fc.property(weights, weights, weights, (a, b, c) => !(isHeavier(a, b) && isHeavier(b, c)) || isHeavier(a, c)),
    { numRuns: 5_000, seed: 2 },
  );
  t.pass();
});

test('a justified checkpoint outweighs work, that acceptances, those height, and that the lower hash', (t) => {
  const base = { justifiedHeight: 5, totalWorkNano: 5n, accepted: 5, height: 5, hash: 'aa' };
  t.true(isHeavier({ justifiedHeight: 6, totalWorkNano: 0n, accepted: 0, height: 0, hash: 'ff' }, base));
  t.true(isHeavier({ ...base, totalWorkNano: 6n, accepted: 0, height: 0, hash: 'ff' }, base));
  t.true(isHeavier({ ...base, accepted: 6, height: 0, hash: 'ff' }, base));
  t.true(isHeavier({ ...base, height: 6, hash: 'ff' }, base));
  t.false(isHeavier({ ...base, hash: 'ff' }, base));
});
