import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import test from 'ava';
import { startWasmBackend } from '../../../gpu-workers/backends/wasm.js';
import { createDomain } from '../../../gpu-workers/domains/timeseries/domain.js';
import { errorsOf, fitnessOf } from '../../../gpu-workers/domains/timeseries/fitness.js';
import { Forecaster, huberLoss, lossGradient } from '../../../gpu-workers/domains/timeseries/forecaster.js';
import { CHANNELS, knownHistory, makeSeries, PERIODS } from '../../../gpu-workers/domains/timeseries/series.js';
import { type Architecture, shapesOf } from '../../../gpu-workers/domains/timeseries/settings.js';
import { timeseriesSpec } from '../../../gpu-workers/domains/timeseries/spec.js';
import { initialParameters } from '../../../gpu-workers/domains/timeseries/training.js';
import { allOrigins, INPUTS, inputsOf, LONGEST_WINDOW } from '../../../gpu-workers/domains/timeseries/windows.js';
import { countOf } from '../../../gpu-workers/models/parameters.js';
import { WorkerPool } from '../../../gpu-workers/pool.js';
import { Random } from '../../../gpu-workers/random.js';
import type { PoolTask } from '../../../gpu-workers/types.js';
import { encodeGenome, type GenomeValues } from '../../../runtime/genome/space.js';

const hourly = timeseriesSpec('timeseries')!;
const sevenHours = timeseriesSpec('timeseries-7')!;
const TCN: GenomeValues = {
  architecture: 'tcn',
  width: 20,
  layers: 4,
  kernel_size: 2,
  window: 24,
  learning_rate: 0.003,
  batch_size: '64',
  epochs: 6,
  weight_decay: 1e-4,
};
const LSTM: GenomeValues = { ...TCN, architecture: 'lstm', width: 16, window: 12 };
const work = { signal: new AbortController().signal, progress() {} };
const budget = { maxEpochs: 100, earlyPatience: 8 };
const seed = (byte: number) => new Uint8Array(32).fill(byte);
const sha256 = (view: ArrayBufferView) =>
  createHash('sha256')
    .update(new Uint8Array(view.buffer, view.byteOffset, view.byteLength))
    .digest('hex');

test('the known history has the bits it had on every machine; each seed gives a history of its own', (t) => {
  const history = knownHistory();
  t.is(history.length, PERIODS.heldOut.end * CHANNELS);
  t.is(sha256(history), '27c2b1517fac8ff09174107f19126d094f20ceb7df36f283715c0ebb7942502e');
  t.notDeepEqual(makeSeries(48, Random.fromSeed(seed(1), 'a')), makeSeries(48, Random.fromSeed(seed(2), 'a')));
});

test('windows end at their origin, and nothing of what is asked is in them', (t) => {
  const horizon = 7;
  const series = knownHistory();
  const origins = allOrigins({ start: 0, end: 200 }, horizon);
  t.deepEqual([origins[0], origins.at(-1)], [LONGEST_WINDOW, 200 - horizon - 1]);
  const before = inputsOf({ series, horizon, origins: origins.slice(0, 1) }, 24);
  const changed = series.slice().fill(9, (LONGEST_WINDOW + 1) * CHANNELS);
  t.deepEqual(inputsOf({ series: changed, horizon, origins: origins.slice(0, 1) }, 24), before);
  // The last moment is the origin: all channels are seen from there.
  t.deepEqual([...before.slice(23 * INPUTS, 23 * INPUTS + CHANNELS)], [0, 0, 0, 0]);
});

test('fitness: 0.4 and 0.6 of the margins over naive, and penalties of one and two for what is worse than it', (t) => {
  const close = (value: number, expected: number) => t.true(Math.abs(value - expected) < 1e-12, `${value}`);
  close(fitnessOf([{ training: -0.5, validation: -0.2 }]).fitness, -0.32);
  close(fitnessOf([{ training: 0.5, validation: -0.2 }]).fitness, 0.2 - 0.12 + 0.5);
  close(fitnessOf([{ training: -0.5, validation: 0.2 }]).fitness, -0.2 + 0.12 + 0.4);
  const several = fitnessOf([-0.3, -0.5, -0.1, -0.3].map((margin) => ({ training: margin, validation: margin })));
  close(several.fitness, -0.3);
  close(several.standardError, Math.sqrt((0.04 + 0.04) / 3 / 4));
});

test('errors: naive says that it stays, seasonal-naive that it will be as the day before', (t) => {
  const series = new Float32Array(100 * CHANNELS);
  for (let hour = 0; hour < 100; hour += 1) series[hour * CHANNELS] = hour % 24;
  const questions = { series, horizon: 1, origins: Int32Array.of(72, 73, 74) };
  t.deepEqual(errorsOf(questions, Float32Array.of(1, 1, 4)), { model: 1, naive: 1, seasonalNaive: 0 });
});

for (const kind of ['tcn', 'lstm'] as const) {
  test.serial(`${kind}: the gradient of the loss agrees with finite differences, in every layer`, async (t) => {
    await startWasmBackend();
    const architecture: Architecture = { kind, width: 3, layers: 3, kernelSize: 2, window: 9 };
    const random = Random.fromSeed(seed(5), 'batch');
    const count = 5;
    const inputs = Float32Array.from({ length: 9 * count * INPUTS }, () => random.gaussian());
    const answers = Float32Array.from({ length: count }, () => 0.2 * random.gaussian());
    const values = initialParameters(architecture, seed(5)).map((value) => value + 0.1 * random.gaussian());
    t.is(values.length, countOf(shapesOf(architecture)));
    const { gradient, loss } = tf.tidy(() => {
      const found = lossGradient(architecture, tf.tensor1d(values), inputs, answers);
      return { loss: found.loss, gradient: found.gradient.dataSync<'float32'>() };
    });
    const lossAt = (index: number, by: number) => {
      const moved = values.map((value, at) => (at === index ? value + by : value));
      const forecaster = new Forecaster(architecture, moved);
      const found = huberLoss(forecaster.predict(inputs, count), answers);
      forecaster.dispose();
      return found;
    };
    t.true(Math.abs(lossAt(-1, 0) - loss) < 1e-6);
    for (const [index, expected] of gradient.entries()) {
      const numeric = (lossAt(index, 1e-3) - lossAt(index, -1e-3)) / 2e-3;
      t.true(Math.abs(numeric - expected) < 2e-3, `parameter ${index}: ${numeric} against ${expected}`);
    }
  });
}

test.serial('training leaves no tensors behind, cancelled or not', async (t) => {
  const domain = createDomain(hourly);
  await domain.prepare();
  const before = tf.memory().numTensors;
  const { weights } = await domain.train({ ...TCN, epochs: 1 }, seed(1), budget, work);
  await domain.evaluate(TCN, weights, seed(2), work);
  const abort = new AbortController();
  const cancelled = domain.train(LSTM, seed(1), budget, { signal: abort.signal, progress() {} });
  setImmediate(() => abort.abort(new Error('enough')));
  await t.throwsAsync(cancelled, { message: 'enough' });
  t.is(tf.memory().numTensors, before);
});

for (const [spec, genome] of [
  [hourly, TCN],
  [sevenHours, TCN],
  [sevenHours, LSTM],
] as const) {
  test.serial(
    `${spec.domainId}, ${genome.architecture}: a decent genome beats both naive forecasts on later days`,
    async (t) => {
      const domain = createDomain(spec);
      const { weights } = await domain.train(genome, seed(1), budget, work);
      const found = await domain.benchmark!(genome, weights, work);
      const { mae, naive, seasonal_naive } = found.beside as { mae: number; naive: number; seasonal_naive: number };
      t.true(mae < naive && mae < seasonal_naive, JSON.stringify(found.beside));
      const { performance, standardError } = await domain.evaluate(genome, weights, seed(2), work);
      t.true(performance < 0 && found.performance < 0, `${performance}, ${found.performance}`);
      t.true(standardError < spec.toleranceFloorNano / 1e9 / 2, `${standardError}`);
    },
  );
}

test.serial('two threads train and measure to the same bits, which are those of every machine', async (t) => {
  const pool = new WorkerPool({ threads: 2, niceIncrement: 10, maxMemoryMb: 512 });
  const options = { spec: hourly, signal: work.signal, onProgress() {} };
  const pins = {
    tcn: [
      '4b2b1343296924437e52a60706c48f601df7cfb2b952614482088c5d0660ee39',
      '0c796e8167557a80a1701023761aa6eb6ddb4d40ce7ab3641abdd9349e88b2bf',
    ],
    lstm: [
      'ae9235ba563efe3e7fc825767661199e5e823bbcf0d48cc3448d142ee90b080c',
      'a4fb324ec9aaa68a366351429a22d8b987f2bb0e515ca3497ac06f573830ab2f',
    ],
  };
  for (const [kind, values] of Object.entries({ tcn: TCN, lstm: LSTM })) {
    const genome = encodeGenome(hourly.space, { ...values, epochs: 2 });
    const base = { domainId: hourly.domainId, genome };
    const train: PoolTask = { ...base, kind: 'train', seed: seed(1), dataSeed: seed(9), budget };
    const [first, second] = await Promise.all([pool.run(train, options), pool.run(train, options)]);
    t.deepEqual(first.weights, second.weights);
    const evaluate: PoolTask = { ...base, kind: 'evaluate', weights: first.weights!, dataSeed: seed(3) };
    const [seat, audit] = await Promise.all([pool.run(evaluate, options), pool.run(evaluate, options)]);
    t.deepEqual(seat.evidence, audit.evidence);
    t.deepEqual([sha256(first.weights!), seat.evidence!.traceHash], pins[kind as 'tcn' | 'lstm'], kind);
  }
  await pool.close();
});

test.serial('predictions answer for the hour of the week they are told', async (t) => {
  const domain = createDomain(hourly);
  const { weights } = await domain.train({ ...TCN, epochs: 2 }, seed(1), budget, work);
  const history = knownHistory();
  const origin = 168 + 50;
  const rows = Array.from({ length: LONGEST_WINDOW }, (_, index) => {
    const hour = origin - LONGEST_WINDOW + 1 + index;
    return [...history.slice(hour * CHANNELS, (hour + 1) * CHANNELS)];
  });
  const ask = (hour: number) => domain.predict(TCN, weights, { hour_of_week: hour, series: rows });
  const answer = (await ask(50)) as { hours_ahead: number; load: number };
  t.is(answer.hours_ahead, 1);
  t.true(Math.abs(answer.load - history[(origin + 1) * CHANNELS]!) < 1, `${answer.load}`);
  t.notDeepEqual(await ask(62), answer);
});

test.serial('a space that allows more than any model may have is refused before anything is made of it', async (t) => {
  const domain = createDomain(hourly);
  for (const change of [{ width: 1e9 }, { layers: 64 }, { window: 73 }, { batch_size: '0' }, { architecture: 'gru' }]) {
    const genome = { ...TCN, ...change } as GenomeValues;
    await t.throwsAsync(domain.train(genome, seed(1), budget, work), { code: 'bad-genome' });
    await t.throwsAsync(domain.evaluate(genome, new Uint8Array(8), seed(1), work), { code: 'bad-genome' });
  }
});
