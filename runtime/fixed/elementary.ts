/**
 * Logarithm and exponential decay in integers, equal on every machine. Internally 2^-64 units ("Q64").
 */

const ONE = 1n << 64n;

/**
 * log2 of a positive rational numerator/denominator in Q64, rounded down. Bit by bit: square the mantissa, and each
 * time it passes 2, the next bit of the logarithm is one (Knuth, TAOCP 1, exercise 1.2.2-27). Error below 2^-55: each of the 60
 * squarings truncates by less than 2^-63 relative, and an error made at bit i counts 2^-i.
 */
export function log2Q64(numerator: bigint, denominator: bigint): bigint {
  if (numerator <= 0n || denominator <= 0n) throw new RangeError('log2 of a number that is not positive');
  // The mantissa in [1, 2): a first guess from the sizes, and one step down where it was too high.
  let exponent = BigInt(bitLength(numerator) - bitLength(denominator));
  let mantissa = shiftedRatio(numerator, denominator, 64n - exponent);
  if (mantissa < ONE) {
    exponent -= 1n;
    mantissa = shiftedRatio(numerator, denominator, 64n - exponent);
  }
  exponent *= ONE;
  for (let bit = ONE >> 1n; bit >= 16n; bit >>= 1n) {
    mantissa = (mantissa * mantissa) >> 64n;
    if (mantissa >= 2n * ONE) {
      mantissa >>= 1n;
      exponent += bit;
    }
  }
  return exponent;
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}

function shiftedRatio(numerator: bigint, denominator: bigint, shift: bigint): bigint {
  return shift >= 0n ? (numerator << shift) / denominator : numerator / (denominator << -shift);
}

/** 2^-(1/2^i) in Q64 for i = 1..24, by repeated integer square roots: exact to one unit. */
const ROOTS_OF_HALF: readonly bigint[] = buildRoots(24);

function buildRoots(count: number): bigint[] {
  const roots: bigint[] = [];
  let root = ONE >> 1n;
  for (let index = 0; index < count; index += 1) {
    root = integerSquareRoot(root << 64n);
    roots.push(root);
  }
  return roots;
}

/** Floor of the square root, by Newton's method. */
export function integerSquareRoot(value: bigint): bigint {
  if (value < 0n) throw new RangeError('square root of a negative number');
  if (value < 2n) return value;
  let estimate = 1n << BigInt((bitLength(value) + 1) >> 1);
  for (;;) {
    const next = (estimate + value / estimate) >> 1n;
    if (next >= estimate) return estimate;
    estimate = next;
  }
}

/**
 * value x 0.5^(elapsed / halfLife), rounded down; elapsed and halfLife in one unit. The exponent is cut to 24 binary
 * places, and each factor truncated: the relative error is below 2^-23 (one part in 8 million), before rounding down.
 */
export function decay(value: bigint, elapsed: bigint, halfLife: bigint): bigint {
  if (elapsed <= 0n) return value;
  const halvings = elapsed / halfLife;
  if (halvings >= 64n) return 0n;
  let factor = ONE;
  let fraction = ((elapsed % halfLife) << 24n) / halfLife;
  for (let index = 23; index >= 0 && fraction > 0n; index -= 1) {
    if ((fraction & 1n) === 1n) factor = (factor * (ROOTS_OF_HALF[index] as bigint)) >> 64n;
    fraction >>= 1n;
  }
  return (value * factor) >> (64n + halvings);
}
