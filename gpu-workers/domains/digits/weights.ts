/**
 * Trained weights as bytes, all little-endian: u32 number of layer sizes, that many u32 sizes (inputs, hidden layers,
 * outputs), then for each layer its weight matrix row by row and its biases as float32. Weights come from strangers:
 * the sizes must be the genome's own, and the length must follow from them, before anything of that size is allocated.
 */
import { taskFailure } from '../../failures.js';
import { Random } from '../../random.js';

/** Sizes of the layers of a network, inputs first. */
export type LayerSizes = readonly number[];

export function parameterCount(sizes: LayerSizes): number {
  let count = 0;
  for (let layer = 1; layer < sizes.length; layer += 1) {
    count += ((sizes[layer - 1] as number) + 1) * (sizes[layer] as number);
  }
  return count;
}

/** Normal with deviation sqrt(2 / inputs), biases zero (He et al. 2015, for rectified units). */
export function initialWeights(sizes: LayerSizes, seed: Uint8Array): Float32Array {
  const random = Random.fromSeed(seed, 'digits/weights');
  const values = new Float32Array(parameterCount(sizes));
  let at = 0;
  for (let layer = 1; layer < sizes.length; layer += 1) {
    const inputs = sizes[layer - 1] as number;
    const outputs = sizes[layer] as number;
    const deviation = Math.sqrt(2 / inputs);
    for (let index = 0; index < inputs * outputs; index += 1) values[at + index] = random.gaussian() * deviation;
    at += (inputs + 1) * outputs;
  }
  return values;
}

export function encodeWeights(sizes: LayerSizes, values: Float32Array): Uint8Array {
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

/** Throws `bad-weights` unless the bytes are a finite network of exactly these sizes. */
export function decodeWeights(sizes: LayerSizes, bytes: Uint8Array): Float32Array {
  const header = 4 * (1 + sizes.length);
  const expected = header + 4 * parameterCount(sizes);
  if (bytes.length !== expected) {
    throw taskFailure('bad-weights', `weights are ${bytes.length} bytes; layers ${sizes.join('-')} take ${expected}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stated = Array.from({ length: sizes.length + 1 }, (_, index) => view.getUint32(4 * index, true));
  if (stated[0] !== sizes.length || sizes.some((size, index) => stated[index + 1] !== size)) {
    throw taskFailure('bad-weights', `weights state layers ${stated.join(',')}; the genome says ${sizes.join('-')}`);
  }
  const values = new Float32Array(parameterCount(sizes));
  for (let index = 0; index < values.length; index += 1) {
    const value = view.getFloat32(header + 4 * index, true);
    if (!Number.isFinite(value)) throw taskFailure('bad-weights', `weight ${index} is ${value}, not a finite number`);
    values[index] = value;
  }
  return values;
}
