/**
 * The classic test functions, in 10 dimensions unless told otherwise, minimum 0, moved (and turned) by a seed so that no method can profit from
 * the middle, the axes or round numbers. Shifts as in BBOB (Hansen et al. 2009): within 80 % of the range, 60 % for
 * Rosenbrock.
 */
import { Random } from '../../gpu-workers/random.js';
import { type Genome, NANO, type Space } from '../../runtime/genome/space.js';

type Formula = (z: readonly number[]) => number;

export interface TestFunction {
  readonly name: string;
  readonly space: Space;
  value(genome: Genome): number;
}

const DIMENSIONS = 10;

const FUNCTIONS: Record<string, { formula: Formula; bound: number; rotated?: boolean; shift?: number }> = {
  sphere: { formula: sphere, bound: 5 },
  Rosenbrock: { formula: rosenbrock, bound: 5, shift: 0.6 },
  ellipsoid: { formula: ellipsoid, bound: 5 },
  'rotated ellipsoid': { formula: ellipsoid, bound: 5, rotated: true },
  Ackley: { formula: ackley, bound: 32 },
  Rastrigin: { formula: rastrigin, bound: 5 },
  'rotated Rastrigin': { formula: rastrigin, bound: 5, rotated: true },
};

export const FUNCTION_NAMES = Object.keys(FUNCTIONS);

export function testFunction(name: string, seed: number, dimensions = DIMENSIONS): TestFunction {
  const { formula, bound, rotated = false, shift = 0.8 } = FUNCTIONS[name]!;
  const random = Random.fromSeed(new Uint8Array(32).fill(seed), `function/${name}`);
  const offset = Array.from({ length: dimensions }, () => (2 * random.uniform() - 1) * shift * bound);
  const rotation = rotated ? rotationMatrix(random, dimensions) : null;
  return {
    name,
    space: Array.from({ length: dimensions }, (_, index) => ({
      name: `x${index}`,
      kind: 'float' as const,
      low: -bound * NANO,
      high: bound * NANO,
    })),
    value(genome) {
      const moved = genome.map((value, index) => value / NANO - offset[index]!);
      return formula(rotation === null ? moved : rotation.map((row) => dot(row, moved)));
    },
  };
}

function sphere(z: readonly number[]): number {
  return dot(z, z);
}

/** Its minimum is at 1 in every coordinate, so the shifted function adds it. */
function rosenbrock(z: readonly number[]): number {
  let sum = 0;
  for (let index = 0; index + 1 < z.length; index += 1) {
    const [x, y] = [z[index]! + 1, z[index + 1]! + 1];
    sum += 100 * (y - x * x) ** 2 + (1 - x) ** 2;
  }
  return sum;
}

function ellipsoid(z: readonly number[]): number {
  return z.reduce((sum, value, index) => sum + 10 ** ((6 * index) / (z.length - 1)) * value * value, 0);
}

function ackley(z: readonly number[]): number {
  const cosines = z.reduce((sum, value) => sum + Math.cos(2 * Math.PI * value), 0) / z.length;
  return 20 - 20 * Math.exp(-0.2 * Math.sqrt(dot(z, z) / z.length)) + Math.E - Math.exp(cosines);
}

function rastrigin(z: readonly number[]): number {
  return z.reduce((sum, value) => sum + value * value + 10 * (1 - Math.cos(2 * Math.PI * value)), 0);
}

/** Gaussian rows, made orthonormal (Gram-Schmidt): uniform over all rotations and reflections. */
function rotationMatrix(random: Random, dimensions: number): number[][] {
  const rows: number[][] = [];
  for (let count = 0; count < dimensions; count += 1) {
    let row = Array.from({ length: dimensions }, () => random.gaussian());
    for (const other of rows) {
      const along = dot(row, other);
      row = row.map((value, index) => value - along * other[index]!);
    }
    const length = Math.sqrt(dot(row, row));
    rows.push(row.map((value) => value / length));
  }
  return rows;
}

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum += a[index]! * b[index]!;
  return sum;
}
