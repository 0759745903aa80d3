import * as tf from '@tensorflow/tfjs-core';
import test from 'ava';
import { startWasmBackend } from '../../../gpu-workers/backends/wasm.js';
import { crossEntropy, lossGradient, Network } from '../../../gpu-workers/domains/digits/network.js';
import { initialWeights } from '../../../gpu-workers/domains/digits/weights.js';
import { Random } from '../../../gpu-workers/random.js';

const seed = new Uint8Array(32).fill(5);

test('the hand-written gradient agrees with finite differences of the loss, in every layer', async (t) => {
  await startWasmBackend();
  const sizes = [64, 6, 5, 10];
  const random = Random.fromSeed(seed, 'batch');
  // Biases of exactly 0 would put a unit whose inputs are all 0 onto the kink of its rectifier.
  const values = initialWeights(sizes, seed).map((value) => value + 0.1 * random.gaussian());
  const pixels = Float32Array.from({ length: 20 * 64 }, () => random.uniform());
  const labels = Uint8Array.from({ length: 20 }, () => random.below(10));
  const gradient = tf.tidy(() => lossGradient(sizes, tf.tensor1d(values), pixels, labels).gradient.dataSync());
  t.is(gradient.length, values.length);

  const lossAt = (index: number, change: number) => {
    const network = new Network(
      sizes,
      Float32Array.from(values, (value, at) => (at === index ? value + change : value)),
    );
    const loss = crossEntropy(network.predict(pixels, 20), labels);
    network.dispose();
    return loss;
  };
  // The last weights and biases of each layer among others; a step of 2e-4 is above
  // float32 rounding and rarely moves a rectifier across its kink.
  for (let index = 0; index < values.length; index += 7) {
    const numeric = (lossAt(index, 2e-4) - lossAt(index, -2e-4)) / 4e-4;
    t.true(Math.abs(numeric - gradient[index]!) < 2e-3, `weight ${index}: ${numeric} against ${gradient[index]}`);
  }
});

test('steps lower the loss and leave no tensors behind', async (t) => {
  await startWasmBackend();
  const sizes = [64, 16, 10];
  const random = Random.fromSeed(seed, 'batch');
  const pixels = Float32Array.from({ length: 32 * 64 }, () => random.uniform());
  const labels = Uint8Array.from({ length: 32 }, () => random.below(10));
  const before = tf.memory().numTensors;
  const network = new Network(sizes, initialWeights(sizes, seed));
  const losses = Array.from({ length: 30 }, () => network.step(pixels, labels, { learningRate: 0.01, weightDecay: 0 }));
  network.dispose();
  t.true(losses.at(-1)! < losses[0]! / 2, `${losses[0]} to ${losses.at(-1)}`);
  t.is(tf.memory().numTensors, before);
});
