/**
 * Climbs a differentiable function by the signs of its gradient alone (iRprop-, Igel & Huesken 2000): no line search,
 * and no care about how long the gradient is, which for a likelihood or an improvement spans many powers of ten.
 */
const FASTER = 1.2;
const SLOWER = 0.5;

export interface Climb {
  readonly steps: number;
  /** First and longest step in each coordinate; none is shorter than a thousandth of the first. */
  readonly firstStep: number;
  readonly longestStep: number;
  readonly low: number;
  readonly high: number;
}

/** Moves `at` to the highest point met and returns its value. `evaluate` gives the value and writes the gradient. */
export function climb(
  at: Float64Array,
  { steps, firstStep, longestStep, low, high }: Climb,
  evaluate: (at: Float64Array, gradient: Float64Array) => number,
): number {
  const gradient = new Float64Array(at.length);
  const before = new Float64Array(at.length);
  const stepOf = new Float64Array(at.length).fill(firstStep);
  const here = at.slice();
  let best = Number.NEGATIVE_INFINITY;
  for (let step = 0; step <= steps; step += 1) {
    const value = evaluate(here, gradient);
    if (value > best) {
      best = value;
      at.set(here);
    }
    for (let axis = 0; axis < here.length; axis += 1) {
      const slope = gradient[axis] as number;
      const turned = slope * (before[axis] as number);
      const scale = turned > 0 ? FASTER : turned < 0 ? SLOWER : 1;
      const length = Math.min(longestStep, Math.max(firstStep / 1000, (stepOf[axis] as number) * scale));
      stepOf[axis] = length;
      before[axis] = turned < 0 ? 0 : slope;
      if (turned < 0 || !(slope !== 0)) continue;
      const moved = (here[axis] as number) + (slope > 0 ? length : -length);
      here[axis] = Math.min(high, Math.max(low, moved));
    }
  }
  return best;
}
