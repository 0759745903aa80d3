import test from 'ava';
import fc from 'fast-check';
import { factorize, invert, solveLower, solveUpper } from '../../../../actors/optimizer/strategies/cholesky.js';
import { expectedImprovement } from '../../../../actors/optimizer/strategies/expected-improvement.js';
import { GaussianProcess } from '../../../../actors/optimizer/strategies/gaussian-process.js';
import { standardScores } from '../../../../actors/optimizer/strategies/standard-scores.js';
import { Random } from '../../../../gpu-workers/random.js';

const straight = (_: number, from: number, to: number) => to - from;
const random = (label: string) => Random.fromSeed(new Uint8Array(32), label);
const pointsOf = (count: number, dimensions: number) => {
  const source = random('points');
  return Array.from({ length: count }, () => Float64Array.from({ length: dimensions }, () => source.uniform()));
};
const wave = (point: Float64Array) => Math.sin(5 * point[0]!) + point[1]! ** 2;

test('a factor times itself is the matrix, and solves and inverts it', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.nat(), (size, seed) => {
      const source = random(`matrix ${seed}`);
      const half = Float64Array.from({ length: size * size }, () => source.gaussian());
      const at = (row: number, column: number) => {
        let sum = row === column ? 0.1 : 0;
        for (let k = 0; k < size; k += 1) sum += half[row * size + k]! * half[column * size + k]!;
        return sum;
      };
      const matrix = Float64Array.from(half, (_, place) => at(Math.floor(place / size), place % size));
      const factor = matrix.slice();
      t.true(factorize(size, factor));
      const wanted = Float64Array.from({ length: size }, () => source.gaussian());
      const solved = Float64Array.from(wanted, (_, row) =>
        wanted.reduce((sum, value, column) => sum + value * at(row, column), 0),
      );
      solveLower(size, factor, solved);
      solveUpper(size, factor, solved);
      for (const [row, value] of wanted.entries()) t.true(Math.abs(value - solved[row]!) < 1e-6);
      const inverse = invert(size, factor);
      for (let row = 0; row < size; row += 1) {
        let one = 0;
        for (let k = 0; k < size; k += 1) one += at(row, k) * inverse[Math.max(row, k) * size + Math.min(row, k)]!;
        t.true(Math.abs(one - 1) < 1e-6);
      }
    }),
    { numRuns: 50 },
  );
  t.false(factorize(2, Float64Array.of(1, 2, 2, 1)));
});

test('the process goes through what it knows, and is the less sure the further away', (t) => {
  const points = pointsOf(25, 2);
  const model = new GaussianProcess(points, Float64Array.from(points, wave), straight);
  for (const point of points) {
    const { mean, deviation } = model.predict(point);
    t.true(Math.abs(mean - wave(point)) < 0.05, `${mean} for ${wave(point)}`);
    t.true(deviation < 0.1);
  }
  for (const point of [Float64Array.of(0.31, 0.47), Float64Array.of(0.7, 0.6)]) {
    const { mean, deviation } = model.predict(point);
    t.true(Math.abs(mean - wave(point)) < 4 * deviation + 0.1);
  }
  t.true(model.predict(Float64Array.of(3, 3)).deviation > 5 * model.predict(Float64Array.of(0.5, 0.5)).deviation);
});

test('slopes of mean and deviation are those of the finite differences', (t) => {
  const points = pointsOf(12, 3);
  const model = new GaussianProcess(points, Float64Array.from(points, wave), straight);
  const [meanSlope, deviationSlope] = [new Float64Array(3), new Float64Array(3)];
  const point = Float64Array.of(0.33, 0.62, 0.18);
  model.predict(point, meanSlope, deviationSlope);
  for (let axis = 0; axis < 3; axis += 1) {
    const [below, above] = [-1e-5, 1e-5].map((step) => model.predict(point.with(axis, point[axis]! + step)));
    t.true(Math.abs((above!.mean - below!.mean) / 2e-5 - meanSlope[axis]!) < 1e-4);
    t.true(Math.abs((above!.deviation - below!.deviation) / 2e-5 - deviationSlope[axis]!) < 1e-4);
  }
});

test('an axis that does not matter is found to be longer than one that does', (t) => {
  const points = pointsOf(40, 2);
  const model = new GaussianProcess(
    points,
    Float64Array.from(points, ([x = 0]) => Math.sin(9 * x)),
    straight,
  );
  const at = (x: number, y: number) => model.predict(Float64Array.of(x, y)).mean;
  const along = Math.abs(at(0.4, 0.5) - at(0.6, 0.5));
  t.true(Math.abs(at(0.5, 0.4) - at(0.5, 0.6)) < along / 10);
});

test('a point whose result is out makes its surroundings known and changes no expectation', (t) => {
  const points = pointsOf(10, 2);
  const targets = Float64Array.from(points, wave);
  const out = Float64Array.of(0.9, 0.1);
  const [without, withIt] = [points, [...points, out]].map((all) => new GaussianProcess(all, targets, straight));
  const near = Float64Array.of(0.89, 0.11);
  t.true(Math.abs(withIt!.predict(near).mean - without!.predict(near).mean) < 1e-9);
  const [after, before] = [withIt!, without!].map((model) => model.predict(near).deviation);
  t.true(after! < 0.75 * before!, `${after} ${before}`);
});

test('equal points and equal targets are no trouble', (t) => {
  const points = Array.from({ length: 6 }, () => Float64Array.of(0.5, 0.5));
  const { mean, deviation } = new GaussianProcess(points, new Float64Array(6), straight).predict(Float64Array.of(0, 1));
  t.is(mean, 0);
  t.true(deviation >= 0 && deviation < 1);
});

test('expected improvement is the integral it stands for, with its slopes, and never underflows', (t) => {
  const integral = (z: number) => {
    let sum = 0;
    const step = 1e-4;
    for (let gain = step / 2; gain < z + 12 + 20; gain += step) sum += gain * Math.exp(-0.5 * (gain - z) ** 2) * step;
    return sum / Math.sqrt(2 * Math.PI);
  };
  for (const z of [-4, -1, -0.1, 0, 0.1, 1, 4]) {
    const { log, byGain, byDeviation } = expectedImprovement(z);
    t.true(Math.abs(log - Math.log(integral(z))) < 1e-5, `${z}`);
    t.true(Math.abs((expectedImprovement(z + 1e-5).log - expectedImprovement(z - 1e-5).log) / 2e-5 - byGain) < 1e-4);
    // EI = s h(z), so its slope by s is h - z h'.
    t.true(Math.abs(1 - z * byGain - byDeviation) < 1e-6, `${z}`);
  }
  t.true(expectedImprovement(-300).log < expectedImprovement(-200).log);
  t.true(Number.isFinite(expectedImprovement(-1e6).byGain));
});

test('scores become standard ones in the same order; outliers, failures and overflows do not flatten the rest', (t) => {
  const usual = standardScores([1, 2, 3, 4, 5, 1e9, Number.POSITIVE_INFINITY]);
  t.is(usual[5], usual[6]);
  t.true(usual[4]! - usual[0]! > 0.01);
  t.true(Math.abs(usual.reduce((sum, value) => sum + value, 0)) < 1e-9);
  t.deepEqual([...standardScores([7, 7, 7])], [0, 0, 0]);
  t.deepEqual([...standardScores([Number.POSITIVE_INFINITY])], [0]);
  t.true(standardScores([-1.7e308, 0, 1.7e308, 5e-324]).every(Number.isFinite));
  fc.assert(
    fc.property(fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1 }), (scores) => {
      const standard = standardScores(scores);
      for (const [index, score] of scores.entries()) {
        for (const [other, value] of scores.entries()) if (score < value) t.true(standard[index]! <= standard[other]!);
      }
    }),
  );
});
