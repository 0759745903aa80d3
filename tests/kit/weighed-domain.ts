/** A domain whose performance is the sum of its weights, plus noise of the seat's data. Loaded by path, as a user's is. */
import { Random } from '../../gpu-workers/random.js';
import type { Domain, DomainSpec } from '../../gpu-workers/types.js';

export const weighedModule = import.meta.url;

export function createDomain(spec: DomainSpec): Domain {
  return {
    spec,
    async prepare() {},
    async train() {
      return { weights: new Uint8Array([1, 2, 3]), epochs: 1 };
    },
    async evaluate(_genome, weights, dataSeed) {
      const noise = Random.fromSeed(dataSeed, 'weighed/evaluation').uniform() / 10;
      const performance = weights.reduce((sum, weight) => sum + weight, noise);
      const shown = new Float64Array([noise]);
      return { performance, standardError: 0.1, samples: 1, data: [shown], outputs: [weights] };
    },
    async predict() {
      return null;
    },
  };
}
