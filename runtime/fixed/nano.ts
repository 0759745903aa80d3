/**
 * The one place where a measured float becomes a consensus integer, and the ratios consensus needs, in integers.
 * Performance, work and fractions are in 1e-9 units ("nano").
 */

export const NANO = 1_000_000_000;
export const NANO_BIG = 1_000_000_000n;
/** Largest magnitude a performance may have, so that its nano form is a safe integer. */
export const PERFORMANCE_LIMIT = 9_000_000;

/** Rounds to the nearest nano unit (halves away from zero). Null for NaN, Infinity and values beyond the limit. */
export function toNano(value: number): number | null {
  if (!Number.isFinite(value) || Math.abs(value) > PERFORMANCE_LIMIT) return null;
  const size = Math.abs(value);
  const whole = Math.trunc(size);
  // In two parts: the product of the whole number would itself be rounded above 4.5 million, and halves to even.
  const magnitude = whole * NANO + Math.round((size - whole) * NANO);
  return value < 0 ? 0 - magnitude : magnitude;
}

/** For displays and models only. */
export function fromNano(nano: number | bigint): number {
  return Number(nano) / NANO;
}

export function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** a / b in nano, rounded toward zero. */
export function ratioNano(a: bigint, b: bigint): bigint {
  return (a * NANO_BIG) / b;
}

/** a x b where b is in nano; rounded toward zero. */
export function scaleByNano(a: bigint, b: bigint): bigint {
  return (a * b) / NANO_BIG;
}

export function clampBig(value: bigint, low: bigint, high: bigint): bigint {
  return value < low ? low : value > high ? high : value;
}
