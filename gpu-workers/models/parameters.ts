/**
 * All parameters of a model in one flat tensor, trained with AdamW (Kingma & Ba 2015; Loshchilov & Hutter 2019): a step
 * is a dozen kernel calls whatever the number of layers. With small models the cost of a call, not arithmetic, decides.
 */
import * as tf from '@tensorflow/tfjs-core';

const BETA_1 = 0.9;
const BETA_2 = 0.999;
const EPSILON = 1e-7;

export interface StepOptions {
  readonly learningRate: number;
  readonly weightDecay: number;
}

/** Holds tensors: call `dispose` at the end. */
export class Parameters {
  #values: tf.Tensor1D;
  #mean: tf.Tensor1D;
  #square: tf.Tensor1D;
  #beta1Power = 1;
  #beta2Power = 1;

  constructor(values: Float32Array) {
    this.#values = tf.tensor1d(values, 'float32');
    this.#mean = tf.zeros([values.length]);
    this.#square = tf.zeros([values.length]);
  }

  get tensor(): tf.Tensor1D {
    return this.#values;
  }

  dispose(): void {
    tf.dispose([this.#values, this.#mean, this.#square]);
  }

  values(): Float32Array {
    return Float32Array.from(this.#values.dataSync());
  }

  /** One AdamW step along the gradient that `gradientOf` finds, which runs inside `tf.tidy`. */
  step(gradientOf: (parameters: tf.Tensor1D) => tf.Tensor1D, options: StepOptions): void {
    this.#beta1Power *= BETA_1;
    this.#beta2Power *= BETA_2;
    const [values, mean, square] = tf.tidy(() => this.#adamW(gradientOf(this.#values), options));
    this.dispose();
    [this.#values, this.#mean, this.#square] = [values, mean, square];
  }

  #adamW(gradient: tf.Tensor1D, { learningRate, weightDecay }: StepOptions): [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D] {
    const mean = tf.add<tf.Tensor1D>(tf.mul(this.#mean, BETA_1), tf.mul(gradient, 1 - BETA_1));
    const square = tf.add<tf.Tensor1D>(tf.mul(this.#square, BETA_2), tf.mul(tf.square(gradient), 1 - BETA_2));
    const correction = 1 / Math.sqrt(1 - this.#beta2Power);
    const direction = tf.div(mean, tf.add(tf.mul(tf.sqrt(square), correction), EPSILON));
    const values = tf.sub<tf.Tensor1D>(
      tf.mul(this.#values, 1 - learningRate * weightDecay),
      tf.mul(direction, learningRate / (1 - this.#beta1Power)),
    );
    return [values, mean, square];
  }
}

export type Shape = readonly number[];

export function sizeOf(shape: Shape): number {
  return shape.reduce((product, length) => product * length, 1);
}

export function countOf(shapes: readonly Shape[]): number {
  return shapes.reduce((sum, shape) => sum + sizeOf(shape), 0);
}

/** Copies of the parts of a flat tensor, one after another. Call inside `tf.tidy`. */
export function partsOf(parameters: tf.Tensor1D, shapes: readonly Shape[]): tf.Tensor[] {
  let at = 0;
  return shapes.map((shape) => {
    const size = sizeOf(shape);
    at += size;
    return tf.reshape(tf.slice1d(parameters, at - size, size), [...shape]);
  });
}

/** The inverse: gradients of the parts, in order, as the gradient of the whole. */
export function flatOf(parts: readonly tf.Tensor[]): tf.Tensor1D {
  return tf.concat1d(parts.map((part) => tf.reshape(part, [part.size]) as tf.Tensor1D));
}
