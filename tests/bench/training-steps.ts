/** One step of training of four common models, each a function of nothing that runs inside `tf.tidy`. */
import * as tf from '@tensorflow/tfjs-core';
import {
  type CausalPass,
  causalBackward,
  causalForward,
  lastMoments,
} from '../../gpu-workers/models/causal-convolution.js';
import { type Product, productForward, productGradient, throughRectifier } from '../../gpu-workers/models/dense.js';
import { lstmBackward, lstmForward } from '../../gpu-workers/models/lstm.js';
import { countOf, flatOf, Parameters, partsOf, type Shape } from '../../gpu-workers/models/parameters.js';
import { Random } from '../../gpu-workers/random.js';

const OPTIONS = { learningRate: 0.001, weightDecay: 0.0001 };

export interface TrainingStep {
  step(): void;
  dispose(): void;
}

type Gradient = (parts: readonly tf.Tensor[]) => readonly tf.Tensor[];

/** 784-256-128-10, batch 128. */
export function mlp(): TrainingStep {
  const sizes = [784, 256, 128, 10];
  const input = normal([128, 784]) as tf.Tensor2D;
  const shapes = sizes.slice(1).flatMap((outputs, index) => [[sizes[index] as number, outputs], [outputs]]);
  return training(shapes, [input], (parts) => {
    const received: tf.Tensor2D[] = [input];
    for (let layer = 0; layer < sizes.length - 1; layer += 1) {
      const last = layer === sizes.length - 2;
      received.push(productForward(productAt(parts, layer), received[layer] as tf.Tensor2D, last ? 'linear' : 'relu'));
    }
    const gradients: tf.Tensor[] = [];
    let error = softmaxError(received.at(-1) as tf.Tensor2D);
    for (let layer = sizes.length - 2; layer >= 0; layer -= 1) {
      const rows = received[layer] as tf.Tensor2D;
      const { kernel, bias } = productGradient(rows, error);
      gradients.unshift(kernel, bias);
      if (layer > 0) {
        error = throughRectifier(tf.matMul(error, productAt(parts, layer).kernel, false, true), rows);
      }
    }
    return gradients;
  });
}

/** Batch 64, 128 moments, 8 channels; four layers of 32 filters that see three moments, dilations 1 to 8; all moments answer. */
export function causalStack(): TrainingStep {
  const [moments, batch, filters] = [128, 64, 32];
  const series = normal([moments, batch, 8]) as tf.Tensor3D;
  const shapes = [0, 1, 2, 3].flatMap((layer) => [[3 * (layer === 0 ? 8 : filters), filters], [filters]]);
  return training(shapes, [series], (parts) => {
    const passes: CausalPass[] = [];
    let signal = series;
    for (let layer = 0; layer < 4; layer += 1) {
      const pass = causalForward({ ...productAt(parts, layer), size: 3, dilation: 1 << layer }, signal, moments);
      passes.push(pass);
      signal = layer === 0 ? pass.output : tf.add(pass.output, signal);
    }
    const gradients: tf.Tensor[] = [];
    let above = tf.mul<tf.Tensor3D>(signal, 1 / signal.size);
    for (const [layer, pass] of [...passes.entries()].reverse()) {
      const { kernel, bias, input } = causalBackward(pass, above, layer > 0);
      gradients.unshift(kernel, bias);
      if (input !== null) above = tf.add(input, lastMoments(above, pass.moments));
    }
    return gradients;
  });
}

/** Batch 64, 128 moments, 8 channels, 64 units; the last moment answers. */
export function lstm(): TrainingStep {
  const series = normal([128, 64, 8]) as tf.Tensor3D;
  return training([[8, 256], [64, 256], [256]], [series], ([input, recurrent, bias]) => {
    const layer = { input: input as tf.Tensor2D, recurrent: recurrent as tf.Tensor2D, bias: bias as tf.Tensor1D };
    const pass = lstmForward(layer, series);
    const gradient = lstmBackward(pass, tf.mul(pass.hidden.at(-1) as tf.Tensor2D, 1 / 64));
    return [gradient.input, gradient.recurrent, gradient.bias];
  });
}

/** 28 x 28 pixels, batch 128: 3 x 3 convolutions with 16 and 32 filters, each with stride 2, and a dense layer to 10. */
export function cnn(): TrainingStep {
  const images = normal([128, 28, 28, 1]) as tf.Tensor4D;
  const shapes = [[3, 3, 1, 16], [3, 3, 16, 32], [7 * 7 * 32, 10], [10]];
  return training(shapes, [images], ([first, second, kernel, bias]) => {
    const low = tf.relu(tf.conv2d(images, first as tf.Tensor4D, 2, 'same'));
    const high = tf.relu(tf.conv2d(low, second as tf.Tensor4D, 2, 'same'));
    const head = { kernel, bias } as Product;
    const rows = tf.reshape(high, [128, 7 * 7 * 32]) as tf.Tensor2D;
    const error = softmaxError(productForward(head, rows, 'linear'));
    const ofHead = productGradient(rows, error);
    const ofHigh = throughRectifier(tf.reshape(tf.matMul(error, head.kernel, false, true), high.shape), high);
    const attrs = { strides: 2, pad: 'same', dataFormat: 'NHWC' };
    const ofSecond = kernelOf('Conv2DBackpropFilter', { x: low, dy: ofHigh }, { ...attrs, filterShape: shapes[1] });
    const back = kernelOf(
      'Conv2DBackpropInput',
      { dy: ofHigh, filter: second as tf.Tensor },
      { ...attrs, inputShape: low.shape },
    );
    const ofLow = throughRectifier(back, low);
    const ofFirst = kernelOf('Conv2DBackpropFilter', { x: images, dy: ofLow }, { ...attrs, filterShape: shapes[0] });
    return [ofFirst, ofSecond, ofHead.kernel, ofHead.bias];
  });
}

function training(shapes: readonly Shape[], inputs: readonly tf.Tensor[], gradient: Gradient): TrainingStep {
  const random = Random.fromSeed(new Uint8Array(32), 'bench/parameters');
  const parameters = new Parameters(Float32Array.from({ length: countOf(shapes) }, () => 0.05 * random.gaussian()));
  return {
    step: () => parameters.step((flat) => flatOf(gradient(partsOf(flat, shapes))), OPTIONS),
    dispose: () => {
      parameters.dispose();
      tf.dispose([...inputs]);
    },
  };
}

function productAt(parts: readonly tf.Tensor[], layer: number): Product {
  return { kernel: parts[2 * layer], bias: parts[2 * layer + 1] } as Product;
}

/** As if the first of ten classes were always right. */
function softmaxError(logits: tf.Tensor2D): tf.Tensor2D {
  const right = tf.oneHot(tf.zeros<tf.Rank.R1>([logits.shape[0]], 'int32'), logits.shape[1]);
  return tf.mul(tf.sub(tf.softmax(logits), right), 1 / logits.shape[0]);
}

function kernelOf<T extends tf.Tensor>(name: string, inputs: Record<string, tf.Tensor>, attrs: object): T {
  return tf.engine().runKernel(name, inputs, attrs as tf.NamedAttrMap) as T;
}

function normal(shape: number[]): tf.Tensor {
  const random = Random.fromSeed(new Uint8Array(32), 'bench/inputs');
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, () => random.gaussian()),
    shape,
  );
}
