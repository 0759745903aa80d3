/**
 * Seeded random numbers whose bits are the same on every machine and Node version: integer state, exact divisions, and
 * logarithm and sine from `@stdlib`, because the engine's own differ between versions and processors.
 *
 * The generator is xoshiro128** 1.1 (Blackman & Vigna 2018, https://prng.di.unimi.it/xoshiro128starstar.c), which needs
 * only 32-bit integers; its state is the head of SHA-256 over a label and the 32-byte seed, so that two uses of one
 * seed are independent streams. It is fast and well spread, not secret: never make keys or salts with it.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import ln from '@stdlib/math-base-special-ln';
import sincos from '@stdlib/math-base-special-sincos';

/** Everything a stream is, as plain JSON: four 32-bit words, and the second half of the last Gaussian pair. */
export interface RandomState {
  readonly words: readonly [number, number, number, number];
  readonly spare: number | null;
}

const TWO_PI = 6.283185307179586;

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;
  #spare: number | null;

  constructor(state: RandomState) {
    [this.#a, this.#b, this.#c, this.#d] = state.words;
    this.#spare = state.spare;
  }

  /** The stream named `label` of a seed. */
  static fromSeed(seed: Uint8Array, label: string): Random {
    const digest = sha256(concatBytes(utf8ToBytes(`doin/random/${label}\0`), seed));
    const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength);
    const word = (index: number) => view.getInt32(index * 4, true);
    // An all-zero state would stay zero forever; a hash has no reason to give one, yet one bit rules it out.
    return new Random({ words: [word(0), word(1), word(2), word(3) | 1], spare: null });
  }

  state(): RandomState {
    return { words: [this.#a, this.#b, this.#c, this.#d], spare: this.#spare };
  }

  /** 32 random bits as a non-negative integer. */
  uint32(): number {
    const scrambled = Math.imul(rotateLeft(Math.imul(this.#b, 5), 7), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotateLeft(this.#d, 11);
    return scrambled >>> 0;
  }

  /** Uniform in [0, 1): a 53-bit integer over 2^53, an exact division. */
  uniform(): number {
    return ((this.uint32() >>> 5) * 67_108_864 + (this.uint32() >>> 6)) / 9_007_199_254_740_992;
  }

  /** Uniform integer in [0, bound) for bounds up to 2^32, without modulo bias: the uneven tail is drawn again. */
  below(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > 4_294_967_296) {
      throw new RangeError(`bound = ${bound} is not an integer in 1..2^32`);
    }
    const limit = 4_294_967_296 - (4_294_967_296 % bound);
    for (;;) {
      const value = this.uint32();
      if (value < limit) return value % bound;
    }
  }

  /** Standard normal, by the transform of Box & Muller (1958), which gives two at a time. */
  gaussian(): number {
    if (this.#spare !== null) {
      const spare = this.#spare;
      this.#spare = null;
      return spare;
    }
    const radius = Math.sqrt(-2 * ln(1 - this.uniform()));
    const [sine = 0, cosine = 0] = sincos(TWO_PI * this.uniform());
    this.#spare = radius * sine;
    return radius * cosine;
  }

  /** Fisher-Yates, in place. */
  shuffle<T extends { [index: number]: unknown; readonly length: number }>(items: T): T {
    for (let last = items.length - 1; last > 0; last -= 1) {
      const other = this.below(last + 1);
      const swapped = items[last];
      items[last] = items[other];
      items[other] = swapped;
    }
    return items;
  }
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
