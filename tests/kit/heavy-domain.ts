/** A domain whose weights are large and whose performance is its only gene. Loaded by path, as a user's is. */

import type { Domain, DomainSpec } from '../../gpu-workers/types.js';
import { NANO } from '../../runtime/genome/space.js';

export const HEAVY_BYTES = 400_000;

export const heavySpec: DomainSpec = {
  domainId: 'heavy',
  module: import.meta.url,
  metric: 'gene',
  direction: 'maximize',
  space: [{ name: 'gene', kind: 'float', low: 0, high: 100 * NANO }],
  baselineNano: 0,
  incrementScaleNano: NANO,
  toleranceFloorNano: NANO,
  noiseNano: NANO,
  synthetic: true,
  verification: 'exact',
  weightNano: NANO,
  limits: { trainingSeconds: 10, memoryMb: 256, epochs: 1, batchSize: 1, blobBytes: HEAVY_BYTES },
};

export function createDomain(spec: DomainSpec): Domain {
  return {
    spec,
    async prepare() {},
    async train(_genome, seed) {
      return {
        weights: new Uint8Array(HEAVY_BYTES).map((_, index) => (seed[index % 32] ?? 0) ^ (index % 251)),
        epochs: 1,
      };
    },
    async evaluate(genome, weights) {
      const performance = Number(genome.gene);
      return { performance, standardError: 0, samples: 1, data: [], outputs: [weights] };
    },
    async predict() {
      return null;
    },
  };
}
