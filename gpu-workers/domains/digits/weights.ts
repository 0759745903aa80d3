/**
 * The weights of a network: for each layer its weight matrix row by row, then its biases. As bytes they follow the sizes
 * of the layers (inputs, hidden layers, outputs).
 */
import { decodeParameters, encodeParameters } from '../../models/weight-bytes.js';
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
  return encodeParameters(sizes, values);
}

/** Throws `bad-weights` unless the bytes are a finite network of exactly these sizes. */
export function decodeWeights(sizes: LayerSizes, bytes: Uint8Array): Float32Array {
  return decodeParameters(sizes, parameterCount(sizes), bytes);
}
