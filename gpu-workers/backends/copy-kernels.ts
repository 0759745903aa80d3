/**
 * Slice and Concat for the WebAssembly backend of tfjs 4.22, whose own copy more than they need: its Slice reads all of
 * the tensor to take a part of it, and both make two objects for every row. These move words inside the backend's memory
 * and compute nothing, so results keep their bits.
 */
import * as tf from '@tensorflow/tfjs-core';

interface Memory {
  makeOutput(shape: readonly number[], dtype: tf.DataType): tf.TensorInfo;
  /** Lies in the backend's one memory; grows stale when that grows. */
  typedArrayFromHeap(tensor: tf.TensorInfo): { readonly buffer: ArrayBuffer; readonly byteOffset: number };
}

const WORD_BYTES = 4;
/** Shorter runs are quicker moved word by word. */
const SHORT_RUN = 16;

export function registerCopyKernels(backendName: string): void {
  replace(tf.Slice, backendName, (stock) => (call) => {
    const x = call.inputs.x as tf.TensorInfo;
    const { begin, size } = call.attrs as unknown as tf.SliceAttrs;
    const [from, lengths] = tf.slice_util.parseSliceParams(x as tf.Tensor, begin, size) as [number[], number[]];
    if (!isWords(x) || lengths.includes(0)) return stock(call);
    return sliced(call.backend as Memory, x, from, lengths);
  });
  replace(tf.Concat, backendName, (stock) => (call) => {
    const parts = call.inputs as unknown as readonly tf.TensorInfo[];
    const [first] = parts;
    const simple =
      first !== undefined && parts.length > 1 && parts.every((part) => isWords(part) && count(part.shape) > 0);
    if (!simple) return stock(call);
    const [axis = 0] = tf.util.parseAxisParam((call.attrs as unknown as tf.ConcatAttrs).axis, first.shape);
    const shapes = parts.map(({ shape }) => shape);
    tf.backend_util.assertParamsConsistent(shapes, axis);
    return joined(call.backend as Memory, parts, axis);
  });
}

function replace(name: string, backendName: string, better: (stock: tf.KernelFunc) => tf.KernelFunc): void {
  const config = tf.getKernel(name, backendName);
  if (!config) throw new Error(`backend ${backendName} has no ${name}; load it before its training kernels`);
  tf.unregisterKernel(name, backendName);
  tf.registerKernel({ ...config, kernelFunc: better(config.kernelFunc) });
}

function sliced(memory: Memory, x: tf.TensorInfo, begin: readonly number[], lengths: readonly number[]): tf.TensorInfo {
  const out = memory.makeOutput(lengths, x.dtype);
  // Trailing axes that are taken whole belong to the run.
  let axis = x.shape.length - 1;
  while (axis > 0 && lengths[axis] === x.shape[axis]) axis -= 1;
  const inner = count(x.shape.slice(axis + 1));
  const run = (lengths[axis] ?? 1) * inner;
  const outer = lengths.slice(0, Math.max(0, axis));
  const strides = outer.map((_, index) => count(x.shape.slice(index + 1)));
  let start = (begin[axis] ?? 0) * inner;
  for (const [index, stride] of strides.entries()) start += (begin[index] as number) * stride;
  const { words, at } = viewsOf(memory, [x, out]);
  const from = (at[0] as number) + start;
  let to = at[1] as number;
  const position = outer.map(() => 0);
  for (let runs = count(outer); runs > 0; runs -= 1) {
    let offset = from;
    for (let index = 0; index < position.length; index += 1) {
      offset += (position[index] as number) * (strides[index] as number);
    }
    move(words, offset, to, run);
    to += run;
    for (let index = outer.length - 1; index >= 0; index -= 1) {
      const next = (position[index] as number) + 1;
      position[index] = next === outer[index] ? 0 : next;
      if (next !== outer[index]) break;
    }
  }
  return out;
}

function joined(memory: Memory, parts: readonly tf.TensorInfo[], axis: number): tf.TensorInfo {
  const [first] = parts as [tf.TensorInfo];
  const length = parts.reduce((sum, { shape }) => sum + (shape[axis] as number), 0);
  const out = memory.makeOutput(first.shape.with(axis, length), first.dtype);
  const runs = parts.map(({ shape }) => count(shape.slice(axis)));
  const { words, at } = viewsOf(memory, [...parts, out]);
  let to = at[parts.length] as number;
  for (let row = count(first.shape.slice(0, axis)); row > 0; row -= 1) {
    for (let index = 0; index < runs.length; index += 1) {
      const run = runs[index] as number;
      move(words, at[index] as number, to, run);
      at[index] = (at[index] as number) + run;
      to += run;
    }
  }
  return out;
}

/** All of the memory as words, and where in it each tensor begins. Call when nothing more will be allocated. */
function viewsOf(memory: Memory, tensors: readonly tf.TensorInfo[]): { words: Uint32Array; at: number[] } {
  const views = tensors.map((tensor) => memory.typedArrayFromHeap(tensor));
  const [first] = views as [(typeof views)[number]];
  return { words: new Uint32Array(first.buffer), at: views.map(({ byteOffset }) => byteOffset / WORD_BYTES) };
}

function move(words: Uint32Array, from: number, to: number, length: number): void {
  if (length > SHORT_RUN) {
    words.copyWithin(to, from, from + length);
    return;
  }
  for (let index = 0; index < length; index += 1) words[to + index] = words[from + index] as number;
}

function isWords({ dtype }: tf.TensorInfo): boolean {
  return dtype === 'float32' || dtype === 'int32';
}

function count(shape: readonly number[]): number {
  let product = 1;
  for (const length of shape) product *= length;
  return product;
}
