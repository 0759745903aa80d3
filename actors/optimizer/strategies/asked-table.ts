/**
 * The genomes that were asked, and their results, by 53-bit hash: a set of strings costs more than a step of a search.
 * Two genomes with one hash, odds of one in two million among 100,000, cost no more than one of them never being tried.
 */
import * as z from 'zod';
import { type Genome, integerRange, type Space } from '../../../runtime/genome/space.js';
import { packedFloats, packFloats } from './packed.js';

const FIRST_CAPACITY = 256;

/** Hashes and results (NaN: failed, -Infinity: out) in the order of asking. */
export const savedTable = z
  .object({ hashes: packedFloats(), results: packedFloats() })
  .refine(({ hashes, results }) => hashes.length === results.length && hashes.every(isHash), {
    error: 'no such table',
  });

export class AskedTable {
  #size = 0;
  #hashes = new Float64Array(FIRST_CAPACITY);
  #results = new Float64Array(FIRST_CAPACITY);
  /** Open addressing, at most half full: place in the two arrays above, plus one; 0 is free. */
  #slots = new Int32Array(2 * FIRST_CAPACITY);

  constructor(saved?: z.output<typeof savedTable>) {
    saved?.hashes.forEach((hash, index) => {
      const slot = this.#slotOf(hash);
      if (this.#slots[slot] === 0) this.#insert(slot, hash, saved.results[index] as number);
    });
  }

  /** False when the genome is there already. */
  add(genome: Genome): boolean {
    const hash = hashOf(genome);
    const slot = this.#slotOf(hash);
    if (this.#slots[slot] !== 0) return false;
    this.#insert(slot, hash, Number.NEGATIVE_INFINITY);
    return true;
  }

  settle(genome: Genome, result: number): void {
    const place = this.#slots[this.#slotOf(hashOf(genome))] as number;
    if (place > 0) this.#results[place - 1] = result;
  }

  /** Null while it is out or unknown; NaN when it failed. */
  result(genome: Genome): number | null {
    const place = this.#slots[this.#slotOf(hashOf(genome))] as number;
    if (place === 0) return null;
    const result = this.#results[place - 1] as number;
    return result === Number.NEGATIVE_INFINITY ? null : result;
  }

  toJSON(): z.input<typeof savedTable> {
    return {
      hashes: packFloats(this.#hashes.subarray(0, this.#size)),
      results: packFloats(this.#results.subarray(0, this.#size)),
    };
  }

  #insert(slot: number, hash: number, result: number): void {
    this.#hashes[this.#size] = hash;
    this.#results[this.#size] = result;
    this.#size += 1;
    this.#slots[slot] = this.#size;
    if (this.#size === this.#hashes.length) this.#grow();
  }

  #slotOf(hash: number): number {
    const mask = this.#slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const place = this.#slots[slot] as number;
      if (place === 0 || this.#hashes[place - 1] === hash) return slot;
    }
  }

  #grow(): void {
    this.#hashes = grown(this.#hashes);
    this.#results = grown(this.#results);
    this.#slots = new Int32Array(2 * this.#hashes.length);
    for (let place = 1; place <= this.#size; place += 1) {
      this.#slots[this.#slotOf(this.#hashes[place - 1] as number)] = place;
    }
  }
}

/** Tells one search space from another; a state saved for one means nothing in the other. */
export function fingerprint(space: Space): number {
  const kinds = ['int', 'float', 'categorical'];
  return hashOf(
    space.flatMap((parameter) => {
      const log = parameter.kind !== 'categorical' && parameter.log === true;
      return [kinds.indexOf(parameter.kind), log ? 1 : 0, ...integerRange(parameter)];
    }),
  );
}

/** Two lanes of 32 bits through the finaliser of MurmurHash3 (Appleby 2011). */
function hashOf(integers: readonly number[]): number {
  let first = 0x2f72b421;
  let second = integers.length;
  for (const value of integers) {
    const high = Math.floor(value / 4_294_967_296) | 0;
    first = mix(first ^ mix(second ^ (value | 0)));
    second = mix(second ^ first ^ high);
  }
  return (first >>> 0) * 2_097_152 + (second >>> 11);
}

function mix(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

function isHash(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function grown(values: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * values.length);
  larger.set(values);
  return larger;
}
