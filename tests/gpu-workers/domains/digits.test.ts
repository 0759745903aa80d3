import { createHash } from 'node:crypto';
import test from 'ava';
import { createDomain } from '../../../gpu-workers/domains/digits/domain.js';
import { loadDigits, PIXELS } from '../../../gpu-workers/domains/digits/images.js';
import { digitsSpec } from '../../../gpu-workers/domains/digits/spec.js';
import { decodeWeights, encodeWeights, initialWeights } from '../../../gpu-workers/domains/digits/weights.js';
import { WorkerPool } from '../../../gpu-workers/pool.js';
import type { EvaluateTask, PoolTask } from '../../../gpu-workers/types.js';
import { encodeGenome, type GenomeValues } from '../../../runtime/genome/space.js';

const GOOD: GenomeValues = {
  learning_rate: 0.0095,
  hidden_layers: 1,
  hidden_units_1: 32,
  hidden_units_2: 32,
  batch_size: '32',
  epochs: 21,
  weight_decay: 0.0003,
  augmentation: 1,
};
const QUICK: GenomeValues = { ...GOOD, epochs: 2 };
const work = { signal: new AbortController().signal, progress() {} };
const budget = { maxEpochs: 100, earlyPatience: 8 };
const seed = (byte: number) => new Uint8Array(32).fill(byte);
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test('the data are 1797 real images, split by line number into 1079, 359 and 359', async (t) => {
  const { training, validation, heldOut } = await loadDigits();
  t.deepEqual([training.count, validation.count, heldOut.count], [1079, 359, 359]);
  t.is(training.pixels.length, 1079 * PIXELS);
  t.is(new Set(heldOut.labels).size, 10);
});

test('a decent genome passes 0.93 on real held-out images and 0.85 on distorted ones', async (t) => {
  const domain = createDomain(digitsSpec);
  const { weights, epochs } = await domain.train(GOOD, seed(1), budget, work);
  const onDistorted = await domain.evaluate(GOOD, weights, seed(2), work);
  const onReal = await domain.benchmark!(GOOD, weights, work);
  t.true(epochs <= 21);
  t.true(onReal.performance > 0.93, `real ${onReal.performance}`);
  t.true(onDistorted.performance > 0.85, `distorted ${onDistorted.performance}`);
  t.deepEqual([onReal.samples, onDistorted.samples], [359, 1795]);
  const { performance, standardError } = onDistorted;
  t.is(standardError, Math.sqrt((performance * (1 - performance)) / 1795));

  const { heldOut } = await loadDigits();
  const image = Array.from(heldOut.pixels.subarray(0, PIXELS), (pixel) => pixel * 16);
  const answer = (await domain.predict(GOOD, weights, image)) as { digit: number; probabilities: number[] };
  t.is(answer.digit, heldOut.labels[0]!);
  t.is(answer.probabilities.length, 10);
  await t.throwsAsync(domain.predict(GOOD, weights, [1, 2]), { message: /64 pixels/ });
});

test('two threads train the same genome and seed to the same bits; another seed gives others', async (t) => {
  const pool = new WorkerPool({ threads: 2, niceIncrement: 10, maxMemoryMb: 512 });
  const task = (byte: number): PoolTask => ({
    kind: 'train',
    domainId: 'digits',
    genome: encodeGenome(digitsSpec.space, QUICK),
    seed: seed(byte),
    dataSeed: seed(9),
    budget,
  });
  const options = { spec: digitsSpec, signal: work.signal, onProgress() {} };
  const [first, second] = await Promise.all([pool.run(task(1), options), pool.run(task(1), options)]);
  const other = await pool.run(task(2), options);
  await pool.close();
  t.is(sha256(first.weights!), sha256(second.weights!));
  t.deepEqual(first.measurement, second.measurement);
  t.not(sha256(other.weights!), sha256(first.weights!));
  // The promise of section 7 of the design: these bits on every machine. A change here is a new version of the domain.
  t.is(sha256(first.weights!), 'da0bfaa2dfc324490d7d2951e4ed03a888ca14f670160b86aae29963a92685c1');
});

test('every thread finds the same evidence for the same seat, to the bit, and other evidence for any other', async (t) => {
  const domain = createDomain(digitsSpec);
  const { weights } = await domain.train(QUICK, seed(1), budget, work);
  const other = weights.slice();
  // The lowest bit of one weight: hardly ever enough to change the accuracy.
  other[other.length - 4] = (other[other.length - 4] as number) ^ 1;
  const pool = new WorkerPool({ threads: 2, niceIncrement: 0, maxMemoryMb: 512 });
  const evaluate = async (bytes: Uint8Array, byte: number) => {
    const genome = encodeGenome(digitsSpec.space, QUICK);
    const task: EvaluateTask = { kind: 'evaluate', domainId: 'digits', genome, weights: bytes, dataSeed: seed(byte) };
    return pool.run(task, { spec: digitsSpec, signal: work.signal, onProgress() {} });
  };
  const [first, second] = await Promise.all([evaluate(weights, 3), evaluate(weights, 3)]);
  const otherData = await evaluate(weights, 4);
  const otherWeights = await evaluate(other, 3);
  await pool.close();
  t.deepEqual(first.evidence, second.evidence);
  t.not(otherData.evidence!.dataHash, first.evidence!.dataHash);
  t.is(otherWeights.evidence!.dataHash, first.evidence!.dataHash);
  t.not(otherWeights.evidence!.traceHash, first.evidence!.traceHash);
  // As with the trained weights: equal on every machine, or evaluators would accuse each other.
  t.is(first.evidence!.traceHash, '36f82f3fada56be2aaa865d6153f290c059b4635db7b4fa4aab0b5c20c99a865');
});

test('evaluation repeats to the bit for one data seed and differs for another', async (t) => {
  const domain = createDomain(digitsSpec);
  const { weights } = await domain.train(QUICK, seed(1), budget, work);
  const once = await domain.evaluate(QUICK, weights, seed(3), work);
  t.deepEqual(await domain.evaluate(QUICK, weights, seed(3), work), once);
  const others = await Promise.all([4, 5, 6].map((byte) => domain.evaluate(QUICK, weights, seed(byte), work)));
  t.true(others.some(({ performance }) => performance !== once.performance));
});

test('training stops early when validation stops improving, and when it is aborted', async (t) => {
  const domain = createDomain(digitsSpec);
  const stuck = { ...GOOD, learning_rate: 0.3, epochs: 40 };
  const { epochs } = await domain.train(stuck, seed(1), { maxEpochs: 100, earlyPatience: 2 }, work);
  t.true(epochs < 40, `${epochs}`);
  const short = await domain.train(GOOD, seed(1), { maxEpochs: 1, earlyPatience: 2 }, work);
  t.is(short.epochs, 1);

  const abort = new AbortController();
  let reports = 0;
  const progress = () => {
    reports += 1;
    abort.abort(new Error('enough'));
  };
  const aborted = domain.train(GOOD, seed(1), budget, { signal: abort.signal, progress });
  await t.throwsAsync(aborted, { message: 'enough' });
  t.is(reports, 1);
});

test('weights of the wrong size, for other layers, or not finite are refused as bad-weights', async (t) => {
  const domain = createDomain(digitsSpec);
  const sizes = [64, 32, 10];
  const good = encodeWeights(sizes, initialWeights(sizes, seed(1)));
  t.deepEqual(decodeWeights(sizes, good), initialWeights(sizes, seed(1)));
  const otherSizes = encodeWeights([64, 32, 9], initialWeights([64, 32, 10], seed(1)));
  const infinite = Uint8Array.from(good);
  new DataView(infinite.buffer).setFloat32(100, Number.POSITIVE_INFINITY, true);
  for (const bytes of [new Uint8Array(0), good.subarray(1), good.subarray(0, -4), otherSizes, infinite]) {
    await t.throwsAsync(domain.evaluate(GOOD, bytes, seed(1), work), { code: 'bad-weights' });
  }
});

test('finite weights that overflow in the network give non-finite-result, not a score', async (t) => {
  const domain = createDomain(digitsSpec);
  const sizes = [64, 32, 10];
  const huge = encodeWeights(
    sizes,
    initialWeights(sizes, seed(1)).map((value) => value * 1e37),
  );
  await t.throwsAsync(domain.evaluate(GOOD, huge, seed(1), work), { code: 'non-finite-result' });
});
