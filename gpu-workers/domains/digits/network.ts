/**
 * A multilayer perceptron. Forward and backward passes are written out, so that a step is some thirty kernel calls
 * whatever the depth: with 8x8 images the cost of a call, not arithmetic, decides the speed.
 */
import ln from '@stdlib/math-base-special-ln';
import * as tf from '@tensorflow/tfjs-core';
import { Parameters, type StepOptions } from '../../models/parameters.js';
import { CLASSES, PIXELS } from './images.js';
import type { LayerSizes } from './weights.js';

/** Keeps the logarithm finite when a probability underflows to 0. */
const SMALLEST_PROBABILITY = 1e-30;

/** Holds tensors: call `dispose` at the end. */
export class Network {
  readonly sizes: LayerSizes;
  readonly #parameters: Parameters;

  constructor(sizes: LayerSizes, values: Float32Array) {
    this.sizes = sizes;
    this.#parameters = new Parameters(values);
  }

  dispose(): void {
    this.#parameters.dispose();
  }

  weights(): Float32Array {
    return this.#parameters.values();
  }

  /** Class probabilities, `count` x `CLASSES`. */
  predict(pixels: Float32Array, count: number): Float32Array {
    const result = tf.tidy(() => {
      return tf.softmax(
        forward(layersOf(this.sizes, this.#parameters.tensor), tf.tensor2d(pixels, [count, PIXELS])).logits,
      );
    });
    const probabilities = Float32Array.from(result.dataSync());
    result.dispose();
    return probabilities;
  }

  /** One AdamW step on a batch. Returns the batch's mean cross-entropy before the step. */
  step(pixels: Float32Array, labels: Uint8Array, options: StepOptions): number {
    let loss = 0;
    this.#parameters.step((weights) => {
      const batch = lossGradient(this.sizes, weights, pixels, labels);
      loss = batch.loss;
      return batch.gradient;
    }, options);
    return loss;
  }
}

interface Layer {
  readonly kernel: tf.Tensor2D;
  readonly bias: tf.Tensor1D;
}

/** The matrices and biases as views of the flat parameters. */
function layersOf(sizes: LayerSizes, weights: tf.Tensor1D): Layer[] {
  const layers: Layer[] = [];
  let at = 0;
  for (let layer = 1; layer < sizes.length; layer += 1) {
    const inputs = sizes[layer - 1] as number;
    const outputs = sizes[layer] as number;
    const kernel = tf.reshape(tf.slice1d(weights, at, inputs * outputs), [inputs, outputs]) as tf.Tensor2D;
    layers.push({ kernel, bias: tf.slice1d(weights, at + inputs * outputs, outputs) });
    at += (inputs + 1) * outputs;
  }
  return layers;
}

/** Mean cross-entropy of a batch and its gradient in the flat parameters. Call inside `tf.tidy`. */
export function lossGradient(
  sizes: LayerSizes,
  weights: tf.Tensor1D,
  pixels: Float32Array,
  labels: Uint8Array,
): { loss: number; gradient: tf.Tensor1D } {
  const count = labels.length;
  const layers = layersOf(sizes, weights);
  const { logits, activations } = forward(layers, tf.tensor2d(pixels, [count, PIXELS]));
  const probabilities = tf.softmax(logits).dataSync<'float32'>();
  // The gradient of cross-entropy in the logits is (probabilities - one-hot labels) / batch size.
  const error = probabilities.map((probability, index) => {
    const right = labels[Math.floor(index / CLASSES)] === index % CLASSES;
    return (probability - (right ? 1 : 0)) / count;
  });
  const gradient = backward(layers, activations, tf.tensor2d(error, [count, CLASSES]));
  return { loss: crossEntropy(probabilities, labels), gradient };
}

/** `activations[i]` is what layer i received. */
function forward(layers: readonly Layer[], pixels: tf.Tensor2D): { logits: tf.Tensor2D; activations: tf.Tensor2D[] } {
  const activations: tf.Tensor2D[] = [];
  let signal = pixels;
  for (const [index, { kernel, bias }] of layers.entries()) {
    activations.push(signal);
    const activation = index < layers.length - 1 ? 'relu' : 'linear';
    signal = tf.fused.matMul({ a: signal, b: kernel, bias, activation }) as tf.Tensor2D;
  }
  return { logits: signal, activations };
}

function backward(layers: readonly Layer[], activations: readonly tf.Tensor2D[], error: tf.Tensor2D): tf.Tensor1D {
  const parts: tf.Tensor1D[] = [];
  for (let index = layers.length - 1; index >= 0; index -= 1) {
    const received = activations[index] as tf.Tensor2D;
    parts.unshift(
      tf.reshape(tf.matMul(received, error, true, false), [-1]) as tf.Tensor1D,
      tf.sum<tf.Tensor1D>(error, 0),
    );
    if (index === 0) break;
    // What passed the rectifier is positive; where nothing passed, no gradient passes either.
    error = tf.mul(tf.matMul(error, (layers[index] as Layer).kernel, false, true), tf.step(received));
  }
  return tf.concat1d(parts);
}

/** Mean of -ln(probability of the right class). */
export function crossEntropy(probabilities: Float32Array, labels: Uint8Array): number {
  let sum = 0;
  for (let row = 0; row < labels.length; row += 1) {
    const probability = probabilities[row * CLASSES + (labels[row] as number)] as number;
    sum -= ln(Math.max(probability, SMALLEST_PROBABILITY));
  }
  return sum / labels.length;
}
