/** What consensus knows of `digits`: recognise handwritten digits, on images distorted anew for every evaluator. */
import { NANO } from '../../../runtime/genome/space.js';
import type { DomainSpec } from '../../types.js';

export const digitsSpec: DomainSpec = {
  domainId: 'digits',
  module: 'digits',
  metric: 'accuracy',
  direction: 'maximize',
  space: [
    { name: 'learning_rate', kind: 'float', low: 300_000, high: 300_000_000, log: true },
    { name: 'hidden_layers', kind: 'int', low: 1, high: 2 },
    { name: 'hidden_units_1', kind: 'int', low: 8, high: 128, log: true },
    { name: 'hidden_units_2', kind: 'int', low: 8, high: 128, log: true },
    { name: 'batch_size', kind: 'categorical', choices: ['16', '32', '64', '128'] },
    { name: 'epochs', kind: 'int', low: 2, high: 40 },
    { name: 'weight_decay', kind: 'float', low: 1_000, high: 100_000_000, log: true },
    { name: 'augmentation', kind: 'float', low: 0, high: 2 * NANO },
  ],
  // Guessing one of ten digits.
  baselineNano: 100_000_000,
  // One point of accuracy is one unit of work.
  incrementScaleNano: 10_000_000,
  // Three standard errors of an accuracy near 0.93 over 1795 images.
  toleranceFloorNano: 20_000_000,
  // Of an accuracy of 0.5, where it is largest, over 1795 images: 0.0118.
  noiseNano: 12_000_000,
  synthetic: true,
  verification: 'exact',
  weightNano: NANO,
  limits: { trainingSeconds: 60, memoryMb: 1024, epochs: 100, batchSize: 512, blobBytes: 1_000_000 },
};
