/** Dense layers and what all layers that are matrix products share. Everything here runs inside `tf.tidy`. */
import * as tf from '@tensorflow/tfjs-core';

export interface Product {
  /** Inputs x outputs. */
  readonly kernel: tf.Tensor2D;
  readonly bias: tf.Tensor1D;
}

export interface ProductGradient {
  readonly kernel: tf.Tensor2D;
  readonly bias: tf.Tensor1D;
}

export function productForward(
  { kernel, bias }: Product,
  rows: tf.Tensor2D,
  activation: 'linear' | 'relu',
): tf.Tensor2D {
  return tf.fused.matMul({ a: rows, b: kernel, bias, activation }) as tf.Tensor2D;
}

/** `error` is the gradient in the layer's sums, before any activation. */
export function productGradient(rows: tf.Tensor2D, error: tf.Tensor2D): ProductGradient {
  return { kernel: tf.matMul(rows, error, true, false), bias: columnSums(error) };
}

/** As a product: a sum over the first axis would first transpose, which takes longer than the sum. */
export function columnSums(rows: tf.Tensor2D): tf.Tensor1D {
  return tf.reshape(tf.matMul(tf.ones<tf.Rank.R2>([1, rows.shape[0]]), rows), [rows.shape[1]]);
}

/** What passed a rectifier is positive; where nothing passed, no gradient passes either. */
export function throughRectifier<T extends tf.Tensor>(gradient: T, output: T): T {
  return tf.mul(gradient, tf.step(output));
}
