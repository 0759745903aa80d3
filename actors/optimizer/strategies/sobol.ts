/**
 * Sobol points: every box of a fine enough grid gets its share (Sobol 1967), with the direction numbers of Joe & Kuo
 * (2008, new-joe-kuo-6) and a digital shift drawn from the seed. They cover 21 dimensions, beyond which two-dimensional
 * projections get worse and no search covers the space anyway: further parameters are uniform.
 */
import * as z from 'zod';
import type { Method, MethodTools, Trial } from './method.js';
import { packedFloats, packFloats } from './packed.js';

/** Polynomial's degree, its coefficients as bits, and first direction numbers, from the second dimension on. */
const JOE_KUO: readonly (readonly [degree: number, coefficients: number, first: readonly number[]])[] = [
  [1, 0, [1]],
  [2, 1, [1, 3]],
  [3, 1, [1, 3, 1]],
  [3, 2, [1, 1, 1]],
  [4, 1, [1, 1, 3, 3]],
  [4, 4, [1, 3, 5, 13]],
  [5, 2, [1, 1, 5, 5, 17]],
  [5, 4, [1, 1, 5, 5, 5]],
  [5, 7, [1, 1, 7, 11, 19]],
  [5, 11, [1, 1, 5, 1, 1]],
  [5, 13, [1, 1, 1, 3, 11]],
  [5, 14, [1, 3, 5, 5, 31]],
  [6, 1, [1, 3, 3, 9, 7, 49]],
  [6, 13, [1, 1, 1, 15, 21, 21]],
  [6, 16, [1, 3, 1, 13, 27, 49]],
  [6, 19, [1, 1, 1, 15, 7, 5]],
  [6, 22, [1, 3, 1, 15, 13, 25]],
  [6, 25, [1, 1, 5, 5, 19, 61]],
  [7, 1, [1, 3, 7, 11, 23, 15, 103]],
  [7, 4, [1, 3, 7, 13, 13, 15, 69]],
];
export const SOBOL_DIMENSIONS = JOE_KUO.length + 1;
const BITS = 32;
const DIRECTIONS: readonly Uint32Array[] = Array.from({ length: SOBOL_DIMENSIONS }, (_, axis) => directionsOf(axis));
const TWO_TO_32 = 4_294_967_296;

/** Coordinate of a point, as 32 binary digits after the point; in the order of the Gray code, as everybody has it. */
export function sobolDigits(axis: number, index: number): number {
  const directions = DIRECTIONS[axis] as Uint32Array;
  let digits = 0;
  for (let gray = index ^ (index >>> 1), bit = 0; gray !== 0; gray >>>= 1, bit += 1) {
    if ((gray & 1) === 1) digits ^= directions[bit] as number;
  }
  return digits >>> 0;
}

const savedSobol = (n: number) =>
  z.object({
    index: z
      .int()
      .min(0)
      .max(TWO_TO_32 - 1),
    shifts: packedFloats(n),
  });

export class Sobol implements Method {
  readonly size = 0;
  readonly #tools: MethodTools;
  readonly #shifts: Float64Array;
  #index: number;

  constructor(tools: MethodTools, saved?: unknown) {
    this.#tools = tools;
    const state = saved === undefined ? null : savedSobol(tools.cube.dimensions).parse(saved);
    this.#index = state?.index ?? 0;
    this.#shifts = state?.shifts ?? Float64Array.from(tools.cube.resolution, () => tools.random.uint32());
  }

  propose(): Trial {
    const { random, cube } = this.#tools;
    const point = new Float64Array(cube.dimensions);
    for (let axis = 0; axis < point.length; axis += 1) {
      const digits = axis < SOBOL_DIMENSIONS ? sobolDigits(axis, this.#index) : random.uint32();
      point[axis] = ((digits ^ (this.#shifts[axis] as number)) >>> 0) / TWO_TO_32;
    }
    this.#index = (this.#index + 1) % TWO_TO_32;
    return { point, notes: [] };
  }

  learn(): void {}
  adopt(): void {}
  drop(): void {}

  toJSON(): z.input<ReturnType<typeof savedSobol>> {
    return { index: this.#index, shifts: packFloats(this.#shifts) };
  }
}

/** The recurrence of Bratley & Fox (1988), ACM algorithm 659. */
function directionsOf(axis: number): Uint32Array {
  const row = JOE_KUO[axis - 1];
  if (row === undefined) return Uint32Array.from({ length: BITS }, (_, bit) => (1 << (BITS - 1 - bit)) >>> 0);
  const [degree, coefficients, first] = row;
  const directions = new Uint32Array(BITS);
  for (let bit = 0; bit < BITS; bit += 1) {
    if (bit < degree) {
      directions[bit] = (first[bit] as number) << (BITS - 1 - bit);
      continue;
    }
    const back = directions[bit - degree] as number;
    let value = back ^ (back >>> degree);
    for (let k = 1; k < degree; k += 1) {
      if (((coefficients >>> (degree - 1 - k)) & 1) === 1) value ^= directions[bit - k] as number;
    }
    directions[bit] = value;
  }
  return directions;
}
