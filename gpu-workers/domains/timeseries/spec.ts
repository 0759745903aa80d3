/** What consensus knows of `timeseries` and `timeseries-7`: forecast a load one or seven hours ahead. */
import { NANO } from '../../../runtime/genome/space.js';
import type { DomainSpec } from '../../types.js';

interface Horizon {
  readonly hours: number;
  /** Of what good models gain, the thirtieth part or so: one unit of work. */
  readonly incrementScaleNano: number;
  /** About three standard errors of a good model. */
  readonly toleranceFloorNano: number;
  /** Three times and more above the largest of twelve random genomes and the corners of the space, after little training too. */
  readonly noiseNano: number;
}

const HORIZONS: Readonly<Record<string, Horizon>> = {
  timeseries: { hours: 1, incrementScaleNano: 2_000_000, toleranceFloorNano: 10_000_000, noiseNano: 30_000_000 },
  'timeseries-7': { hours: 7, incrementScaleNano: 20_000_000, toleranceFloorNano: 60_000_000, noiseNano: 100_000_000 },
};

/** Hours ahead; null for an id that names no such domain. */
export function horizonOf(domainId: string): number | null {
  return horizonNamed(domainId)?.hours ?? null;
}

function horizonNamed(domainId: string): Horizon | null {
  return Object.hasOwn(HORIZONS, domainId) ? (HORIZONS[domainId] as Horizon) : null;
}

export function timeseriesSpec(domainId: string): DomainSpec | null {
  const horizon = horizonNamed(domainId);
  if (horizon === null) return null;
  const { incrementScaleNano, toleranceFloorNano, noiseNano } = horizon;
  return {
    domainId,
    module: 'timeseries',
    metric: 'error_above_naive',
    direction: 'minimize',
    space: [
      { name: 'architecture', kind: 'categorical', choices: ['tcn', 'lstm'] },
      { name: 'width', kind: 'int', low: 8, high: 48, log: true },
      { name: 'layers', kind: 'int', low: 2, high: 5 },
      { name: 'kernel_size', kind: 'int', low: 2, high: 3 },
      { name: 'window', kind: 'int', low: 12, high: 36 },
      { name: 'learning_rate', kind: 'float', low: 300_000, high: 30_000_000, log: true },
      { name: 'batch_size', kind: 'categorical', choices: ['32', '64', '128'] },
      { name: 'epochs', kind: 'int', low: 2, high: 20 },
      { name: 'weight_decay', kind: 'float', low: 1_000, high: 100_000_000, log: true },
    ],
    // The naive forecast.
    baselineNano: 0,
    incrementScaleNano,
    toleranceFloorNano,
    noiseNano,
    synthetic: true,
    verification: 'exact',
    weightNano: NANO,
    limits: { trainingSeconds: 120, memoryMb: 1024, epochs: 50, batchSize: 512, blobBytes: 1_000_000 },
  };
}
