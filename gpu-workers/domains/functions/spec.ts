/** What consensus knows of the test functions: named `rastrigin`, `rotated-ackley`, `sphere-30` (10 dimensions if not said). */
import { toNano } from '../../../runtime/fixed/nano.js';
import { NANO } from '../../../runtime/genome/space.js';
import { Random } from '../../random.js';
import type { DomainSpec } from '../../types.js';
import { FUNCTION_NAMES, type FunctionName } from './formulas.js';
import { BOUND, createLandscape, logError } from './landscape.js';

export const FUNCTIONS_MODULE = 'functions';

const DIMENSIONS = 10;
const MAX_DIMENSIONS = 100;
const NAME = new RegExp(
  `^(?<rotated>rotated-)?(?<name>${FUNCTION_NAMES.join('|')})(?:-(?<dimensions>[1-9]\\d{0,2}))?$`,
);

/** Random points whose median is the baseline. */
const BASELINE_POINTS = 101;

export interface FunctionChoice {
  readonly name: FunctionName;
  readonly dimensions: number;
  readonly rotated: boolean;
}

/** Null for an id that names no test function. */
export function parseFunctionId(domainId: string): FunctionChoice | null {
  const parts = NAME.exec(domainId)?.groups;
  if (parts === undefined) return null;
  const dimensions = Number(parts.dimensions ?? DIMENSIONS);
  // Rosenbrock's valley runs from one coordinate to the next.
  if (dimensions < 2 || dimensions > MAX_DIMENSIONS) return null;
  return { name: parts.name as FunctionName, dimensions, rotated: parts.rotated !== undefined };
}

export function functionSpec(domainId: string): DomainSpec | null {
  const choice = parseFunctionId(domainId);
  if (choice === null) return null;
  return {
    domainId,
    module: FUNCTIONS_MODULE,
    metric: 'log10_error',
    direction: 'minimize',
    space: Array.from({ length: choice.dimensions }, (_, index) => ({
      name: `x${index}`,
      kind: 'float' as const,
      low: -BOUND * NANO,
      high: BOUND * NANO,
    })),
    baselineNano: baselineNano(choice),
    // A tenth of a decade nearer to the optimum is one unit of work: about a hundred on the whole way.
    incrementScaleNano: NANO / 10,
    // The value is exact: votes differ by nothing but their rounding.
    toleranceFloorNano: 1,
    noiseNano: 0,
    synthetic: false,
    verification: 'exact',
    weightNano: NANO,
    limits: { trainingSeconds: 10, memoryMb: 256, epochs: 1, batchSize: 1, blobBytes: 0 },
  };
}

/** What half of all random points reach. */
function baselineNano({ name, dimensions, rotated }: FunctionChoice): number {
  const landscape = createLandscape(name, dimensions, rotated);
  const random = Random.fromSeed(new Uint8Array(32), `functions/${name}/${dimensions}/baseline`);
  const errors = Float64Array.from({ length: BASELINE_POINTS }, () =>
    landscape.error(Float64Array.from({ length: dimensions }, () => (random.uniform() * 2 - 1) * BOUND)),
  ).sort();
  return toNano(logError(errors[BASELINE_POINTS >> 1] as number)) ?? 0;
}
