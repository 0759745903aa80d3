/**
 * Expected improvement (Mockus 1978) as its logarithm (Ament et al. 2023, "Unexpected improvements to expected
 * improvement"): far from the best the improvement itself underflows to zero and shows no way up.
 */
import exp from '@stdlib/math-base-special-exp';
import ln from '@stdlib/math-base-special-ln';

const LN_SQRT_2PI = 0.9189385332046727;
/** Terms of Laplace's continued fraction; with what remains estimated, exact to five digits or better. */
const TERMS = 60;

export interface Improvement {
  /** Logarithm of E[max(0, gain)] over the deviation. */
  readonly log: number;
  /** How the logarithm changes with the mean gain and with the deviation, times the deviation. */
  readonly byGain: number;
  readonly byDeviation: number;
}

/** Of a normal gain whose mean is `z` of its deviations. */
export function expectedImprovement(z: number): Improvement {
  const t = Math.abs(z);
  // The tail of the normal distribution over its density is 1 / (t + c).
  let c = (Math.sqrt(t * t + 4 * TERMS + 2) - t) / 2;
  for (let term = TERMS; term >= 1; term -= 1) c = term / (t + c);
  const logDensity = -0.5 * t * t - LN_SQRT_2PI;
  if (z < 0) return { log: logDensity + ln(c / (t + c)), byGain: 1 / c, byDeviation: (t + c) / c };
  const density = exp(logDensity);
  const improvement = z + (density * c) / (t + c);
  return {
    log: ln(improvement),
    byGain: (1 - density / (t + c)) / improvement,
    byDeviation: density / improvement,
  };
}
