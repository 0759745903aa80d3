/** Constants of CMA-ES as in Hansen's tutorial (2016, https://arxiv.org/abs/1604.00772), table 1; names as there. */
import ln from '@stdlib/math-base-special-ln';

export interface CmaWeights {
  readonly lambda: number;
  readonly mu: number;
  readonly muEff: number;
  /** By rank, best first: positive for the first mu, which sum to 1, negative after. */
  readonly weights: Float64Array;
  readonly weightSum: number;
  readonly cc: number;
  readonly cs: number;
  /** ln(1 - cs) */
  readonly lnOneMinusCs: number;
  readonly c1: number;
  readonly cmu: number;
  readonly damping: number;
  /** Expected length of a standard normal vector. */
  readonly chi: number;
  /** Generations that one decomposition of the covariance serves: exact enough, a tenth of the time. */
  readonly eigenInterval: number;
}

export function defaultLambda(n: number): number {
  return 4 + Math.floor(3 * ln(n));
}

export function cmaWeights(n: number, lambda: number): CmaWeights {
  const mu = Math.floor(lambda / 2);
  const raw = Array.from({ length: lambda }, (_, rank) => ln((lambda + 1) / 2) - ln(rank + 1));
  const muEff = effective(raw.slice(0, mu));
  const muEffMinus = effective(raw.slice(mu));
  const c1 = 2 / ((n + 1.3) * (n + 1.3) + muEff);
  const cmu = Math.min(1 - c1, (2 * (0.25 + muEff + 1 / muEff - 2)) / ((n + 2) * (n + 2) + muEff));
  const positiveSum = sum(raw.slice(0, mu));
  const negativeSum = -sum(raw.slice(mu).filter((weight) => weight < 0));
  const alpha = Math.min(1 + c1 / cmu, 1 + (2 * muEffMinus) / (muEff + 2), (1 - c1 - cmu) / (n * cmu));
  const weights = Float64Array.from(raw, (weight) =>
    weight >= 0 ? weight / positiveSum : (alpha * weight) / negativeSum,
  );
  const cs = (muEff + 2) / (n + muEff + 5);
  return {
    lambda,
    mu,
    muEff,
    weights,
    weightSum: sum([...weights]),
    cc: (4 + muEff / n) / (n + 4 + (2 * muEff) / n),
    cs,
    lnOneMinusCs: ln(1 - cs),
    c1,
    cmu,
    damping: 1 + 2 * Math.max(0, Math.sqrt((muEff - 1) / (n + 1)) - 1) + cs,
    chi: Math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n)),
    eigenInterval: Math.max(1, Math.floor(1 / (10 * n * (c1 + cmu)))),
  };
}

function effective(weights: readonly number[]): number {
  const total = sum(weights);
  return (total * total) / sum(weights.map((weight) => weight * weight));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
