/**
 * The classic functions that optimizers are compared on, each with its minimum of 0 at the origin (Rosenbrock's: at ones,
 * which `landscape.ts` moves there). Elementary functions come from @stdlib: every machine finds the same bits.
 */
import exp from '@stdlib/math-base-special-exp';
import ln from '@stdlib/math-base-special-ln';
import sincos from '@stdlib/math-base-special-sincos';

export const FUNCTION_NAMES = ['sphere', 'ellipsoid', 'rosenbrock', 'rastrigin', 'ackley'] as const;
export type FunctionName = (typeof FUNCTION_NAMES)[number];

const TWO_PI = 6.283185307179586;
const LN_10 = ln(10);
/** The longest axis of the ellipsoid is a thousand times the shortest: a condition number of 1e6 (Hansen et al. 2009). */
const CONDITION_DECADES = 6;

export const formulas: Readonly<Record<FunctionName, (z: Float64Array) => number>> = {
  sphere: (z) => sum(z, (value) => value * value),

  ellipsoid(z) {
    const steps = Math.max(1, z.length - 1);
    return sum(z, (value, index) => exp((LN_10 * CONDITION_DECADES * index) / steps) * value * value);
  },

  /** Rosenbrock (1960), chained over all dimensions. */
  rosenbrock(z) {
    return sum(z.subarray(0, -1), (value, index) => {
      const valley = (z[index + 1] as number) - value * value;
      return 100 * valley * valley + (1 - value) * (1 - value);
    });
  },

  /** Rastrigin (1974): about 10^dimensions local minima. */
  rastrigin: (z) => sum(z, (value) => value * value - 10 * cosine(value) + 10),

  /** Ackley (1987): a narrow funnel in a plain full of holes. */
  ackley(z) {
    const distance = Math.sqrt(sum(z, (value) => value * value) / z.length);
    const waves = sum(z, cosine) / z.length;
    return 20 * (1 - exp(-0.2 * distance)) + exp(1) - exp(waves);
  },
};

function cosine(turns: number): number {
  return sincos(TWO_PI * turns)[1] as number;
}

function sum(values: Float64Array, term: (value: number, index: number) => number): number {
  let total = 0;
  for (let index = 0; index < values.length; index += 1) total += term(values[index] as number, index);
  return total;
}
