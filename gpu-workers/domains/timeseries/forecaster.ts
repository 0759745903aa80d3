/**
 * The two models. TCN: dilated causal convolutions with residuals (Bai et al. 2018), of which only the moments are computed
 * that the last output depends on. LSTM: one layer. Both end in one linear output, the change of the load.
 */
import * as tf from '@tensorflow/tfjs-core';
import { type CausalPass, causalBackward, causalForward, lastMoments } from '../../models/causal-convolution.js';
import { type Product, productForward, productGradient } from '../../models/dense.js';
import { lstmBackward, lstmForward } from '../../models/lstm.js';
import { flatOf, Parameters, partsOf, type StepOptions } from '../../models/parameters.js';
import { type Architecture, shapesOf } from './settings.js';
import { INPUTS } from './windows.js';

/** Errors above it count linearly (Huber 1964): the metric is the mean absolute error, but its gradient never settles. */
const LINEAR_ABOVE = 0.2;

/** Holds tensors: call `dispose` at the end. */
export class Forecaster {
  readonly architecture: Architecture;
  readonly #parameters: Parameters;

  constructor(architecture: Architecture, values: Float32Array) {
    this.architecture = architecture;
    this.#parameters = new Parameters(values);
  }

  dispose(): void {
    this.#parameters.dispose();
  }

  weights(): Float32Array {
    return this.#parameters.values();
  }

  /** Changes of the load. `inputs` is [window, count, `INPUTS`]. */
  predict(inputs: Float32Array, count: number): Float32Array {
    const result = tf.tidy(
      () => forward(this.architecture, this.#parameters.tensor, seriesOf(this.architecture, inputs, count)).output,
    );
    const changes = Float32Array.from(result.dataSync());
    result.dispose();
    return changes;
  }

  /** One step on a batch. Returns the batch's mean loss before the step. */
  step(inputs: Float32Array, answers: Float32Array, options: StepOptions): number {
    let loss = 0;
    this.#parameters.step((parameters) => {
      const batch = lossGradient(this.architecture, parameters, inputs, answers);
      loss = batch.loss;
      return batch.gradient;
    }, options);
    return loss;
  }
}

/** Mean Huber loss of a batch and its gradient in the flat parameters. Call inside `tf.tidy`. */
export function lossGradient(
  architecture: Architecture,
  parameters: tf.Tensor1D,
  inputs: Float32Array,
  answers: Float32Array,
): { loss: number; gradient: tf.Tensor1D } {
  const count = answers.length;
  const { output, backward } = forward(architecture, parameters, seriesOf(architecture, inputs, count));
  const changes = output.dataSync<'float32'>();
  const error = changes.map((change, row) => clamp(change - (answers[row] as number)) / count);
  return { loss: huberLoss(changes, answers), gradient: flatOf(backward(tf.tensor2d(error, [count, 1]))) };
}

export function huberLoss(changes: Float32Array, answers: Float32Array): number {
  let sum = 0;
  for (let row = 0; row < answers.length; row += 1) {
    const error = (changes[row] as number) - (answers[row] as number);
    const bounded = clamp(error);
    sum += bounded * (error - bounded / 2);
  }
  return sum / answers.length;
}

function clamp(error: number): number {
  return Math.max(-LINEAR_ABOVE, Math.min(LINEAR_ABOVE, error));
}

function seriesOf({ window }: Architecture, inputs: Float32Array, count: number): tf.Tensor3D {
  return tf.tensor3d(inputs, [window, count, INPUTS]);
}

interface Pass {
  readonly output: tf.Tensor2D;
  /** From the gradient of the output to those of all parameters, in the order of `shapesOf`. */
  backward(error: tf.Tensor2D): readonly tf.Tensor[];
}

function forward(architecture: Architecture, parameters: tf.Tensor1D, series: tf.Tensor3D): Pass {
  const parts = partsOf(parameters, shapesOf(architecture));
  const head = { kernel: parts.at(-2), bias: parts.at(-1) } as Product;
  const body = architecture.kind === 'lstm' ? lstmBody(parts, series) : tcnBody(architecture, parts, series);
  return {
    output: productForward(head, body.output, 'linear'),
    backward(error) {
      const { kernel, bias } = productGradient(body.output, error);
      return [...body.backward(tf.matMul(error, head.kernel, false, true)), kernel, bias];
    },
  };
}

function lstmBody([input, recurrent, bias]: readonly tf.Tensor[], series: tf.Tensor3D): Pass {
  const layer = { input: input as tf.Tensor2D, recurrent: recurrent as tf.Tensor2D, bias: bias as tf.Tensor1D };
  const pass = lstmForward(layer, series);
  return {
    output: pass.hidden.at(-1) as tf.Tensor2D,
    backward(error) {
      const gradient = lstmBackward(pass, error);
      return [gradient.input, gradient.recurrent, gradient.bias];
    },
  };
}

function tcnBody(architecture: Architecture, parts: readonly tf.Tensor[], series: tf.Tensor3D): Pass {
  const passes: CausalPass[] = [];
  let signal = series;
  for (const [index, moments] of momentsNeeded(architecture).entries()) {
    const [kernel, bias] = parts.slice(2 * index) as [tf.Tensor2D, tf.Tensor1D];
    const layer = { kernel, bias, size: architecture.kernelSize, dilation: 1 << index };
    const pass = causalForward(layer, signal, moments);
    passes.push(pass);
    signal = index === 0 ? pass.output : tf.add(pass.output, lastMoments(signal, moments));
  }
  return {
    output: tf.reshape(signal, [signal.shape[1], signal.shape[2]]),
    backward(error) {
      const gradients: tf.Tensor[] = [];
      let above = tf.reshape(error, [1, ...error.shape]) as tf.Tensor3D;
      for (const [index, pass] of [...passes.entries()].reverse()) {
        const { kernel, bias, input } = causalBackward(pass, above, index > 0);
        gradients.unshift(kernel, bias);
        if (input === null) break;
        above = tf.add(input, lastMoments(above, pass.moments));
      }
      return gradients;
    },
  };
}

/** How many of its last moments each layer must compute for the one output of the last layer. */
function momentsNeeded({ layers, kernelSize, window }: Architecture): readonly number[] {
  const needed = [1];
  for (let layer = layers - 1; layer > 0; layer -= 1) {
    needed.unshift(Math.min(window, (needed[0] as number) + (kernelSize - 1) * (1 << layer)));
  }
  return needed;
}
