/** A timeseries genome as the trainer uses it. */
import type { GenomeValues } from '../../../runtime/genome/space.js';
import { taskFailure } from '../../failures.js';
import { countOf, type Shape } from '../../models/parameters.js';
import { INPUTS, LONGEST_WINDOW } from './windows.js';

/** What a model looks like: decides the number and meaning of its parameters. */
export interface Architecture {
  readonly kind: 'tcn' | 'lstm';
  /** Filters of each layer, or units. */
  readonly width: number;
  /** Of the TCN; idle in the LSTM. Layer i has dilation 2^i. */
  readonly layers: number;
  /** Moments that one filter of the TCN sees; idle in the LSTM. */
  readonly kernelSize: number;
  /** Hours that the model sees. */
  readonly window: number;
}

export interface Settings extends Architecture {
  readonly learningRate: number;
  readonly batchSize: number;
  readonly epochs: number;
  readonly weightDecay: number;
}

/** Whatever a network file's space allows: what a step of training takes must stay within seconds and megabytes. */
const BOUNDS = { width: 256, layers: 8, kernelSize: 8, window: LONGEST_WINDOW, batchSize: 512, epochs: 5_000 } as const;

/** Throws `bad-genome` when the network file's space lacks a parameter, or allows more than any model here may have. */
export function readSettings(genome: GenomeValues): Settings {
  const number = (name: string) => {
    const value = Number(genome[name]);
    if (!Number.isFinite(value)) throw taskFailure('bad-genome', `${name} = ${genome[name]} is not a number`);
    return value;
  };
  const size = (name: string, most: number) => {
    const value = number(name);
    if (Number.isInteger(value) && value >= 1 && value <= most) return value;
    throw taskFailure('bad-genome', `${name} = ${value} is not a whole number from 1 to ${most}`);
  };
  const kind = genome.architecture;
  if (kind !== 'tcn' && kind !== 'lstm')
    throw taskFailure('bad-genome', `architecture = ${kind} is neither tcn nor lstm`);
  return {
    kind,
    width: size('width', BOUNDS.width),
    layers: size('layers', BOUNDS.layers),
    kernelSize: size('kernel_size', BOUNDS.kernelSize),
    window: size('window', BOUNDS.window),
    learningRate: number('learning_rate'),
    batchSize: size('batch_size', BOUNDS.batchSize),
    epochs: size('epochs', BOUNDS.epochs),
    weightDecay: number('weight_decay'),
  };
}

/** Of each layer its matrix and its biases; the last two are the output's. */
export function shapesOf({ kind, width, layers, kernelSize }: Architecture): readonly Shape[] {
  const output = [[width, 1], [1]];
  if (kind === 'lstm') return [[INPUTS, 4 * width], [width, 4 * width], [4 * width], ...output];
  const convolutions = Array.from({ length: layers }, (_, layer) => [
    [kernelSize * (layer === 0 ? INPUTS : width), width],
    [width],
  ]);
  return [...convolutions.flat(), ...output];
}

/** The sizes that weights state at their head. */
export function sizesOf(architecture: Architecture): readonly number[] {
  return [...shapesOf(architecture).map((shape) => shape[0] as number), countOf(shapesOf(architecture))];
}
