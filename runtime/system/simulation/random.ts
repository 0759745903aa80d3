/**
 * The one source of chance in a simulation: a stream for each use, all from the seed, so that drawing once more in one
 * place does not move the others. The generator is sfc32 (Chris Doty-Humphrey, PractRand): integers only, hence the
 * same numbers on every machine. Well spread, not secret.
 */
import { createHash } from 'node:crypto';

export class SimulationRandom {
  readonly #seed: string;
  #a: number;
  #b: number;
  #c: number;
  #count = 1;

  constructor(seed: string) {
    this.#seed = seed;
    const digest = createHash('sha256').update(`doin/simulation/${seed}`).digest();
    this.#a = digest.readInt32LE(0);
    this.#b = digest.readInt32LE(4);
    this.#c = digest.readInt32LE(8);
  }

  /** An independent stream named after its use. */
  stream(name: string): SimulationRandom {
    return new SimulationRandom(`${this.#seed}/${name}`);
  }

  uint32(): number {
    const sum = (this.#a + this.#b + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  /** Uniform between two bounds. */
  between([low, high]: readonly [low: number, high: number]): number {
    return low + this.uniform() * (high - low);
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let index = 0; index < length; index += 1) bytes[index] = this.uint32() >>> 24;
    return bytes;
  }
}
