/**
 * Tree-structured Parzen estimator over all parameters at once (Bergstra et al. 2011; bandwidths, the number of good
 * results and the liar as in Optuna's multivariate TPESampler): samples come from a density of the good results, and
 * the one that is most likely there and least likely among the others is asked. Candidates that are out count as bad
 * ones until their results come (constant liar), so workers in parallel do not ask nearly the same.
 *
 * The kernels are Gaussians in the mirrored cube, without the factor that truncation at a bound would give them: it
 * differs little between the two densities and costs more than everything else.
 */
import exp from '@stdlib/math-base-special-exp';
import ln from '@stdlib/math-base-special-ln';
import type { Method, MethodTools, Trial } from './method.js';
import { choicesOf, Results, savedResults } from './results.js';

/** Random points before the first model. */
const STARTUP = 10;
const CANDIDATES = 24;
/** Good results: a tenth, at most so many. */
const GOOD_SHARE = 0.1;
const MAX_GOOD = 25;
/** Of the others the newest are enough; more cost time without saying more. */
const MAX_BAD = 500;
/** Bandwidth of one result in one dimension, in lengths of the cube, and the finest one. */
const BANDWIDTH = 0.2;
const MIN_BANDWIDTH = 0.01;
/** Weight of the prior, a kernel as wide as the cube, next to one result. */
const PRIOR_WEIGHT = 1;
/** Kernels this many times (e to the ...) less likely than the nearest add nothing to a sum. */
const NEGLIGIBLE = 12;

export class Tpe implements Method {
  readonly #tools: MethodTools;
  readonly #results: Results;
  /** Places in the results, best first. */
  readonly #ranking: number[] = [];
  /** Of this proposal: reciprocal bandwidths, and what a different choice costs. */
  readonly #narrow: Float64Array;
  readonly #choices: Float64Array;

  constructor(tools: MethodTools, saved?: unknown) {
    const { cube } = tools;
    const { dimensions } = cube;
    this.#tools = tools;
    this.#narrow = new Float64Array(dimensions);
    this.#choices = choicesOf(cube);
    this.#results = new Results(cube, saved === undefined ? null : savedResults(dimensions).parse(saved));
    for (let place = 0; place < this.#results.points.length; place += 1) this.#rank(place);
  }

  get size(): number {
    return this.#results.points.length;
  }

  propose(): Trial {
    const { random, cube } = this.#tools;
    const point =
      this.#results.points.length < STARTUP
        ? Float64Array.from(cube.resolution, () => random.uniform())
        : this.#mostPromising();
    return this.#results.handOut(point);
  }

  learn(trial: Trial, score: number): void {
    this.drop(trial);
    if (!Number.isNaN(score)) this.#add(trial.point, score);
  }

  adopt(point: Float64Array, score: number): void {
    this.#add(point, score);
  }

  drop(trial: Trial): void {
    this.#results.takeBack(trial);
  }

  toJSON(): unknown {
    return this.#results.toJSON();
  }

  #add(point: Float64Array, score: number): void {
    if (this.#results.add(point, score)) this.#rank(this.#results.points.length - 1);
  }

  /** Behind those that are as good. */
  #rank(place: number): void {
    const score = this.#results.scores[place] as number;
    let [low, high] = [0, this.#ranking.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#results.scores[this.#ranking[middle] as number] as number) <= score) low = middle + 1;
      else high = middle;
    }
    this.#ranking.splice(low, 0, place);
  }

  #mostPromising(): Float64Array {
    const total = this.#results.points.length;
    const goodCount = Math.min(MAX_GOOD, Math.ceil(GOOD_SHARE * total));
    const good = this.#ranking.slice(0, goodCount).map((place) => this.#results.points[place] as Float64Array);
    const isGood = new Uint8Array(total);
    for (const place of this.#ranking.slice(0, goodCount)) isGood[place] = 1;
    const bad = [...this.#results.out];
    for (let place = total - 1; place >= 0 && bad.length < MAX_BAD; place -= 1) {
      if (isGood[place] === 0) bad.push(this.#results.points[place] as Float64Array);
    }
    const drawn = this.#draw(good);
    let best = drawn[0] as Float64Array;
    let bestGain = Number.NEGATIVE_INFINITY;
    const likelihood = this.#likelihoods(good, drawn);
    const unlikelihood = this.#likelihoods(bad, drawn);
    for (const [index, point] of drawn.entries()) {
      const gain = (likelihood[index] as number) - (unlikelihood[index] as number);
      if (gain <= bestGain) continue;
      best = point;
      bestGain = gain;
    }
    return best;
  }

  #setBandwidths(kernels: number): void {
    const { resolution, dimensions } = this.#tools.cube;
    const width = Math.max(MIN_BANDWIDTH, BANDWIDTH * exp(-ln(kernels) / (dimensions + 4)));
    for (let axis = 0; axis < dimensions; axis += 1) {
      this.#narrow[axis] = 1 / Math.max(width, 0.5 * (resolution[axis] as number));
    }
  }

  #draw(good: readonly Float64Array[]): Float64Array[] {
    const { random, cube } = this.#tools;
    this.#setBandwidths(good.length);
    return Array.from({ length: CANDIDATES }, () => {
      const centre = good[Math.floor(random.uniform() * (good.length + PRIOR_WEIGHT))];
      const point = new Float64Array(cube.dimensions);
      for (let axis = 0; axis < point.length; axis += 1) {
        const choices = this.#choices[axis] as number;
        if (centre === undefined || (choices > 0 && random.uniform() * (good.length + 1) < 1)) {
          point[axis] = random.uniform();
        } else if (choices > 0) {
          point[axis] = centre[axis] as number;
        } else {
          point[axis] = (centre[axis] as number) + random.gaussian() / (this.#narrow[axis] as number);
        }
      }
      cube.mirror(point);
      return point;
    });
  }

  /** Logarithm of the density at each point, up to a constant that is the same for all of them. */
  #likelihoods(kernels: readonly Float64Array[], at: readonly Float64Array[]): Float64Array {
    this.#setBandwidths(Math.max(1, kernels.length));
    const unlike = 2 * ln(1 + Math.max(1, kernels.length));
    // Relative to the kernels, the prior is lower by the ratio of the bandwidths in every dimension.
    let prior = ln(PRIOR_WEIGHT);
    for (let axis = 0; axis < this.#narrow.length; axis += 1) {
      const choices = this.#choices[axis] as number;
      prior -= ln(choices === 0 ? (this.#narrow[axis] as number) : choices);
    }
    const distances = new Float64Array(kernels.length);
    const likelihoods = new Float64Array(at.length);
    for (let place = 0; place < at.length; place += 1) {
      const point = at[place] as Float64Array;
      let nearest = -2 * prior;
      for (let index = 0; index < kernels.length; index += 1) {
        const distance = this.#distance(kernels[index] as Float64Array, point, unlike, nearest + 2 * NEGLIGIBLE);
        distances[index] = distance;
        if (distance < nearest) nearest = distance;
      }
      let sum = exp(prior + nearest / 2);
      for (let index = 0; index < kernels.length; index += 1) {
        const further = (distances[index] as number) - nearest;
        if (further < 2 * NEGLIGIBLE) sum += exp(-0.5 * further);
      }
      likelihoods[place] = ln(sum) - nearest / 2;
    }
    return likelihoods;
  }

  /** Squared, in bandwidths; anything above `enough` as soon as it is that far. */
  #distance(kernel: Float64Array, point: Float64Array, unlike: number, enough: number): number {
    const narrow = this.#narrow;
    let total = 0;
    for (let axis = 0; axis < point.length && total < enough; axis += 1) {
      const choices = this.#choices[axis] as number;
      const from = kernel[axis] as number;
      const to = point[axis] as number;
      if (choices === 0) {
        const apart = (to - from) * (narrow[axis] as number);
        total += apart * apart;
      } else if (Math.floor(from * choices) !== Math.floor(to * choices)) total += unlike;
    }
    return total;
  }
}
