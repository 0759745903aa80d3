/**
 * Scores as a Gaussian process takes them: mean 0, variance 1, and without the tail of bad results. Distances from the
 * best count as they are up to a few times the median's, beyond by their logarithm: one result a thousand times worse
 * than the rest would else make the rest look all the same.
 */
import ln from '@stdlib/math-base-special-ln';

/** Distances of the median at which the logarithm sets in; with 1 or 10 the searches that were tried ended higher. */
const LINEAR_UP_TO = 4;

const HUGE = 1e100;

/** Infinite scores, of failed candidates, are as bad as the worst finite one. */
export function standardScores(scores: readonly number[]): Float64Array {
  const finite = scores
    .filter(Number.isFinite)
    .map(withoutOverflow)
    .sort((a, b) => a - b);
  const best = finite[0] ?? 0;
  const worst = finite.at(-1) ?? 0;
  const scale = LINEAR_UP_TO * ((finite[finite.length >> 1] ?? 0) - best) || 1;
  const values = Float64Array.from(scores, (score) => {
    const distance = Math.min(withoutOverflow(score), worst) - best;
    return ln(1 + Math.min(HUGE, distance / scale));
  });
  const mean = sum(values) / values.length;
  const deviation = Math.sqrt(sum(values.map((value) => (value - mean) * (value - mean))) / values.length) || 1;
  return values.map((value) => (value - mean) / deviation);
}

function withoutOverflow(score: number): number {
  return Math.min(HUGE, Math.max(-HUGE, score));
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
