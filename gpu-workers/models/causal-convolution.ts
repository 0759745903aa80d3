/**
 * Dilated causal convolution over time (van den Oord et al. 2016), forward and backward, as one matrix product each way.
 * tfjs has no causal padding and no gradient of a dilated convolution on any backend. Time is the first axis, so that a
 * shift in time is a contiguous piece of memory. Everything here runs inside `tf.tidy`.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type Product, productForward, productGradient, throughRectifier } from './dense.js';

/** The kernel has `size` x channels rows, those of the oldest moment first. */
export interface CausalConvolution extends Product {
  readonly size: number;
  /** Distance between the moments that one output sees. */
  readonly dilation: number;
}

/** What the backward pass needs of the forward pass. */
export interface CausalPass {
  readonly layer: CausalConvolution;
  /** Moments of the input. */
  readonly moments: number;
  readonly patches: tf.Tensor2D;
  /** Rectified: [outputs, batch, filters]. */
  readonly output: tf.Tensor3D;
}

/** `input` is [moments, batch, channels], zero before its first moment; computes the last `outputs` moments only. */
export function causalForward(layer: CausalConvolution, input: tf.Tensor3D, outputs: number): CausalPass {
  const { size, dilation } = layer;
  const [moments, batch, channels] = input.shape;
  const padded = lastMoments(input, outputs + (size - 1) * dilation);
  const seen = Array.from({ length: size }, (_, tap) =>
    tf.slice3d(padded, [tap * dilation, 0, 0], [outputs, batch, channels]),
  );
  const patches = tf.reshape(tf.concat(seen, 2), [outputs * batch, size * channels]) as tf.Tensor2D;
  const output = productForward(layer, patches, 'relu');
  return { layer, moments, patches, output: tf.reshape(output, [outputs, batch, output.shape[1]]) };
}

export interface CausalGradient {
  readonly kernel: tf.Tensor2D;
  readonly bias: tf.Tensor1D;
  /** Null when nobody asked. */
  readonly input: tf.Tensor3D | null;
}

export function causalBackward(pass: CausalPass, gradient: tf.Tensor3D, wantsInput: boolean): CausalGradient {
  const { layer, moments, patches, output } = pass;
  const { size, dilation } = layer;
  const [outputs, batch, filters] = output.shape;
  const error = tf.reshape(throughRectifier(gradient, output), [outputs * batch, filters]) as tf.Tensor2D;
  const parameters = productGradient(patches, error);
  if (!wantsInput) return { ...parameters, input: null };
  const ofPatches = tf.reshape(tf.matMul(error, layer.kernel, false, true), [outputs, batch, -1]) as tf.Tensor3D;
  const channels = ofPatches.shape[2] / size;
  const reach = (size - 1) * dilation;
  // Each moment was seen by up to `size` outputs, and gets a gradient from all of them.
  const shares = Array.from({ length: size }, (_, tap) => {
    const ofTap = tf.slice3d(ofPatches, [0, 0, tap * channels], [outputs, batch, channels]);
    return tf.pad3d(ofTap, [
      [tap * dilation, reach - tap * dilation],
      [0, 0],
      [0, 0],
    ]);
  });
  const ofPadded = shares.reduce((sum, share) => tf.add(sum, share));
  return { ...parameters, input: lastMoments(ofPadded, moments) };
}

/** The last `count` moments; zeros stand for what is not there. */
export function lastMoments(series: tf.Tensor3D, count: number): tf.Tensor3D {
  const [moments, batch, channels] = series.shape;
  if (count === moments) return series;
  if (count < moments) return tf.slice3d(series, [moments - count, 0, 0], [count, batch, channels]);
  return tf.pad3d(series, [
    [count - moments, 0],
    [0, 0],
    [0, 0],
  ]);
}
