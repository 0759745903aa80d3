/** Hostile bytes, and a meter for what reading them costs. */
import { getHeapStatistics } from 'node:v8';

/** Marsaglia's xorshift32: fast enough not to be what a run of millions measures, and repeatable by its seed. */
class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed | 0) === 0 ? 1 : seed | 0;
  }

  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }
}

/** What hurts a careless reader: lengths of 4 GiB, numbers that are none, foreign types, deep nests. */
const POISONS: readonly Uint8Array[] = [
  'ddffffffff',
  'dcffff',
  'c6ffffffff',
  'c5ffff',
  'dbffffffff',
  'dfffffffff',
  'cb7ff8000000000000',
  'cbfff0000000000000',
  'cfffffffffffffffff',
  'd38000000000000000',
  'c0',
  'c3',
  '80',
  'd6ff00000000',
  '91'.repeat(300),
  'ffffffff',
].map((hex) => Buffer.from(hex, 'hex'));

/** The same for text: numbers beyond range, other types, names with a meaning in JavaScript, half a character. */
const TEXT_POISONS: readonly Uint8Array[] = [
  '1e999',
  '-1',
  '0.5',
  'null',
  'true',
  '[]',
  '{}',
  '""',
  '"__proto__":1,',
  '[['.repeat(300),
  '../',
  '%00',
  '\u0000',
  '9'.repeat(400),
].map((text) => Buffer.from(text));

/** An endless supply of byte strings that are nearly right, or not at all. The same seed gives the same strings. */
export class HostileBytes {
  readonly #dice: Dice;
  readonly #own: readonly Uint8Array[];
  readonly #foreign: readonly Uint8Array[];
  readonly #poisons: readonly Uint8Array[];

  constructor(seed: number, own: readonly Uint8Array[], foreign: readonly Uint8Array[], kind: 'bytes' | 'text') {
    this.#dice = new Dice(seed);
    this.#own = own;
    this.#foreign = foreign;
    this.#poisons = kind === 'text' ? TEXT_POISONS : POISONS;
  }

  next(): Uint8Array {
    const roll = this.#dice.below(20);
    if (roll < 2 || this.#own.length === 0) return this.#random(this.#dice.below(400));
    const samples = roll === 2 && this.#foreign.length > 0 ? this.#foreign : this.#own;
    let bytes = this.#pick(samples);
    for (let changes = 1 + this.#dice.below(3); changes > 0; changes -= 1) bytes = this.#changed(bytes);
    return bytes;
  }

  #changed(bytes: Uint8Array): Uint8Array {
    const dice = this.#dice;
    const at = dice.below(bytes.length + 1);
    const length = dice.below(8);
    switch (dice.below(9)) {
      case 0:
        return replaced(bytes, at, 1, Uint8Array.of(dice.below(256)));
      case 1:
        return replaced(bytes, at, 1, Uint8Array.of((bytes[at] ?? 0) ^ (1 << dice.below(8))));
      case 2:
        return bytes.slice(0, at);
      case 3:
        return replaced(bytes, at, length, new Uint8Array(0));
      case 4:
        return replaced(bytes, at, 0, bytes.slice(at, at + length));
      case 5:
        return replaced(bytes, at, 0, this.#random(length));
      case 6:
        return replaced(bytes, at, 0, this.#pick(this.#poisons));
      case 7: {
        const poison = this.#pick(this.#poisons);
        return replaced(bytes, at, poison.length, poison);
      }
      default: {
        const other = this.#pick(this.#own);
        return replaced(bytes, at, bytes.length, other.slice(dice.below(other.length + 1)));
      }
    }
  }

  #pick(from: readonly Uint8Array[]): Uint8Array {
    return from[this.#dice.below(from.length)] ?? new Uint8Array(0);
  }

  #random(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#dice.below(256));
  }
}

function replaced(bytes: Uint8Array, at: number, cut: number, by: Uint8Array): Uint8Array {
  const rest = bytes.subarray(Math.min(bytes.length, at + cut));
  const result = new Uint8Array(at + by.length + rest.length);
  result.set(bytes.subarray(0, at));
  result.set(by, at);
  result.set(rest, at + by.length);
  return result;
}

/**
 * Bytes that were taken from the heap and for buffers while `run` ran. A collection in between hides what it freed, so
 * single answers may be too small; over thousands of runs the largest is what one run can cost.
 */
export function allocatedBy(run: () => unknown): number {
  const before = getHeapStatistics();
  run();
  const after = getHeapStatistics();
  return after.used_heap_size + after.external_memory - before.used_heap_size - before.external_memory;
}
