/**
 * Long short-term memory (Hochreiter & Schmidhuber 1997, with forget gates), forward and backward through time. All that
 * does not depend on the moment before is one large product or one large elementwise operation over all moments; what is
 * left inside the loop is few kernel calls, because their number decides the time. Everything here runs inside `tf.tidy`.
 */
import * as tf from '@tensorflow/tfjs-core';
import { columnSums } from './dense.js';

/** Columns of all three: input gate, forget gate, output gate, candidate, `units` of each. */
export interface Lstm {
  /** Channels x 4 units. */
  readonly input: tf.Tensor2D;
  /** Units x 4 units. */
  readonly recurrent: tf.Tensor2D;
  readonly bias: tf.Tensor1D;
}

/** What the backward pass needs of the forward pass; lists have one entry for each moment. */
export interface LstmPass {
  readonly layer: Lstm;
  /** [moments x batch, channels]. */
  readonly rows: tf.Tensor2D;
  readonly gates: readonly Gates[];
  /** Cell states: one more than moments, the first is zero. */
  readonly cells: readonly tf.Tensor2D[];
  /** tanh of each cell state after its moment. */
  readonly bounded: readonly tf.Tensor2D[];
  /** As `cells`. */
  readonly hidden: readonly tf.Tensor2D[];
}

interface Gates {
  readonly input: tf.Tensor2D;
  readonly forget: tf.Tensor2D;
  readonly output: tf.Tensor2D;
  readonly candidate: tf.Tensor2D;
}

/** `series` is [moments, batch, channels]. The output is the last of `hidden`, [batch, units]. */
export function lstmForward(layer: Lstm, series: tf.Tensor3D): LstmPass {
  const [moments, batch, channels] = series.shape;
  const units = layer.recurrent.shape[0];
  const rows = tf.reshape(series, [moments * batch, channels]) as tf.Tensor2D;
  const fromInput = tf.fused.matMul({ a: rows, b: layer.input, bias: layer.bias }) as tf.Tensor2D;
  const gates: Gates[] = [];
  const cells = [tf.zeros<tf.Rank.R2>([batch, units])];
  const bounded: tf.Tensor2D[] = [];
  const hidden = [tf.zeros<tf.Rank.R2>([batch, units])];
  for (let moment = 0; moment < moments; moment += 1) {
    const before = hidden[moment] as tf.Tensor2D;
    const own = tf.slice2d(fromInput, [moment * batch, 0], [batch, 4 * units]);
    const sums = tf.add<tf.Tensor2D>(own, tf.matMul(before, layer.recurrent));
    const open = tf.sigmoid(tf.slice2d(sums, [0, 0], [batch, 3 * units]));
    const gate = (index: number) => tf.slice2d(open, [0, index * units], [batch, units]);
    const candidate = tf.tanh(tf.slice2d(sums, [0, 3 * units], [batch, units]));
    const now: Gates = { input: gate(0), forget: gate(1), output: gate(2), candidate };
    const kept = tf.mul<tf.Tensor2D>(now.forget, cells[moment] as tf.Tensor2D);
    const cell = tf.add<tf.Tensor2D>(kept, tf.mul(now.input, candidate));
    const bound = tf.tanh(cell);
    gates.push(now);
    cells.push(cell);
    bounded.push(bound);
    hidden.push(tf.mul(now.output, bound));
  }
  return { layer, rows, gates, cells, bounded, hidden };
}

export interface LstmGradient {
  readonly input: tf.Tensor2D;
  readonly recurrent: tf.Tensor2D;
  readonly bias: tf.Tensor1D;
}

/** `gradient` is that of the last output. No gradient in the series: the layer is the first of its model. */
export function lstmBackward(pass: LstmPass, gradient: tf.Tensor2D): LstmGradient {
  const { layer, rows, gates, hidden } = pass;
  const units = layer.recurrent.shape[0];
  const batch = gradient.shape[0];
  const moments = gates.length;
  const { slopes, leak } = slopesOf(pass);
  const back = tf.transpose(layer.recurrent);
  let ofHidden = gradient;
  let ofCell = tf.zeros<tf.Rank.R2>([batch, units]);
  const errors: tf.Tensor2D[] = new Array(moments);
  for (let moment = moments - 1; moment >= 0; moment -= 1) {
    const at = [moment * batch, 0] as [number, number];
    ofCell = tf.add(ofCell, tf.mul(ofHidden, tf.slice2d(leak, at, [batch, units])));
    // In the order of the columns: input, forget, output, candidate.
    const reached = tf.concat2d([ofCell, ofCell, ofHidden, ofCell], 1);
    const error = tf.mul<tf.Tensor2D>(reached, tf.slice2d(slopes, at, [batch, 4 * units]));
    errors[moment] = error;
    if (moment === 0) break;
    ofHidden = tf.matMul(error, back);
    ofCell = tf.mul(ofCell, (gates[moment] as Gates).forget);
  }
  const error = tf.concat2d(errors, 0);
  return {
    input: tf.matMul(rows, error, true, false),
    recurrent: tf.matMul(tf.concat2d(hidden.slice(0, -1), 0), error, true, false),
    bias: columnSums(error),
  };
}

/**
 * How much each gate's sum moves what it reaches, and how much the output moves the cell state: all that the backward
 * loop multiplies with, for all moments at once.
 */
function slopesOf({ gates, cells, bounded }: LstmPass): { slopes: tf.Tensor2D; leak: tf.Tensor2D } {
  const all = (name: keyof Gates) =>
    tf.concat2d(
      gates.map((gate) => gate[name]),
      0,
    );
  const [input, forget, output, candidate] = [all('input'), all('forget'), all('output'), all('candidate')];
  const before = tf.concat2d(cells.slice(0, -1), 0);
  const bound = tf.concat2d([...bounded], 0);
  const slopes = tf.concat2d(
    [
      tf.mul(candidate, sigmoidSlope(input)),
      tf.mul(before, sigmoidSlope(forget)),
      tf.mul(bound, sigmoidSlope(output)),
      tf.mul(input, tanhSlope(candidate)),
    ],
    1,
  );
  return { slopes, leak: tf.mul(output, tanhSlope(bound)) };
}

function sigmoidSlope(output: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(output, tf.sub(1, output));
}

function tanhSlope(output: tf.Tensor2D): tf.Tensor2D {
  return tf.sub(1, tf.square(output));
}
