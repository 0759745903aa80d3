/**
 * The search space as the unit cube, for methods that calculate with vectors. Every value of a parameter owns an equally
 * long piece of its axis, equally long in the logarithm for log parameters, so that integers and choices at the ends of
 * a range are as likely as the others. Outside of the cube the space goes on as in mirrors: an optimum at a bound stays
 * an optimum, and no candidate is wasted.
 */

import exp from '@stdlib/math-base-special-exp';
import ln from '@stdlib/math-base-special-ln';
import { type Genome, integerRange, type ParameterSpec, type Space } from '../../../runtime/genome/space.js';

/** Parameters with fewer values than this are searched as steps, not as a continuum. */
const COARSE_VALUES = 1000;

interface Axis {
  readonly low: number;
  readonly high: number;
  /** Where the pieces begin and how long all of them are together, in the logarithm for log parameters. */
  readonly start: number;
  readonly length: number;
  readonly log: boolean;
}

export class Cube {
  readonly dimensions: number;
  /** Length of one value on its axis; for log parameters that of the middle of the range. */
  readonly resolution: Float64Array;
  /** 1 where the parameter is a choice: values without an order. */
  readonly unordered: Uint8Array;
  /** 1 where values are few enough that a step between two of them matters. */
  readonly coarse: Uint8Array;
  readonly #axes: readonly Axis[];

  constructor(space: Space) {
    this.dimensions = space.length;
    this.#axes = space.map(axisOf);
    this.resolution = Float64Array.from(this.#axes, ({ low, high }) => 1 / (high - low + 1));
    this.unordered = Uint8Array.from(space, ({ kind }) => (kind === 'categorical' ? 1 : 0));
    this.coarse = Uint8Array.from(this.#axes, ({ low, high }) => (high - low < COARSE_VALUES ? 1 : 0));
  }

  /** The middle of each value's piece. */
  toPoint(genome: Genome): Float64Array {
    const point = new Float64Array(this.dimensions);
    for (let index = 0; index < point.length; index += 1) {
      const { low, start, length, log } = this.#axes[index] as Axis;
      const value = genome[index] as number;
      point[index] = log ? (ln(value) - start) / length : (value - low + 0.5) / length;
    }
    return point;
  }

  toGenome(point: Float64Array): Genome {
    const genome = new Array<number>(this.dimensions);
    for (let index = 0; index < genome.length; index += 1) {
      const { low, high, start, length, log } = this.#axes[index] as Axis;
      const at = mirrored(point[index] as number);
      const value = log ? Math.round(exp(start + at * length)) : low + Math.floor(at * length);
      genome[index] = value < low ? low : value > high ? high : value;
    }
    return genome;
  }

  /** Moves a point into the cube, as `toGenome` reads it. */
  mirror(point: Float64Array): void {
    for (let index = 0; index < point.length; index += 1) point[index] = mirrored(point[index] as number);
  }
}

function axisOf(parameter: ParameterSpec): Axis {
  const [low, high] = integerRange(parameter);
  const log = parameter.kind !== 'categorical' && parameter.log === true;
  if (log && low <= 0) throw new RangeError(`${parameter.name}: a log parameter needs low > 0, not ${low}`);
  if (!log) return { low, high, start: low, length: high - low + 1, log };
  const start = ln(low - 0.5);
  return { low, high, start, length: ln(high + 0.5) - start, log };
}

/** A triangle wave of period 2: 0..1 goes up, 1..2 comes down. */
function mirrored(value: number): number {
  if (value >= 0 && value <= 1) return value;
  const phase = value - 2 * Math.floor(value / 2);
  // Infinite or undefined coordinates, of a method that diverged, become the middle.
  return phase >= 0 && phase <= 2 ? (phase <= 1 ? phase : 2 - phase) : 0.5;
}
