import test from 'ava';
import fc from 'fast-check';
import { decay, integerSquareRoot, log2Q64 } from '../../../runtime/fixed/elementary.js';

const ONE = 1n << 64n;

/** Working precision of the references below, in bits. */
const BITS = 256n;
const UNIT = 1n << BITS;
const LN2 = naturalLog(2n, 1n);

/** ln(numerator / denominator) x 2^256 for a ratio in [1, 2], by the series 2 artanh((x - 1) / (x + 1)). */
function naturalLog(numerator: bigint, denominator: bigint): bigint {
  const z = ((numerator - denominator) * UNIT) / (numerator + denominator);
  const square = (z * z) >> BITS;
  let sum = 0n;
  let power = z;
  for (let odd = 1n; power > 0n; odd += 2n) {
    sum += power / odd;
    power = (power * square) >> BITS;
  }
  return 2n * sum;
}

/** log2 x 2^64, exact but for the last of 256 bits. */
function referenceLog2(numerator: bigint, denominator: bigint): bigint {
  let n = numerator;
  let d = denominator;
  let exponent = 0n;
  while (n >= 2n * d) {
    d *= 2n;
    exponent += 1n;
  }
  while (n < d) {
    n *= 2n;
    exponent -= 1n;
  }
  return exponent * ONE + (naturalLog(n, d) * ONE) / LN2;
}

/** value x 2^-(elapsed / halfLife) x 2^64, by the exponential series. */
function referenceDecay(value: bigint, elapsed: bigint, halfLife: bigint): bigint {
  const exponent = ((elapsed % halfLife) * LN2) / halfLife;
  let sum = 0n;
  let term = UNIT;
  for (let index = 1n; term !== 0n; index += 1n) {
    sum += index % 2n === 1n ? term : -term;
    term = ((term * exponent) >> BITS) / index;
  }
  return (value * sum * ONE) >> (BITS + elapsed / halfLife);
}

/** Positive numbers of every size, not only large ones. */
const sized = (bits: number) =>
  fc
    .integer({ min: 1, max: bits })
    .chain((size) => fc.bigInt({ min: 1n << BigInt(size - 1), max: (1n << BigInt(size)) - 1n }));

test('the references themselves give known values', (t) => {
  t.is(LN2.toString(16).slice(0, 32), 'b17217f7d1cf79abc9e3b39803f2f6af', 'ln 2');
  t.is(referenceLog2(10n, 1n), (33219280948873623478703194294893n * ONE) / 10n ** 31n, 'log2 10');
  t.true(
    absolute(referenceDecay(10n ** 18n, 1n, 2n) - (707106781186547524n * ONE + ONE / 2n)) < ONE,
    'square root of a half',
  );
});

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

test('log2 is exact for powers of two', (t) => {
  for (let exponent = 0n; exponent < 64n; exponent += 1n) {
    t.is(log2Q64(1n << exponent, 1n), exponent * ONE);
    t.is(log2Q64(3n << exponent, 3n), exponent * ONE);
    t.is(log2Q64(1n, 1n << exponent), -exponent * ONE);
  }
});

test('log2 is within 2^-55 of the truth and never above it', (t) => {
  fc.assert(
    fc.property(sized(120), sized(120), (numerator, denominator) => {
      fc.pre((numerator << 64n) / denominator > 0n);
      const below = referenceLog2(numerator, denominator) - log2Q64(numerator, denominator);
      t.true(below >= -1n && below < 1n << 9n, `${numerator} / ${denominator}: off by ${below} of 2^-64`);
    }),
    {
      numRuns: 300,
      seed: 1,
      examples: [
        [39n, 10n << 64n],
        [7n, (1n << 66n) - 1n],
      ],
    },
  );
});

test('log2 never falls when its argument grows', (t) => {
  fc.assert(
    fc.property(sized(53), sized(53), sized(40), (a, b, denominator) => {
      const [low, high] = a < b ? [a, b] : [b, a];
      return (
        log2Q64(low, denominator) <= log2Q64(high, denominator) &&
        log2Q64(low, denominator) <= log2Q64(low + 1n, denominator)
      );
    }),
    { numRuns: 500, seed: 2 },
  );
  t.pass();
});

test('log2 of what is not positive is refused', (t) => {
  for (const [n, d] of [
    [0n, 1n],
    [-1n, 1n],
    [1n, 0n],
    [1n, -1n],
  ] as const) {
    t.throws(() => log2Q64(n, d), { instanceOf: RangeError });
  }
});

test('the integer square root is the floor of the root', (t) => {
  fc.assert(
    fc.property(sized(400), (value) => {
      const root = integerSquareRoot(value);
      return root * root <= value && (root + 1n) * (root + 1n) > value;
    }),
    { numRuns: 500, seed: 3 },
  );
  for (let value = 0n; value < 300n; value += 1n) {
    const root = integerSquareRoot(value);
    t.true(root * root <= value && (root + 1n) * (root + 1n) > value);
    for (const near of [-1n, 0n, 1n]) {
      if (value > 1n) t.is(integerSquareRoot(value * value + near), near < 0n ? value - 1n : value);
    }
  }
  t.throws(() => integerSquareRoot(-1n), { instanceOf: RangeError });
});

const WEEK_MS = 604_800_000n;
const values = fc.bigInt({ min: 0n, max: BigInt(Number.MAX_SAFE_INTEGER) });
const times = fc.oneof(fc.bigInt({ min: 0n, max: 70n * WEEK_MS }), fc.bigInt({ min: 0n, max: 3n * WEEK_MS }));

test('decay halves exactly per half life', (t) => {
  for (let halvings = 0n; halvings < 70n; halvings += 1n) {
    const value = (1n << 53n) - 1n;
    t.is(decay(value, halvings * WEEK_MS, WEEK_MS), value >> halvings);
  }
});

test('decay is within one part in 2^23, and the last unit, of the truth', (t) => {
  const anyHalfLife = fc.bigInt({ min: 1n, max: 10n * WEEK_MS });
  fc.assert(
    fc.property(sized(120), times, fc.oneof(fc.constant(WEEK_MS), anyHalfLife), (value, elapsed, halfLife) => {
      fc.pre(elapsed / halfLife < 64n);
      const truth = referenceDecay(value, elapsed, halfLife);
      const error = absolute(decay(value, elapsed, halfLife) * ONE - truth);
      t.true(error <= (truth >> 23n) + ONE, `${value} after ${elapsed} of ${halfLife}`);
    }),
    { numRuns: 400, seed: 4 },
  );
});

test('decay never grows with time, and keeps the order of values', (t) => {
  fc.assert(
    fc.property(sized(100), times, times, values, (value, a, b, more) => {
      const [sooner, later] = a < b ? [a, b] : [b, a];
      const decayed = decay(value, sooner, WEEK_MS);
      return (
        decayed <= value && decay(value, later, WEEK_MS) <= decayed && decay(value + more, sooner, WEEK_MS) >= decayed
      );
    }),
    { numRuns: 1_000, seed: 5 },
  );
  t.pass();
});

test('decaying twice is decaying once for the whole time, within the stated error', (t) => {
  fc.assert(
    fc.property(values, times, times, (value, first, second) => {
      const once = decay(value, first + second, WEEK_MS);
      const twice = decay(decay(value, first, WEEK_MS), second, WEEK_MS);
      t.true(absolute(once - twice) <= (once >> 21n) + 2n, `${value} after ${first} and ${second}: ${once}, ${twice}`);
    }),
    { numRuns: 500, seed: 6 },
  );
});

test('time that runs backwards changes nothing, and after 64 halvings nothing is left', (t) => {
  t.is(decay(1_000n, -5n, WEEK_MS), 1_000n);
  t.is(decay(1_000n, 0n, WEEK_MS), 1_000n);
  t.is(decay(BigInt(Number.MAX_SAFE_INTEGER), 64n * WEEK_MS, WEEK_MS), 0n);
});
