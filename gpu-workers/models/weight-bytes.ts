/**
 * Trained weights as bytes, all little-endian: u32 number of sizes, that many u32 sizes that describe the model, then all
 * parameters as float32. Weights come from strangers: the sizes must be the genome's own, and the length must follow from
 * them, before anything of that size is allocated.
 */
import { taskFailure } from '../failures.js';

export function encodeParameters(sizes: readonly number[], values: Float32Array): Uint8Array {
  const header = 4 * (1 + sizes.length);
  const bytes = new Uint8Array(header + 4 * values.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, sizes.length, true);
  for (const [index, size] of sizes.entries()) view.setUint32(4 * (index + 1), size, true);
  for (let index = 0; index < values.length; index += 1) {
    view.setFloat32(header + 4 * index, values[index] as number, true);
  }
  return bytes;
}

/** Throws `bad-weights` unless the bytes are `count` finite parameters of a model of exactly these sizes. */
export function decodeParameters(sizes: readonly number[], count: number, bytes: Uint8Array): Float32Array {
  const header = 4 * (1 + sizes.length);
  const expected = header + 4 * count;
  if (bytes.length !== expected) {
    throw taskFailure('bad-weights', `weights are ${bytes.length} bytes; sizes ${sizes.join('-')} take ${expected}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stated = Array.from({ length: sizes.length + 1 }, (_, index) => view.getUint32(4 * index, true));
  if (stated[0] !== sizes.length || sizes.some((size, index) => stated[index + 1] !== size)) {
    throw taskFailure('bad-weights', `weights state sizes ${stated.join(',')}; the genome says ${sizes.join('-')}`);
  }
  const values = new Float32Array(count);
  for (let index = 0; index < values.length; index += 1) {
    const value = view.getFloat32(header + 4 * index, true);
    if (!Number.isFinite(value)) throw taskFailure('bad-weights', `weight ${index} is ${value}, not a finite number`);
    values[index] = value;
  }
  return values;
}
