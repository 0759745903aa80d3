/**
 * One coordinate after the other, for objectives that are sums of functions of one coordinate each: there, a line with
 * many hollows is searched completely for the price of a few dozen evaluations, where a population needs thousands.
 * Whether the objective is such a sum is tested first: exchanging a coordinate between two points must not change the
 * sum of their scores. That costs two evaluations where it is none, or where results are noisy: then this method ends.
 */
import * as z from 'zod';
import { type Bracket, hollows, nextStep, savedBracket, withScore } from './line-search.js';
import type { Method, MethodTools, Trial } from './method.js';
import { packedFloats, packFloats } from './packed.js';

/** Points on a line: what a function with 20 hollows needs to show all of them. */
const GRID = 40;
/** Hollows looked into, steps in each of them, and steps in the one that wins. */
const HOLLOWS = 4;
const FIRST_STEPS = 5;
const LAST_STEPS = 16;
/** After the first, rounds without a grid: what other coordinates still weighed blurred the first one's digits. */
const ROUNDS = 3;
/** Half width of such a round's start, in lengths of the cube. */
const POLISH_WIDTH = 1e-4;
/** Relative error of sums of scores. */
const TOLERANCE = 1e-9;

export interface Known {
  readonly point: Float64Array;
  readonly score: number;
}

const savedSweep = (n: number) =>
  z.object({
    stage: z.enum(['test', 'grid', 'hollows', 'bottom', 'done']),
    serial: z.int().min(0),
    axis: z.int().min(0).max(n),
    round: z.int().min(0),
    base: packedFloats(n),
    other: packedFloats(n),
    baseScores: packedFloats(2),
    batch: z.array(packedFloats(n)),
    scores: packedFloats(),
    asked: z.int().min(0),
    told: z.int().min(0),
    brackets: z.array(savedBracket),
    steps: z.int().min(0),
  });
type SavedSweep = z.output<ReturnType<typeof savedSweep>>;

export class AxisSweep implements Method {
  readonly #tools: MethodTools;
  #stage: SavedSweep['stage'] = 'test';
  /** Of the batch: answers to an older one mean nothing any more. */
  #serial = 0;
  #axis = 0;
  #round = 0;
  /** The best so far, and the point it exchanges coordinates with. */
  #base: Float64Array;
  readonly #other: Float64Array;
  #baseScore: number;
  readonly #otherScore: number;
  #batch: Float64Array[] = [];
  #scores: number[] = [];
  #asked = 0;
  #told = 0;
  /** Hollows of this line, best first. */
  #brackets: Bracket[] = [];
  #steps = 0;

  constructor(tools: MethodTools, start: readonly [Known, Known] | { readonly saved: unknown }) {
    this.#tools = tools;
    if ('saved' in start) {
      const state = savedSweep(tools.cube.dimensions).parse(start.saved);
      this.#stage = state.stage;
      this.#serial = state.serial;
      this.#axis = state.axis;
      this.#round = state.round;
      this.#base = state.base;
      this.#other = state.other;
      [this.#baseScore = 0, this.#otherScore = 0] = state.baseScores;
      this.#batch = state.batch;
      this.#scores = [...state.scores];
      this.#asked = state.asked;
      this.#told = state.told;
      this.#brackets = state.brackets;
      this.#steps = state.steps;
      return;
    }
    const [first, second] = start;
    this.#base = first.point.slice();
    this.#other = second.point.slice();
    this.#baseScore = first.score;
    this.#otherScore = second.score;
    this.#beginTest();
  }

  get size(): number {
    return 1;
  }

  get done(): boolean {
    return this.#stage === 'done';
  }

  propose(): Trial | null {
    const point = this.#batch[this.#asked];
    if (point === undefined) return null;
    this.#asked += 1;
    return { point: point.slice(), notes: [this.#serial, this.#asked - 1] };
  }

  learn({ notes: [serial, index = 0] }: Trial, score: number): void {
    if (serial !== this.#serial) return;
    this.#scores[index] = Number.isNaN(score) ? Number.POSITIVE_INFINITY : score;
    this.#told += 1;
    if (this.#told === this.#batch.length) this.#advance();
  }

  adopt(): void {}

  /** Rare enough to count as a failure. */
  drop(trial: Trial): void {
    this.learn(trial, Number.NaN);
  }

  toJSON(): z.input<ReturnType<typeof savedSweep>> {
    return {
      stage: this.#stage,
      serial: this.#serial,
      axis: this.#axis,
      round: this.#round,
      base: packFloats(this.#base),
      other: packFloats(this.#other),
      baseScores: packFloats(Float64Array.of(this.#baseScore, this.#otherScore)),
      batch: this.#batch.map(packFloats),
      scores: packFloats(Float64Array.from(this.#scores)),
      asked: this.#asked,
      told: this.#told,
      brackets: this.#brackets.map((bracket) => packFloats(Float64Array.from(bracket))),
      steps: this.#steps,
    };
  }

  #advance(): void {
    switch (this.#stage) {
      case 'test':
        this.#afterTest();
        return;
      case 'grid':
        this.#afterGrid();
        return;
      case 'hollows':
      case 'bottom':
        this.#afterStep();
        return;
      case 'done':
        return;
    }
  }

  #ask(batch: Float64Array[]): void {
    this.#serial += 1;
    this.#batch = batch;
    this.#scores = batch.map(() => 0);
    this.#asked = 0;
    this.#told = 0;
  }

  #beginTest(): void {
    const base = this.#base;
    this.#ask([
      moved(base, this.#axis, this.#other[this.#axis] as number),
      moved(this.#other, this.#axis, base[this.#axis] as number),
    ]);
  }

  #afterTest(): void {
    const [first = 0, second = 0] = this.#scores;
    const before = this.#baseScore + this.#otherScore;
    const size = Math.abs(this.#baseScore) + Math.abs(this.#otherScore) + Math.abs(first) + Math.abs(second);
    if (!(Math.abs(before - first - second) <= TOLERANCE * size)) {
      this.#finish();
      return;
    }
    this.#axis += 1;
    if (this.#axis < this.#tools.cube.dimensions) this.#beginTest();
    else this.#beginRound();
  }

  #finish(): void {
    this.#stage = 'done';
    this.#ask([]);
  }

  #beginRound(): void {
    this.#axis = 0;
    this.#beginLine();
  }

  #beginLine(): void {
    const { cube, random } = this.#tools;
    const axis = this.#axis;
    const here = this.#base[axis] as number;
    this.#stage = 'grid';
    if (this.#round > 0) {
      this.#ask([here - POLISH_WIDTH, here + POLISH_WIDTH].map((at) => moved(this.#base, axis, at)));
      return;
    }
    const values = Math.round(1 / (cube.resolution[axis] as number));
    const count = Math.min(GRID, values);
    const offset = count === values ? 0.5 : random.uniform();
    this.#ask(Array.from({ length: count }, (_, index) => moved(this.#base, axis, (index + offset) / count)));
  }

  #afterGrid(): void {
    const axis = this.#axis;
    const at = this.#batch.map((point) => point[axis] as number);
    const line = [...at.map((position, index) => [position, this.#scores[index] as number] as const)];
    line.push([this.#base[axis] as number, this.#baseScore]);
    this.#brackets = hollows(line).slice(0, HOLLOWS);
    for (const bracket of this.#brackets) this.#take(bracket);
    this.#steps = 0;
    this.#stage = this.#round === 0 ? 'hollows' : 'bottom';
    this.#continue();
  }

  /** The next step, in whichever hollow it is due; or the next line. */
  #continue(): void {
    const unordered = this.#tools.cube.unordered[this.#axis] === 1;
    if (this.#stage === 'hollows' && this.#steps >= FIRST_STEPS * this.#brackets.length) {
      this.#brackets.sort((a, b) => a[4] - b[4]);
      this.#stage = 'bottom';
      this.#steps = 0;
    }
    const place = this.#place();
    const bracket = this.#brackets[place];
    const resolution = this.#tools.cube.resolution[this.#axis] as number;
    const at = bracket === undefined || unordered ? null : nextStep(bracket, resolution, this.#steps);
    if (at !== null) {
      this.#ask([moved(this.#base, this.#axis, at)]);
    } else if (this.#stage === 'hollows' && !unordered) {
      this.#steps += 1;
      this.#continue();
    } else {
      this.#nextLine();
    }
  }

  #place(): number {
    return this.#stage === 'hollows' ? Math.floor(this.#steps / FIRST_STEPS) : 0;
  }

  #afterStep(): void {
    const place = this.#place();
    const at = (this.#batch[0] as Float64Array)[this.#axis] as number;
    const bracket = withScore(this.#brackets[place] as Bracket, at, this.#scores[0] as number);
    this.#brackets[place] = bracket;
    this.#take(bracket);
    this.#steps += 1;
    if (this.#stage === 'bottom' && this.#steps >= LAST_STEPS) this.#nextLine();
    else this.#continue();
  }

  #take([, at, , , score]: Bracket): void {
    if (score >= this.#baseScore) return;
    this.#base = moved(this.#base, this.#axis, at);
    this.#baseScore = score;
  }

  #nextLine(): void {
    this.#axis += 1;
    if (this.#axis < this.#tools.cube.dimensions) {
      this.#beginLine();
      return;
    }
    this.#round += 1;
    if (this.#round < ROUNDS) this.#beginRound();
    else this.#finish();
  }
}

function moved(point: Float64Array, axis: number, at: number): Float64Array {
  const next = point.slice();
  next[axis] = Math.min(1, Math.max(0, at));
  return next;
}
