/** L-SHADE's memory of successful crossover rates and step lengths (Tanabe & Fukunaga 2014, section III). */
import sincos from '@stdlib/math-base-special-sincos';
import * as z from 'zod';
import type { Random } from '../../../gpu-workers/random.js';
import { packedFloats, packFloats } from './packed.js';

const ENTRIES = 6;
const SPREAD = 0.1;
/** A rate of exactly 0 that won stays: from then on this entry changes one coordinate at a time. */
const TERMINAL = -1;

export const savedMemory = z.object({
  rates: packedFloats(ENTRIES),
  factors: packedFloats(ENTRIES),
  next: z
    .int()
    .min(0)
    .max(ENTRIES - 1),
  successes: z.array(packedFloats(3)),
});

export class SuccessMemory {
  readonly #rates: Float64Array;
  readonly #factors: Float64Array;
  #next: number;
  /** Rate, factor and improvement of each success in this generation. */
  #successes: Float64Array[];

  constructor(saved?: z.output<typeof savedMemory>) {
    this.#rates = saved?.rates ?? new Float64Array(ENTRIES).fill(0.5);
    this.#factors = saved?.factors ?? new Float64Array(ENTRIES).fill(0.5);
    this.#next = saved?.next ?? 0;
    this.#successes = saved?.successes ?? [];
  }

  draw(random: Random): { rate: number; factor: number } {
    const entry = random.below(ENTRIES);
    const centre = this.#rates[entry] as number;
    const rate = centre === TERMINAL ? 0 : Math.min(1, Math.max(0, centre + SPREAD * random.gaussian()));
    for (;;) {
      // Cauchy: the quotient is tan(pi (u - 1/2)).
      const [sine = 0, cosine = 1] = sincos(Math.PI * (random.uniform() - 0.5));
      const factor = (this.#factors[entry] as number) + (SPREAD * sine) / cosine;
      if (factor > 0) return { rate, factor: Math.min(1, factor) };
    }
  }

  note(rate: number, factor: number, improvement: number): void {
    this.#successes.push(Float64Array.of(rate, factor, improvement));
  }

  /** Lehmer means of the successes, weighted by improvement, replace the oldest entry. */
  update(): void {
    if (this.#successes.length === 0) return;
    const [rate, factor] = [this.#lehmerMean(0), this.#lehmerMean(1)];
    this.#rates[this.#next] = this.#rates[this.#next] === TERMINAL || !(rate > 0) ? TERMINAL : rate;
    if (factor > 0) this.#factors[this.#next] = factor;
    this.#next = (this.#next + 1) % ENTRIES;
    this.#successes = [];
  }

  toJSON(): z.input<typeof savedMemory> {
    return {
      rates: packFloats(this.#rates),
      factors: packFloats(this.#factors),
      next: this.#next,
      successes: this.#successes.map(packFloats),
    };
  }

  #lehmerMean(column: 0 | 1): number {
    let [squares, sum] = [0, 0];
    for (const success of this.#successes) {
      const value = success[column] as number;
      const weight = success[2] as number;
      squares += weight * value * value;
      sum += weight * value;
    }
    return sum > 0 ? squares / sum : 0;
  }
}
