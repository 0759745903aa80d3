/**
 * Bayesian optimization for small budgets: a Gaussian process of all results so far, asked next where it expects the
 * most improvement (EGO, Jones, Schonlau & Welch 1998). Costs ten milliseconds a candidate where the others
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
import { climb } from './rprop.js';
import { standardScores } from './standard-scores.js';

/** Spread points before the first model: one more than there are dimensions, within these. */
const MIN_START = 4;
const MAX_START = 12;
/**
 * The process is conditioned on so many results, the best half and the newest: its cost grows with the cube, and with
 * these one candidate takes about a tenth of a second. Candidates that are out come on top, the newest of them.
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

const savedGp = (n: number) =>
  z.object({
    start: z.array(packedFloats(n)).max(MAX_START),
    points: z.array(packedFloats(n)),
    scores: packedFloats(),
    out: z.array(z.object({ id: z.int(), point: packedFloats(n) })),
    nextId: z.int().min(0),
  });

export class Gp implements Method {
  readonly #tools: MethodTools;
  /** Number of values of a choice; 0 for a parameter with an order. */
  readonly #choices: Float64Array;
  readonly #start: Float64Array[];
  /** In the order of arrival, as their genomes' points; the score of a failed one is infinite. */
  readonly #points: Float64Array[];
  readonly #scores: number[];
  readonly #out: Map<number, Float64Array>;
  #nextId: number;

  constructor(tools: MethodTools, saved?: unknown) {
    const { dimensions, resolution, unordered } = tools.cube;
    this.#tools = tools;
    this.#choices = Float64Array.from(resolution, (length, axis) =>
      unordered[axis] === 1 ? Math.round(1 / length) : 0,
    );
    const state = saved === undefined ? null : savedGp(dimensions).parse(saved);
    const count = Math.min(MAX_START, Math.max(MIN_START, dimensions + 1));
    this.#start = state?.start ?? latinHypercube(dimensions, count, tools.random);
    this.#points = state?.points ?? [];
    this.#scores = [...(state?.scores ?? [])];
    this.#points.length = Math.min(this.#points.length, this.#scores.length);
    this.#out = new Map(state?.out.map(({ id, point }) => [id, point]));
    this.#nextId = state?.nextId ?? 0;
  }

  get size(): number {
    return this.#points.length;
  }

  propose(): Trial | null {
    const point = this.#start.pop() ?? this.#mostPromising();
    if (point === null) return null;
    const id = this.#nextId;
    this.#nextId += 1;
    this.#out.set(id, point);
    return { point: point.slice(), notes: [id] };
  }

  learn(trial: Trial, score: number): void {
    this.drop(trial);
    this.#add(trial.point, Number.isNaN(score) ? Number.POSITIVE_INFINITY : score);
  }

  adopt(point: Float64Array, score: number): void {
    this.#add(point, score);
  }

  drop({ notes: [id = -1] }: Trial): void {
    this.#out.delete(id);
  }

  toJSON(): z.input<ReturnType<typeof savedGp>> {
    return {
      start: this.#start.map(packFloats),
      points: this.#points.map(packFloats),
      scores: packFloats(Float64Array.from(this.#scores)),
      out: [...this.#out].map(([id, point]) => ({ id, point: packFloats(point) })),
      nextId: this.#nextId,
    };
  }

  #add(raw: Float64Array, score: number): void {
    const point = this.#snapped(raw);
    if (this.#isKnown(point)) return;
    this.#points.push(point);
    this.#scores.push(score);
  }

  #snapped(point: Float64Array): Float64Array {
    const { cube } = this.#tools;
    return cube.toPoint(cube.toGenome(point));
  }

  #isKnown(point: Float64Array): boolean {
    return this.#points.some((known) => isSame(known, point));
  }

  /** Null where nothing new is left around, or nothing is known yet. */
  #mostPromising(): Float64Array | null {
    const places = this.#conditioning();
    const elite = places.slice(0, ELITE).map((place) => this.#points[place] as Float64Array);
    const out = [...this.#out.values()].slice(-MAX_OUT).map((point) => this.#snapped(point));
    const isNew = (point: Float64Array) => !this.#isKnown(point) && !out.some((other) => isSame(other, point));
    const candidates = this.#draw(elite).filter(isNew);
    if (elite.length === 0 || candidates.length === 0) return null;
    const scores = standardScores(places.map((place) => this.#scores[place] as number));
    const points = [...places.map((place) => this.#points[place] as Float64Array), ...out];
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
      const climber = rate(this.#snapped(climbed(model, point, lowest)));
      if (climber.value > best.value && isNew(climber.point)) best = climber;
    }
    return best.point;
  }

  /** Places of the results that the process is conditioned on, best first. */
  #conditioning(): number[] {
    const order = (places: number[]) =>
      places.sort((a, b) => {
        const [first, second] = [this.#scores[a] as number, this.#scores[b] as number];
        return first < second ? -1 : first > second ? 1 : a - b;
      });
    const ranking = order(this.#points.map((_, place) => place));
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
    return drawn.map((point) => this.#snapped(point));
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

function isSame(first: Float64Array, second: Float64Array): boolean {
  for (let axis = 0; axis < first.length; axis += 1) if (first[axis] !== second[axis]) return false;
  return true;
}
