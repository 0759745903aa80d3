import * as tf from '@tensorflow/tfjs-core';
import test from 'ava';
import { startWasmBackend } from '../../../gpu-workers/backends/wasm.js';
import { causalBackward, causalForward } from '../../../gpu-workers/models/causal-convolution.js';
import { lstmBackward, lstmForward } from '../../../gpu-workers/models/lstm.js';
import { Random } from '../../../gpu-workers/random.js';

test.before(startWasmBackend);

type Values = Readonly<Record<string, Float32Array>>;

function normal(length: number, label: string): Float32Array {
  const random = Random.fromSeed(new Uint8Array(32), label);
  return Float32Array.from({ length }, () => 0.5 * random.gaussian());
}

function furthest(found: Float32Array, expected: readonly number[]): number {
  if (found.length !== expected.length) return Number.POSITIVE_INFINITY;
  return Math.max(...expected.map((value, index) => Math.abs(value - found[index]!)));
}

/** Compares the gradient of sum(output x weights) with finite differences, in every value. */
function agrees(values: Values, run: (values: Values) => { output: Float32Array; gradients: Values }): number {
  const weights = normal(run(values).output.length, 'output weights');
  const total = (at: Values) =>
    run(at).output.reduce((sum, output, index) => sum + output * (weights[index] as number), 0);
  let worst = 0;
  for (const [name, gradient] of Object.entries(run(values).gradients)) {
    for (const [index, expected] of gradient.entries()) {
      const moved = (by: number) =>
        total({ ...values, [name]: values[name]!.map((value, at) => (at === index ? value + by : value)) });
      worst = Math.max(worst, Math.abs((moved(1e-3) - moved(-1e-3)) / 2e-3 - expected));
    }
  }
  return worst;
}

const BATCH = 2;
const CHANNELS = 3;
const FILTERS = 4;
const MOMENTS = 7;

for (const [size, dilation, outputs] of [
  [3, 1, 7],
  [2, 2, 7],
  [3, 4, 7],
  [2, 1, 1],
  [3, 2, 2],
  [1, 1, 3],
] as const) {
  test.serial(
    `causal convolution (size ${size}, dilation ${dilation}, last ${outputs} moments): values and gradients`,
    (t) => {
      const values = {
        series: normal(MOMENTS * BATCH * CHANNELS, 'series'),
        kernel: normal(size * CHANNELS * FILTERS, 'kernel'),
        // Far enough from the kink of the rectifier: some units always pass, some never do.
        bias: Float32Array.of(6, -6, 7, 5),
      };
      const run = ({ series, kernel, bias }: Values) =>
        tf.tidy(() => {
          const layer = {
            kernel: tf.tensor2d(kernel!, [size * CHANNELS, FILTERS]),
            bias: tf.tensor1d(bias!),
            size,
            dilation,
          };
          const pass = causalForward(layer, tf.tensor3d(series!, [MOMENTS, BATCH, CHANNELS]), outputs);
          const output = pass.output.dataSync<'float32'>().slice();
          const gradient = causalBackward(
            pass,
            tf.tensor3d(normal(output.length, 'output weights'), pass.output.shape),
            true,
          );
          const gradients = {
            series: gradient.input!.dataSync<'float32'>().slice(),
            kernel: gradient.kernel.dataSync<'float32'>().slice(),
            bias: gradient.bias.dataSync<'float32'>().slice(),
          };
          return { output, gradients };
        });
      t.true(furthest(run(values).output, plainConvolution(values, size, dilation, outputs)) < 1e-5);
      const worst = agrees(values, run);
      t.true(worst < 5e-3, `${worst}`);
    },
  );
}

/** The definition: each moment sees `size` moments up to itself, `dilation` apart; before the first there is nothing. */
function plainConvolution(
  { series, kernel, bias }: { series: Float32Array; kernel: Float32Array; bias: Float32Array },
  size: number,
  dilation: number,
  outputs: number,
): number[] {
  const found: number[] = [];
  for (let moment = MOMENTS - outputs; moment < MOMENTS; moment += 1) {
    for (let member = 0; member < BATCH; member += 1) {
      for (let filter = 0; filter < FILTERS; filter += 1) {
        let sum = bias[filter]!;
        for (let tap = 0; tap < size; tap += 1) {
          const seen = moment - (size - 1 - tap) * dilation;
          if (seen < 0) continue;
          for (let channel = 0; channel < CHANNELS; channel += 1) {
            sum +=
              series[(seen * BATCH + member) * CHANNELS + channel]! *
              kernel[(tap * CHANNELS + channel) * FILTERS + filter]!;
          }
        }
        found.push(Math.max(0, sum));
      }
    }
  }
  return found;
}

test.serial(
  'LSTM: the last output is the definition of the cell, and its gradients agree with finite differences',
  (t) => {
    const units = 3;
    const values = {
      input: normal(CHANNELS * 4 * units, 'input'),
      recurrent: normal(units * 4 * units, 'recurrent'),
      bias: normal(4 * units, 'bias'),
    };
    const series = normal(MOMENTS * BATCH * CHANNELS, 'series');
    const run = ({ input, recurrent, bias }: Values) =>
      tf.tidy(() => {
        const layer = {
          input: tf.tensor2d(input!, [CHANNELS, 4 * units]),
          recurrent: tf.tensor2d(recurrent!, [units, 4 * units]),
          bias: tf.tensor1d(bias!),
        };
        const pass = lstmForward(layer, tf.tensor3d(series, [MOMENTS, BATCH, CHANNELS]));
        const output = pass.hidden.at(-1)!.dataSync<'float32'>().slice();
        const gradient = lstmBackward(pass, tf.tensor2d(normal(output.length, 'output weights'), [BATCH, units]));
        const gradients = {
          input: gradient.input.dataSync<'float32'>().slice(),
          recurrent: gradient.recurrent.dataSync<'float32'>().slice(),
          bias: gradient.bias.dataSync<'float32'>().slice(),
        };
        return { output, gradients };
      });
    t.true(furthest(run(values).output, plainLstm(values, series, units)) < 1e-5);
    const worst = agrees(values, run);
    t.true(worst < 2e-3, `${worst}`);
  },
);

function plainLstm(
  { input, recurrent, bias }: { input: Float32Array; recurrent: Float32Array; bias: Float32Array },
  series: Float32Array,
  units: number,
): number[] {
  const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));
  const found: number[] = [];
  for (let member = 0; member < BATCH; member += 1) {
    let cell: number[] = new Array(units).fill(0);
    let hidden: number[] = new Array(units).fill(0);
    for (let moment = 0; moment < MOMENTS; moment += 1) {
      const sums = Array.from(bias, (own, column) => {
        let sum = own;
        for (let channel = 0; channel < CHANNELS; channel += 1)
          sum += series[(moment * BATCH + member) * CHANNELS + channel]! * input[channel * 4 * units + column]!;
        for (const [unit, value] of hidden.entries()) sum += value * recurrent[unit * 4 * units + column]!;
        return sum;
      });
      cell = cell.map(
        (before, unit) =>
          sigmoid(sums[units + unit]!) * before + sigmoid(sums[unit]!) * Math.tanh(sums[3 * units + unit]!),
      );
      hidden = cell.map((value, unit) => sigmoid(sums[2 * units + unit]!) * Math.tanh(value));
    }
    found.push(...hidden);
  }
  return found;
}
