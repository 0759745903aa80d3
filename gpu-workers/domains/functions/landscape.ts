/**
 * A test function with its optimum moved to a point that no search starts from, and, if asked, with its axes turned, so
 * that no coordinate can be improved alone. Point and rotation are constants of the domain: the same for all nodes.
 */
import ln from '@stdlib/math-base-special-ln';
import { Random } from '../../random.js';
import { type FunctionName, formulas } from './formulas.js';

/** Candidates lie in [-5, 5] in each coordinate, the optimum in [-4, 4]. */
export const BOUND = 5;
const OPTIMUM_BOUND = 4;
/** Below it all is called found: the logarithm needs an end. A genome's 1e-9 steps come as near as that. */
const SMALLEST_ERROR = 1e-12;
const LN_10 = ln(10);

export interface Landscape {
  readonly optimum: Float64Array;
  /** How far the value is above that of the optimum; never negative. */
  error(point: Float64Array): number;
}

export function createLandscape(name: FunctionName, dimensions: number, rotated: boolean): Landscape {
  const label = `functions/${name}/${dimensions}`;
  const random = Random.fromSeed(new Uint8Array(32), `${label}/optimum`);
  const optimum = Float64Array.from({ length: dimensions }, () => (random.uniform() * 2 - 1) * OPTIMUM_BOUND);
  const turn = rotated ? rotation(dimensions, Random.fromSeed(new Uint8Array(32), `${label}/rotation`)) : null;
  const formula = formulas[name];
  // The formula's own minimum lies at the origin, but Rosenbrock's at ones.
  const origin = name === 'rosenbrock' ? 1 : 0;
  return {
    optimum,
    error(point) {
      const offset = point.map((value, index) => value - (optimum[index] as number));
      const turned = turn === null ? offset : Float64Array.from(turn, (row) => dot(row, offset));
      return Math.max(0, formula(turned.map((value) => value + origin)));
    },
  };
}

/** What the domains are measured in: every decade nearer is worth the same. */
export function logError(error: number): number {
  return ln(Math.max(error, SMALLEST_ERROR)) / LN_10;
}

/** Rows of a random orthogonal matrix: Gaussian vectors made orthonormal one after another (Gram & Schmidt, twice for accuracy). */
export function rotation(dimensions: number, random: Random): readonly Float64Array[] {
  const rows: Float64Array[] = [];
  while (rows.length < dimensions) {
    const row = Float64Array.from({ length: dimensions }, () => random.gaussian());
    for (const earlier of [...rows, ...rows]) {
      const share = dot(earlier, row);
      for (let index = 0; index < dimensions; index += 1) {
        row[index] = (row[index] as number) - share * (earlier[index] as number);
      }
    }
    const length = Math.sqrt(dot(row, row));
    rows.push(row.map((value) => value / length));
  }
  return rows;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum += (a[index] as number) * (b[index] as number);
  return sum;
}
