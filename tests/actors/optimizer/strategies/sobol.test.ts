import test from 'ava';
import { createStrategy } from '../../../../actors/optimizer/strategies/create.js';
import { SOBOL_DIMENSIONS, sobolDigits } from '../../../../actors/optimizer/strategies/sobol.js';
import { NANO, type Space } from '../../../../runtime/genome/space.js';

/** Sixteenths of the first points that scipy.stats.qmc.Sobol(21, scramble=False) gives. */
const REFERENCE = [
  [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
  [8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8],
  [12, 4, 4, 4, 12, 12, 4, 12, 12, 12, 12, 12, 4, 4, 12, 4, 12, 4, 12, 4, 4],
  [4, 12, 12, 12, 4, 4, 12, 4, 4, 4, 4, 4, 12, 12, 4, 12, 4, 12, 4, 12, 12],
  [6, 6, 10, 14, 6, 2, 6, 14, 14, 10, 14, 6, 6, 10, 6, 14, 6, 14, 14, 2, 2],
  [14, 14, 2, 6, 14, 10, 14, 6, 6, 2, 6, 14, 14, 2, 14, 6, 14, 6, 6, 10, 10],
  [10, 2, 14, 10, 10, 14, 2, 2, 2, 6, 2, 10, 2, 14, 10, 10, 10, 10, 2, 6, 6],
  [2, 10, 6, 2, 2, 6, 10, 10, 10, 14, 10, 2, 10, 6, 2, 2, 2, 2, 10, 14, 14],
  [3, 5, 15, 7, 9, 5, 7, 15, 15, 5, 11, 1, 15, 15, 13, 15, 13, 13, 15, 5, 3],
];

test('points are those of the reference', (t) => {
  for (const [index, row] of REFERENCE.entries()) {
    for (const [axis, sixteenths] of row.entries())
      t.is(sobolDigits(axis, index) >>> 28, sixteenths, `${index}/${axis}`);
  }
});

test('each of 2^k slices of each axis gets one of 2^k points', (t) => {
  for (let axis = 0; axis < SOBOL_DIMENSIONS; axis += 1) {
    const slices = new Set(Array.from({ length: 1024 }, (_, index) => sobolDigits(axis, index) >>> 22));
    t.is(slices.size, 1024, `axis ${axis}`);
  }
});

test('a shifted search keeps that, in more dimensions than there are direction numbers', (t) => {
  const space: Space = Array.from({ length: 25 }, (_, index) => ({
    name: `x${index}`,
    kind: 'float' as const,
    low: 0,
    high: NANO - 1,
  }));
  const strategy = createStrategy('sobol', { space, direction: 'minimize', seed: new Uint8Array(32).fill(9) });
  const genomes = Array.from({ length: 64 }, () => strategy.ask().genome);
  const slicesOf = (axis: number) => new Set(genomes.map((genome) => Math.floor((genome[axis]! * 64) / NANO))).size;
  for (let axis = 0; axis < SOBOL_DIMENSIONS; axis += 1) t.is(slicesOf(axis), 64);
  t.true(slicesOf(SOBOL_DIMENSIONS) < 64);
});
