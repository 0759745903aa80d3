import test from 'ava';
import fc from 'fast-check';
import {
  clampBig,
  fromNano,
  NANO,
  PERFORMANCE_LIMIT,
  ratioNano,
  scaleByNano,
  toNano,
} from '../../../runtime/fixed/nano.js';

/** A double as an exact fraction: numerator / 2^shift. */
function exact(value: number): readonly [numerator: bigint, shift: bigint] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = (bits >> 52n) & 0x7ffn;
  const mantissa = bits & ((1n << 52n) - 1n);
  const magnitude = exponent === 0n ? mantissa : mantissa | (1n << 52n);
  const shift = 1075n - (exponent === 0n ? 1n : exponent);
  const scaled = shift >= 0n ? magnitude : magnitude << -shift;
  return [bits >> 63n === 1n ? -scaled : scaled, shift >= 0n ? shift : 0n];
}

const measured = fc.double({ min: -PERFORMANCE_LIMIT, max: PERFORMANCE_LIMIT, noNaN: true });

test('a measured number becomes the nearest nano', (t) => {
  fc.assert(
    fc.property(measured, (value) => {
      const [numerator, shift] = exact(value);
      const difference = (BigInt(toNano(value)!) << shift) - numerator * BigInt(NANO);
      const twice = 2n * (difference < 0n ? -difference : difference);
      // One part in 2^20 of a unit is what the multiplication of two doubles may cost.
      t.true(twice <= (1n << shift) + (1n << shift) / (1n << 20n), `${value}`);
    }),
    { numRuns: 2_000, seed: 1 },
  );
});

test('halves go away from zero, whatever the size of the number', (t) => {
  // 1/1024 is 976562.5 nano: one of the few exact halves a double has.
  for (const whole of [0, 1, 1_000, 4_000_000, 4_600_000, 8_000_000]) {
    const half = whole + 1 / 1024;
    t.is(toNano(half), whole * NANO + 976_563);
    t.is(toNano(-half), -whole * NANO - 976_563);
    const next = whole + 3 / 1024;
    t.is(toNano(next), whole * NANO + 2_929_688);
    t.is(toNano(-next), -whole * NANO - 2_929_688);
  }
});

test('the sign does not change the magnitude, and there is no minus zero', (t) => {
  fc.assert(
    fc.property(measured, (value) => Object.is(toNano(-value), 0 - toNano(value)!)),
    { numRuns: 500, seed: 2 },
  );
  for (const tiny of [0, -0, 1e-12, -1e-12, 4.9e-10, -4.9e-10, 5e-324]) t.true(Object.is(toNano(tiny), 0), `${tiny}`);
});

test('order is kept', (t) => {
  fc.assert(
    fc.property(measured, measured, (a, b) => a <= b === toNano(a)! <= toNano(b)! || toNano(a) === toNano(b)),
    { numRuns: 500, seed: 3 },
  );
  t.pass();
});

test('what is not finite or too large has no nano form; the limit itself has a safe one', (t) => {
  for (const value of [Number.NaN, Infinity, -Infinity, 9_000_000.000_001, -9_000_001, 1e300])
    t.is(toNano(value), null);
  t.is(toNano(PERFORMANCE_LIMIT), 9_000_000 * NANO);
  t.is(toNano(-PERFORMANCE_LIMIT), -9_000_000 * NANO);
  t.true(Number.isSafeInteger(PERFORMANCE_LIMIT * NANO));
});

test('a nano shown as a float comes back as itself', (t) => {
  const limit = 4_000_000 * NANO;
  fc.assert(
    fc.property(fc.integer({ min: -limit, max: limit }), (nano) => toNano(fromNano(nano)) === nano + 0),
    { numRuns: 1_000, seed: 4 },
  );
  t.pass();
});

test('ratios and products round toward zero on both sides', (t) => {
  t.is(ratioNano(2n, 3n), 666_666_666n);
  t.is(ratioNano(-2n, 3n), -666_666_666n);
  t.is(scaleByNano(3n, 500_000_000n), 1n);
  t.is(scaleByNano(-3n, 500_000_000n), -1n);
  t.is(clampBig(5n, 0n, 3n), 3n);
  t.is(clampBig(-5n, 0n, 3n), 0n);
  t.is(clampBig(2n, 0n, 3n), 2n);
});
