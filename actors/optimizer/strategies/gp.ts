/**
 * Bayesian optimization for small budgets: a Gaussian process of all results so far, asked next where it expects the
 * most improvement (EGO, Jones, Schonlau & Welch 1998). Costs tens of milliseconds a candidate where the others
 * cost microseconds, so it is for trainings that take seconds.
 *
 * Candidates that are out count as measured with what the process expects there, so that several at a time do not
 * crowd in one place. A failed one counts as bad as the worst known: its region is not asked again and again.
 */
import ln from '@stdlib/math-base-special-ln';
import * as z from 'zod';
import { expectedImprovement } from './expected-improvement.js';
import { GaussianProcess } from './gaussian-process.js';
import { latinHypercube } from './latin-hypercube.js';
import type { Method, MethodTools, Trial } from './method.js';
import { packedFloats, packFloats } from './packed.js';
import { choicesOf, isSame, Results, savedResults } from './results.js';
import { climb } from './rprop.js';
import { standardScores } from './standard-scores.js';

/** Spread points before the first model: one more than there are dimensions, within these. */
const MIN_START = 4;
const MAX_START = 12;
/**
 * The process is conditioned on so many results, the best half and the newest: its cost grows with the cube, and with
 * these one candidate takes 150 ms of processor time (10 dimensions, Node 20, 20 ms at 60 results). Candidates that are
 * out come on top, the newest of them.
 */
const MAX_RESULTS = 128;
const MAX_OUT = 32;
/** Points looked at: some anywhere, some around the best results, at each of these distances. */
const ANYWHERE = 256;
const AROUND = 64;
const DISTANCES = [0.2, 0.05, 0.01] as const;
/** Of the parents, and of the candidates that are improved by climbing. */
const ELITE = 4;
const CLIMBERS = 4;
const CLIMB = { steps: 40, firstStep: 0.02, longestStep: 0.2, low: 0, high: 1 };

const savedGp = (n: number) => savedResults(n).extend({ start: z.array(packedFloats(n)).max(MAX_START) });

export class Gp implements Method {
  readonly #tools: MethodTools;
  readonly #choices: Float64Array;
  readonly #start: Float64Array[];
  /** The score of a failed one is infinite. */
  readonly #results: Results;

  constructor(tools: MethodTools, saved?: unknown) {
    const { dimensions } = tools.cube;
    this.#tools = tools;
    this.#choices = choicesOf(tools.cube);
    const state = saved === undefined ? null : savedGp(dimensions).parse(saved);
    const count = Math.min(MAX_START, Math.max(MIN_START, dimensions + 1));
    this.#start = state?.start ?? latinHypercube(dimensions, count, tools.random);
    this.#results = new Results(tools.cube, state);
  }

  get size(): number {
    return this.#results.points.length;
  }

  propose(): Trial | null {
    const point = this.#start.pop() ?? this.#mostPromising();
    return point === null ? null : this.#results.handOut(point);
  }

  learn(trial: Trial, score: number): void {
    this.drop(trial);
    this.#results.add(trial.point, Number.isNaN(score) ? Number.POSITIVE_INFINITY : score);
  }

  adopt(point: Float64Array, score: number): void {
    this.#results.add(point, score);
  }

  drop(trial: Trial): void {
    this.#results.takeBack(trial);
  }

  toJSON(): unknown {
    return { start: this.#start.map(packFloats), ...this.#results.toJSON() };
  }

  /** Null where nothing new is left around, or nothing is known yet. */
  #mostPromising(): Float64Array | null {
    const places = this.#conditioning();
    const results = this.#results;
    const elite = places.slice(0, ELITE).map((place) => results.points[place] as Float64Array);
    const out = results.out.slice(-MAX_OUT).map((point) => results.snapped(point));
    const isNew = (point: Float64Array) => !results.isKnown(point) && !out.some((other) => isSame(other, point));
    const candidates = this.#draw(elite).filter(isNew);
    if (elite.length === 0 || candidates.length === 0) return null;
    const scores = standardScores(places.map((place) => results.scores[place] as number));
    const points = [...places.map((place) => results.points[place] as Float64Array), ...out];
    const model = new GaussianProcess(points, scores, (axis, from, to) => this.#difference(axis, from, to));
    let lowest = Number.POSITIVE_INFINITY;
    // What the model believes of the best, not its score: that may be luck.
    for (const point of points) lowest = Math.min(lowest, model.predict(point).mean);
    const rate = (point: Float64Array) => {
      const { mean, deviation } = model.predict(point);
      return { point, value: expectedImprovement((lowest - mean) / deviation).log + ln(deviation) };
    };
    const rated = candidates.map(rate).sort((a, b) => b.value - a.value);
    let best = rated[0] as (typeof rated)[number];
    for (const { point } of rated.slice(0, CLIMBERS)) {
      const climber = rate(this.#results.snapped(climbed(model, point, lowest)));
      if (climber.value > best.value && isNew(climber.point)) best = climber;
    }
    return best.point;
  }

  /** Places of the results that the process is conditioned on, best first. */
  #conditioning(): number[] {
    const order = (places: number[]) =>
      places.sort((a, b) => {
        const [first, second] = [this.#results.scores[a] as number, this.#results.scores[b] as number];
        return first < second ? -1 : first > second ? 1 : a - b;
      });
    const ranking = order(this.#results.points.map((_, place) => place));
    if (ranking.length <= MAX_RESULTS) return ranking;
    const best = ranking.slice(0, MAX_RESULTS / 2);
    const newest = ranking
      .slice(MAX_RESULTS / 2)
      .sort((a, b) => b - a)
      .slice(0, MAX_RESULTS / 2);
    return [...best, ...order(newest)];
  }

  #draw(elite: readonly Float64Array[]): Float64Array[] {
    const { random, cube } = this.#tools;
    const { dimensions } = cube;
    const drawn = Array.from({ length: ANYWHERE }, () => Float64Array.from(cube.resolution, () => random.uniform()));
    for (const distance of elite.length === 0 ? [] : DISTANCES) {
      for (let count = 0; count < AROUND; count += 1) {
        const point = (elite[count % elite.length] as Float64Array).slice();
        for (let axis = 0; axis < dimensions; axis += 1) {
          if ((this.#choices[axis] as number) === 0) {
            const step = Math.max(distance, cube.resolution[axis] as number);
            point[axis] = (point[axis] as number) + step * random.gaussian();
          } else if (random.uniform() * dimensions < 1) point[axis] = random.uniform();
        }
        drawn.push(point);
      }
    }
    return drawn.map((point) => this.#results.snapped(point));
  }

  #difference(axis: number, from: number, to: number): number {
    const choices = this.#choices[axis] as number;
    if (choices === 0) return to - from;
    return Math.floor(from * choices) === Math.floor(to * choices) ? 0 : 1;
  }
}

function climbed(model: GaussianProcess, from: Float64Array, lowest: number): Float64Array {
  const point = from.slice();
  const meanSlope = new Float64Array(point.length);
  const deviationSlope = new Float64Array(point.length);
  climb(point, CLIMB, (at, gradient) => {
    const { mean, deviation } = model.predict(at, meanSlope, deviationSlope);
    const { log, byGain, byDeviation } = expectedImprovement((lowest - mean) / deviation);
    for (let axis = 0; axis < at.length; axis += 1) {
      const slope = byDeviation * (deviationSlope[axis] as number) - byGain * (meanSlope[axis] as number);
      gradient[axis] = slope / deviation;
    }
    return log + ln(deviation);
  });
  return point;
}
