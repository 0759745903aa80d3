import test from 'ava';
import { createDomain, quadraticTarget } from '../../../gpu-workers/domains/quadratic/domain.js';
import { quadraticSpec } from '../../../gpu-workers/domains/quadratic/spec.js';
import { loadDomain } from '../../../gpu-workers/domains/registry.js';
import { Random } from '../../../gpu-workers/random.js';
import { checkGenome, decodeGenome, encodeGenome, NANO } from '../../../runtime/genome/space.js';

const spec = quadraticSpec(10);
const work = { signal: new AbortController().signal, progress() {} };
const none = new Uint8Array(0);
const seed = (byte: number) => new Uint8Array(32).fill(byte);
const point = (values: readonly number[]) => Object.fromEntries(values.map((value, index) => [`x${index}`, value]));

test('the target is published: the same for all nodes, inside its bounds', (t) => {
  t.deepEqual(
    [...quadraticTarget(10)],
    [
      2.9260598555656, -1.4829048730330985, -1.6936826184735598, 1.6626198267602466, -1.677501063020077,
      2.8246467918062512, -3.9302912058420136, -2.418001087911348, -0.45659946950635244, 3.2370737471594357,
    ],
  );
  t.true([...quadraticTarget(100)].every((value) => value >= -5 && value < 5));
  t.deepEqual([...quadraticTarget(3)], [...quadraticTarget(10)].slice(0, 3));
});

test('performance is minus the squared distance: 0 at the target, exact without noise', async (t) => {
  const domain = createDomain(spec);
  const target = [...quadraticTarget(10)];
  t.is((await domain.benchmark!(point(target), none, work)).performance, 0);
  const off = target.map((value, index) => (index === 4 ? value + 3 : value));
  const { performance, standardError } = await domain.benchmark!(point(off), none, work);
  t.true(Math.abs(performance + 9) < 1e-12);
  t.is(standardError, 0);
});

test('evaluators see their own noise, repeatable by seed, as large as the stated standard error', async (t) => {
  const domain = createDomain(spec);
  const start = point(new Array<number>(10).fill(8));
  const votes = await Promise.all(
    Array.from({ length: 200 }, (_, byte) => domain.evaluate(start, none, seed(byte), work)),
  );
  t.deepEqual(await domain.evaluate(start, none, seed(0), work), votes[0]);
  const values = votes.map(({ performance }) => performance);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  const stated = votes[0]!.standardError;
  t.true(deviation > 0.8 * stated && deviation < 1.2 * stated, `${deviation} against ${stated}`);
});

test('random points start near the baseline of upstream', async (t) => {
  const domain = createDomain(spec);
  const random = Random.fromSeed(seed(1), 'points');
  let sum = 0;
  for (let trial = 0; trial < 500; trial += 1) {
    const values = point(Array.from({ length: 10 }, () => random.uniform() * 20 - 10));
    sum += (await domain.benchmark!(values, none, work)).performance;
  }
  t.true(sum / 500 > -520 && sum / 500 < -330, `${sum / 500}`);
  t.is(spec.baselineNano, -420 * NANO);
});

test('the genome is the solution: training gives empty weights, and others are refused', async (t) => {
  const domain = await loadDomain(spec);
  const genome = encodeGenome(spec.space, point(new Array<number>(10).fill(-10)));
  t.true(checkGenome(spec.space, genome).ok);
  const values = decodeGenome(spec.space, genome);
  t.is((await domain.train(values, seed(1), { maxEpochs: 1, earlyPatience: 1 }, work)).weights.length, 0);
  await t.throwsAsync(domain.evaluate(values, new Uint8Array(1), seed(1), work), { code: 'bad-weights' });
});
