/** What consensus knows of `quadratic`: find a hidden point; upstream's benchmark domain (one shared, published target). */
import { NANO } from '../../../runtime/genome/space.js';
import type { DomainSpec } from '../../types.js';

/** Candidates lie in [-10, 10] in each coordinate, the target in [-5, 5]. */
const BOUND = 10;

/** `dimensions` coordinates; upstream uses 10. A random point scores -416.7 on average in 10 dimensions. */
export function quadraticSpec(dimensions: number): DomainSpec {
  return {
    domainId: 'quadratic',
    module: 'quadratic',
    metric: 'negative_squared_distance',
    direction: 'maximize',
    space: Array.from({ length: dimensions }, (_, index) => ({
      name: `x${index}`,
      kind: 'float' as const,
      low: -BOUND * NANO,
      high: BOUND * NANO,
    })),
    baselineNano: -42 * dimensions * NANO,
    incrementScaleNano: dimensions * NANO,
    toleranceFloorNano: NANO / 5,
    // At the largest distance of 15 in each coordinate: sqrt(4 x 15^2 x 0.1^2 + 2 x 0.1^4) = 3.00004 each.
    noiseNano: Math.ceil(Math.sqrt(dimensions) * 3_001_000_000),
    synthetic: true,
    verification: 'exact',
    weightNano: NANO,
    limits: { trainingSeconds: 10, memoryMb: 256, epochs: 1, batchSize: 1, blobBytes: 0 },
  };
}
