import { createHash } from 'node:crypto';
import test from 'ava';
import { createDomain } from '../../../gpu-workers/domains/functions/domain.js';
import { FUNCTION_NAMES, formulas } from '../../../gpu-workers/domains/functions/formulas.js';
import { createLandscape, logError, rotation } from '../../../gpu-workers/domains/functions/landscape.js';
import { functionSpec } from '../../../gpu-workers/domains/functions/spec.js';
import { Random } from '../../../gpu-workers/random.js';

const seed = new Uint8Array(32).fill(3);
const filled = (value: number) => new Float64Array(10).fill(value);
const near = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b));

test('the formulas give the values of their definitions', (t) => {
  t.is(formulas.sphere(Float64Array.of(1, -2, 3)), 14);
  t.true(near(formulas.ellipsoid(Float64Array.of(1, 1, 1)), 1 + 1e3 + 1e6));
  t.is(formulas.rosenbrock(filled(1)), 0);
  t.is(formulas.rosenbrock(filled(0)), 9);
  t.is(formulas.rosenbrock(Float64Array.of(-1.2, 1)), 24.199999999999996);
  t.true(near(formulas.rastrigin(filled(1)), 10));
  t.true(near(formulas.rastrigin(filled(0.5)), 10 * 20.25));
  t.true(near(formulas.ackley(filled(0)), 0));
  t.true(near(formulas.ackley(filled(1)), 20 - 20 * Math.exp(-0.2)));
});

test('each landscape has its minimum of 0 at the optimum, which lies inside the bounds', (t) => {
  for (const name of FUNCTION_NAMES) {
    for (const rotated of [false, true]) {
      const landscape = createLandscape(name, 10, rotated);
      t.true(landscape.error(landscape.optimum) < 1e-12, `${name} ${rotated}`);
      t.true(landscape.optimum.every((value) => Math.abs(value) <= 4));
      t.true(landscape.error(landscape.optimum.map((value, index) => value + (index === 3 ? 0.01 : 0))) > 1e-6);
    }
  }
});

test('a rotation keeps lengths and angles', (t) => {
  const rows = rotation(30, Random.fromSeed(seed, 'rotation'));
  for (const [i, a] of rows.entries()) {
    for (const [j, b] of rows.entries()) {
      const product = a.reduce((sum, value, index) => sum + value * b[index]!, 0);
      t.true(Math.abs(product - (i === j ? 1 : 0)) < 1e-13, `${i} ${j}: ${product}`);
    }
  }
});

test('names say function, rotation and dimensions', (t) => {
  t.is(functionSpec('rotated-rastrigin-30')?.space.length, 30);
  t.is(functionSpec('ackley')?.space.length, 10);
  for (const id of ['rastrigin-1', 'rastrigin-101', 'rastrigin-0', 'rotated', 'digits', 'sphere-', 'xsphere']) {
    t.is(functionSpec(id), null, id);
  }
});

test('the genesis values of a domain fit the chain, and a random point reaches its baseline half of the time', async (t) => {
  for (const name of FUNCTION_NAMES) {
    const spec = functionSpec(`rotated-${name}`)!;
    const domain = createDomain(spec);
    const random = Random.fromSeed(seed, 'points');
    let better = 0;
    for (let trial = 0; trial < 200; trial += 1) {
      const genome = Object.fromEntries(spec.space.map((parameter) => [parameter.name, random.uniform() * 10 - 5]));
      const { performance } = await domain.evaluate(genome, new Uint8Array(0), seed, {
        signal: new AbortController().signal,
        progress() {},
      });
      if (performance * 1e9 < spec.baselineNano) better += 1;
    }
    t.true(better > 60 && better < 140, `${name}: ${better} of 200`);
  }
});

test('every machine finds the same bits', (t) => {
  const random = Random.fromSeed(seed, 'points');
  const values: number[] = [];
  for (const name of FUNCTION_NAMES) {
    for (const rotated of [false, true]) {
      const landscape = createLandscape(name, 10, rotated);
      values.push(functionSpec(`${rotated ? 'rotated-' : ''}${name}`)!.baselineNano);
      for (let trial = 0; trial < 100; trial += 1) {
        values.push(logError(landscape.error(Float64Array.from({ length: 10 }, () => random.uniform() * 10 - 5))));
      }
    }
  }
  const bits = createHash('sha256').update(Float64Array.from(values)).digest('hex');
  t.is(bits, '0c30002d62bf98626e2fc2a76a9350203ea7b3a260b73397335ccab43ae29739');
});
