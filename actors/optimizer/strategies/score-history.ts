/** Whether a run of CMA-ES still gets anywhere: TolFun and stagnation as in Hansen (2009), BI-population CMA-ES. */
import { packFloats } from './packed.js';

/** Differences of scores below the one, or below the other as a share of the score, mean nothing. */
const MIN_DIFFERENCE = 1e-12;
const MIN_SHARE = 1e-7;
/** Generations at either end of the history that are compared, and how often. */
const WINDOW = 20;
const INTERVAL = 10;

export class ScoreHistory {
  readonly #tolWindow: number;
  readonly #limit: number;
  /** By generation, oldest first; the median of each generation beside its best. */
  #bests: number[];
  #medians: number[];

  constructor(n: number, lambda: number, saved: { bests: Float64Array; medians: Float64Array } | null) {
    this.#tolWindow = 10 + Math.ceil((30 * n) / lambda);
    this.#limit = 120 + Math.ceil((30 * n) / lambda);
    this.#bests = [...(saved?.bests ?? [])];
    this.#medians = [...(saved?.medians ?? [])];
  }

  stops(best: number, median: number, worst: number): boolean {
    this.#bests.push(best);
    this.#medians.push(median);
    const noise = Math.max(MIN_DIFFERENCE, MIN_SHARE * Math.abs(best));
    if (worst - best < noise && this.#rangeOfLast(this.#tolWindow) < noise) return true;
    if (this.#bests.length < this.#limit + INTERVAL) return false;
    this.#bests = this.#bests.slice(-this.#limit);
    this.#medians = this.#medians.slice(-this.#limit);
    return stagnates(this.#bests) && stagnates(this.#medians);
  }

  state(): { bests: string; medians: string } {
    return {
      bests: packFloats(Float64Array.from(this.#bests)),
      medians: packFloats(Float64Array.from(this.#medians)),
    };
  }

  #rangeOfLast(count: number): number {
    const last = this.#bests.length - 1;
    if (last + 1 < count) return Number.POSITIVE_INFINITY;
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let index = last; index > last - count; index -= 1) {
      low = Math.min(low, this.#bests[index] as number);
      high = Math.max(high, this.#bests[index] as number);
    }
    return high - low;
  }
}

function stagnates(scores: readonly number[]): boolean {
  return medianOf(scores.slice(-WINDOW)) >= medianOf(scores.slice(0, WINDOW));
}

function medianOf(scores: readonly number[]): number {
  return [...scores].sort((a, b) => a - b)[scores.length >> 1] as number;
}
