/** A digits genome as the trainer uses it. */
import type { GenomeValues } from '../../../runtime/genome/space.js';
import { taskFailure } from '../../failures.js';
import { CLASSES, PIXELS } from './images.js';
import type { LayerSizes } from './weights.js';

export interface Settings {
  readonly learningRate: number;
  readonly layerSizes: LayerSizes;
  readonly batchSize: number;
  readonly epochs: number;
  readonly weightDecay: number;
  /** Strength of the distortion of training images; 0 trains on them as they are. */
  readonly augmentation: number;
}

/** Throws `bad-genome` when the network file's space lacks a parameter. With one hidden layer, the second size is idle. */
export function readSettings(genome: GenomeValues): Settings {
  const number = (name: string) => {
    const value = Number(genome[name]);
    if (!Number.isFinite(value)) throw taskFailure('bad-genome', `${name} = ${genome[name]} is not a number`);
    return value;
  };
  const hidden = [number('hidden_units_1'), number('hidden_units_2')].slice(0, number('hidden_layers'));
  return {
    learningRate: number('learning_rate'),
    layerSizes: [PIXELS, ...hidden, CLASSES],
    batchSize: number('batch_size'),
    epochs: number('epochs'),
    weightDecay: number('weight_decay'),
    augmentation: number('augmentation'),
  };
}
