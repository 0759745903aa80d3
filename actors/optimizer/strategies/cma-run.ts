/**
 * One run of CMA-ES (Hansen & Ostermeier 2001; with negative weights, Hansen 2016) until it stops by itself. It asks for
 * any number of points and updates whenever lambda results are there, whichever came first: nothing waits for the last
 * worker. Points of an older distribution and of other machines enter with their length limited (Hansen 2011,
 * "Injecting external solutions into CMA-ES"), so that one of them moves the mean but never tears the covariance.
 */
import exp from '@stdlib/math-base-special-exp';
import * as z from 'zod';
import type { Random } from '../../../gpu-workers/random.js';
import { type CmaWeights, cmaWeights } from './cma-weights.js';
import type { Cube } from './cube.js';
import { eigenSymmetric } from './eigen.js';
import { packedFloats, packFloats } from './packed.js';
import { ScoreHistory } from './score-history.js';

/** A covariance flatter than this cannot be decomposed with 53 bits. */
const MAX_CONDITION = 1e14;
/** Deviations of a value's length below which all samples are the same genome. */
const MIN_DEVIATION = 0.2;
/** The cube is 1 long: a distribution this wide knows nothing any more. */
const MAX_DEVIATION = 100;
/** Steps of a coarse parameter that are tried in a generation, once the distribution makes none by itself. */
const JUMPS = 0.5;

export interface CmaStart {
  readonly mean: Float64Array;
  /** In lengths of the cube. */
  readonly sigma: number;
  readonly lambda: number;
}

export const savedRun = (n: number) =>
  z.object({
    lambda: z.int().min(4).max(100_000),
    sigma: z.number().positive(),
    generation: z.int().min(0),
    learned: z.int().min(0),
    eigenAge: z.int().min(0),
    stopped: z.boolean(),
    mean: packedFloats(n),
    covariance: packedFloats(n * n),
    basis: packedFloats(n * n),
    deviations: packedFloats(n),
    sigmaPath: packedFloats(n),
    covariancePath: packedFloats(n),
    points: packedFloats(),
    scores: packedFloats(),
    foreign: packedFloats(),
    bests: packedFloats(),
    medians: packedFloats(),
  });
export type SavedRun = z.output<ReturnType<typeof savedRun>>;

export class CmaRun {
  readonly lambda: number;
  generation = 0;
  /** Results taken in. */
  learned = 0;
  stopped = false;
  readonly #n: number;
  readonly #cube: Cube;
  readonly #w: CmaWeights;
  #sigma: number;
  #eigenAge = 0;
  readonly #mean: Float64Array;
  /** Row by row, as the basis: its columns are the axes of the distribution, with their deviations. */
  readonly #covariance: Float64Array;
  readonly #basis: Float64Array;
  readonly #deviations: Float64Array;
  readonly #sigmaPath: Float64Array;
  readonly #covariancePath: Float64Array;
  /** Results of this generation: points one after another, their scores, 1 where a point was not drawn in it. */
  readonly #points: Float64Array;
  readonly #scores: Float64Array;
  readonly #foreign: Float64Array;
  readonly #history: ScoreHistory;
  #filled = 0;
  #calm = true;
  readonly #order: number[] = [];
  readonly #step: Float64Array;
  readonly #white: Float64Array;

  constructor(cube: Cube, start: CmaStart | SavedRun) {
    const n = cube.dimensions;
    const saved = 'covariance' in start ? start : null;
    this.#n = n;
    this.#cube = cube;
    this.lambda = start.lambda;
    this.#w = cmaWeights(n, start.lambda);
    this.#sigma = start.sigma;
    this.#mean = start.mean.slice();
    this.#covariance = saved?.covariance ?? identity(n);
    this.#basis = saved?.basis ?? identity(n);
    this.#deviations = saved?.deviations ?? new Float64Array(n).fill(1);
    this.#sigmaPath = saved?.sigmaPath ?? new Float64Array(n);
    this.#covariancePath = saved?.covariancePath ?? new Float64Array(n);
    this.#points = new Float64Array(n * start.lambda);
    this.#scores = new Float64Array(start.lambda);
    this.#foreign = new Float64Array(start.lambda);
    this.#step = new Float64Array(n);
    this.#white = new Float64Array(n);
    this.#history = new ScoreHistory(n, start.lambda, saved);
    if (saved === null) return;
    this.generation = saved.generation;
    this.learned = saved.learned;
    this.stopped = saved.stopped;
    this.#eigenAge = saved.eigenAge;
    this.#filled = Math.min(saved.scores.length, start.lambda - 1);
    this.#points.set(saved.points.subarray(0, n * this.#filled));
    this.#scores.set(saved.scores.subarray(0, this.#filled));
    this.#foreign.set(saved.foreign.subarray(0, this.#filled));
  }

  /** Writes a new point; false when it was moved off the distribution to reach another value of a coarse parameter. */
  sample(random: Random, point: Float64Array): boolean {
    const n = this.#n;
    const scaled = this.#white;
    for (let k = 0; k < n; k += 1) scaled[k] = (this.#deviations[k] as number) * random.gaussian();
    for (let i = 0; i < n; i += 1) {
      let move = 0;
      for (let k = 0; k < n; k += 1) move += (this.#basis[i * n + k] as number) * (scaled[k] as number);
      point[i] = (this.#mean[i] as number) + this.#sigma * move;
    }
    return !this.#jump(random, point);
  }

  learn(point: Float64Array, score: number, own: boolean): void {
    if (this.stopped || Number.isNaN(score)) return;
    const n = this.#n;
    this.learned += 1;
    this.#points.set(point, this.#filled * n);
    this.#scores[this.#filled] = score;
    this.#foreign[this.#filled] = own ? 0 : 1;
    this.#filled += 1;
    if (this.#filled === this.lambda) this.#update();
  }

  /** Before the first update the distribution is only a guess: it moves to a known good point. */
  recentre(point: Float64Array): void {
    if (this.generation === 0) this.#mean.set(point);
  }

  state(): z.input<ReturnType<typeof savedRun>> {
    const filled = this.#filled;
    return {
      lambda: this.lambda,
      sigma: this.#sigma,
      generation: this.generation,
      learned: this.learned,
      eigenAge: this.#eigenAge,
      stopped: this.stopped,
      mean: packFloats(this.#mean),
      covariance: packFloats(this.#covariance),
      basis: packFloats(this.#basis),
      deviations: packFloats(this.#deviations),
      sigmaPath: packFloats(this.#sigmaPath),
      covariancePath: packFloats(this.#covariancePath),
      points: packFloats(this.#points.subarray(0, filled * this.#n)),
      scores: packFloats(this.#scores.subarray(0, filled)),
      foreign: packFloats(this.#foreign.subarray(0, filled)),
      ...this.#history.state(),
    };
  }

  /** Where a deviation became smaller than a step between values, steps are drawn now and then. */
  #jump(random: Random, point: Float64Array): boolean {
    const { coarse, unordered, resolution } = this.#cube;
    const rate = JUMPS / this.lambda;
    let jumped = false;
    for (let i = 0; i < this.#n; i += 1) {
      const step = resolution[i] as number;
      if (coarse[i] === 0 || this.#deviation(i) > 0.5 * step || random.uniform() >= rate) continue;
      const by = unordered[i] === 1 ? random.uniform() : random.below(2) === 0 ? -step : step;
      point[i] = (point[i] as number) + by;
      jumped = true;
    }
    return jumped;
  }

  #deviation(axis: number): number {
    return this.#sigma * Math.sqrt(this.#covariance[axis * this.#n + axis] as number);
  }

  #update(): void {
    const { lambda } = this;
    const scores = this.#scores;
    this.#filled = 0;
    this.#order.length = 0;
    for (let index = 0; index < lambda; index += 1) this.#order.push(index);
    this.#order.sort((a, b) => (scores[a] as number) - (scores[b] as number));
    this.#toSteps();
    this.#moveMean();
    this.#adaptCovariance();
    this.generation += 1;
    this.#eigenAge += 1;
    if (this.#eigenAge >= this.#w.eigenInterval) this.#decompose();
    const best = scores[this.#order[0] as number] as number;
    const worst = scores[this.#order[lambda - 1] as number] as number;
    const middle = scores[this.#order[lambda >> 1] as number] as number;
    if (this.#history.stops(best, middle, worst) || this.#outOfRange()) this.stopped = true;
  }

  /** Points become steps from the mean in units of sigma; those drawn elsewhere no longer than own ones are. */
  #toSteps(): void {
    const n = this.#n;
    const longest = Math.sqrt(n) + (2 * n) / (n + 2);
    for (let index = 0; index < this.lambda; index += 1) {
      const at = index * n;
      for (let i = 0; i < n; i += 1) {
        this.#points[at + i] = ((this.#points[at + i] as number) - (this.#mean[i] as number)) / this.#sigma;
      }
      if (this.#foreign[index] === 0) continue;
      const length = Math.sqrt(this.#squaredLength(at));
      if (length <= longest) continue;
      for (let i = 0; i < n; i += 1) this.#points[at + i] = ((this.#points[at + i] as number) * longest) / length;
    }
  }

  /** Of a step, in deviations of the distribution; leaves its whitened coordinates in `#white`. */
  #squaredLength(at: number, steps = this.#points): number {
    const n = this.#n;
    let total = 0;
    for (let k = 0; k < n; k += 1) {
      let along = 0;
      for (let i = 0; i < n; i += 1) along += (this.#basis[i * n + k] as number) * (steps[at + i] as number);
      along /= this.#deviations[k] as number;
      this.#white[k] = along;
      total += along * along;
    }
    return total;
  }

  #moveMean(): void {
    const n = this.#n;
    const { mu, weights, muEff, cs, cc, lnOneMinusCs, damping, chi } = this.#w;
    this.#step.fill(0);
    for (let rank = 0; rank < mu; rank += 1) {
      const at = (this.#order[rank] as number) * n;
      const weight = weights[rank] as number;
      for (let i = 0; i < n; i += 1) {
        this.#step[i] = (this.#step[i] as number) + weight * (this.#points[at + i] as number);
      }
    }
    this.#squaredLength(0, this.#step);
    const keep = Math.sqrt(cs * (2 - cs) * muEff);
    let squared = 0;
    for (let i = 0; i < n; i += 1) {
      this.#mean[i] = (this.#mean[i] as number) + this.#sigma * (this.#step[i] as number);
      let move = 0;
      for (let k = 0; k < n; k += 1) move += (this.#basis[i * n + k] as number) * (this.#white[k] as number);
      const path = (1 - cs) * (this.#sigmaPath[i] as number) + keep * move;
      this.#sigmaPath[i] = path;
      squared += path * path;
    }
    const length = Math.sqrt(squared);
    const unbiased = 1 - exp(2 * (this.generation + 1) * lnOneMinusCs);
    // A path that grew because sigma is far too small must not stretch the covariance (the tutorial's h_sigma).
    const calm = length / Math.sqrt(unbiased) < (1.4 + 2 / (n + 1)) * chi;
    const gain = calm ? Math.sqrt(cc * (2 - cc) * muEff) : 0;
    for (let i = 0; i < n; i += 1) {
      this.#covariancePath[i] = (1 - cc) * (this.#covariancePath[i] as number) + gain * (this.#step[i] as number);
    }
    this.#calm = calm;
    this.#sigma *= exp(Math.min(1, (cs / damping) * (length / chi - 1)));
  }

  #adaptCovariance(): void {
    const n = this.#n;
    const { lambda } = this;
    const { mu, weights, weightSum, cc, c1, cmu } = this.#w;
    const decay = 1 + (this.#calm ? 0 : c1 * cc * (2 - cc)) - c1 - cmu * weightSum;
    for (let at = 0; at < n * n; at += 1) this.#covariance[at] = (this.#covariance[at] as number) * decay;
    this.#addOuter(this.#covariancePath, 0, c1);
    for (let rank = 0; rank < lambda; rank += 1) {
      const at = (this.#order[rank] as number) * n;
      let weight = cmu * (weights[rank] as number);
      // Long bad steps are shortened to the expected length, or the covariance could lose its positive definiteness.
      if (rank >= mu) weight *= n / (this.#squaredLength(at) + 1e-300);
      this.#addOuter(this.#points, at, weight);
    }
  }

  #addOuter(steps: Float64Array, at: number, weight: number): void {
    const n = this.#n;
    const covariance = this.#covariance;
    for (let i = 0; i < n; i += 1) {
      const left = weight * (steps[at + i] as number);
      for (let j = 0; j < n; j += 1) {
        covariance[i * n + j] = (covariance[i * n + j] as number) + left * (steps[at + j] as number);
      }
    }
  }

  #decompose(): void {
    this.#eigenAge = 0;
    const deviations = this.#deviations;
    this.#basis.set(this.#covariance);
    let usable = eigenSymmetric(this.#n, this.#basis, deviations, this.#white);
    let [smallest, largest] = [Number.POSITIVE_INFINITY, 0];
    for (const variance of deviations) {
      smallest = Math.min(smallest, variance);
      largest = Math.max(largest, variance);
    }
    usable &&= smallest > 0 && largest < smallest * MAX_CONDITION;
    if (!usable) this.stopped = true;
    else for (let k = 0; k < this.#n; k += 1) deviations[k] = Math.sqrt(deviations[k] as number);
  }

  #outOfRange(): boolean {
    const { resolution } = this.#cube;
    let [tooFine, tooWide] = [true, false];
    for (let i = 0; i < this.#n; i += 1) {
      const deviation = this.#deviation(i);
      if (deviation > MIN_DEVIATION * (resolution[i] as number)) tooFine = false;
      if (!(deviation < MAX_DEVIATION)) tooWide = true;
    }
    return tooFine || tooWide || !(this.#sigma > 0);
  }
}

function identity(n: number): Float64Array {
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i += 1) matrix[i * n + i] = 1;
  return matrix;
}
