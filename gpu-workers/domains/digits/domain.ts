/**
 * Recognising handwritten digits. Real images train; every evaluator measures on distortions of held-out images that
 * follow from its own seed. Same genome and seed, same bits: everything random comes from `random.ts`.
 */

import type { GenomeValues } from '../../../runtime/genome/space.js';
import { startWasmBackend } from '../../backends/wasm.js';
import { taskFailure } from '../../failures.js';
import { Random } from '../../random.js';
import type { Domain, DomainSpec, Evaluation } from '../../types.js';
import { distortImages } from './distortion.js';
import { CLASSES, type DigitsData, INK, type LabelledImages, loadDigits, PIXELS } from './images.js';
import { Network } from './network.js';
import { readSettings } from './settings.js';
import { trainNetwork } from './training.js';
import { decodeWeights, encodeWeights } from './weights.js';

/** Distorted copies of each of the 359 held-out images: 1795 samples, a standard error of 0.006 at 0.93. */
const COPIES = 5;

export function createDomain(spec: DomainSpec): Domain {
  let loading: Promise<DigitsData> | undefined;
  const load = async () => {
    const [data] = await Promise.all([loadDigits(), startWasmBackend()]);
    return data;
  };
  const ready = () => {
    loading ??= load();
    return loading;
  };
  const networkOf = (genome: GenomeValues, weights: Uint8Array) => {
    const { layerSizes } = readSettings(genome);
    return new Network(layerSizes, decodeWeights(layerSizes, weights));
  };
  return {
    spec,
    async prepare() {
      await ready();
    },
    async train(genome, seed, budget, work) {
      const data = await ready();
      const settings = readSettings(genome);
      if (settings.batchSize > spec.limits.batchSize) {
        throw taskFailure('bad-genome', `batch_size = ${settings.batchSize} is above ${spec.limits.batchSize}`);
      }
      const epochs = Math.min(settings.epochs, budget.maxEpochs, spec.limits.epochs);
      const trained = await trainNetwork(data, { ...settings, epochs }, seed, budget.earlyPatience, work);
      return { weights: encodeWeights(settings.layerSizes, trained.weights), epochs: trained.epochs };
    },
    async evaluate(genome, weights, dataSeed, work) {
      const data = await ready();
      const network = networkOf(genome, weights);
      work.signal.throwIfAborted();
      return measure(network, distortImages(data.heldOut, COPIES, 1, Random.fromSeed(dataSeed, 'digits/evaluation')));
    },
    async benchmark(genome, weights, work) {
      const data = await ready();
      const network = networkOf(genome, weights);
      work.signal.throwIfAborted();
      const { performance, standardError, samples } = measure(network, data.heldOut);
      return { performance, standardError, samples };
    },
    exampleInput: Array.from({ length: PIXELS }, () => 0),
    async predict(genome, weights, input) {
      await ready();
      const pixels = readPixels(input);
      const network = networkOf(genome, weights);
      const probabilities = network.predict(pixels, 1);
      network.dispose();
      return { digit: likeliest(probabilities, 0), probabilities: [...probabilities] };
    },
  };
}

function measure(network: Network, images: LabelledImages): Evaluation {
  const probabilities = network.predict(images.pixels, images.count);
  network.dispose();
  let right = 0;
  for (let row = 0; row < images.count; row += 1) {
    if (likeliest(probabilities, row) === images.labels[row]) right += 1;
  }
  const accuracy = right / images.count;
  return {
    performance: accuracy,
    standardError: Math.sqrt((accuracy * (1 - accuracy)) / images.count),
    samples: images.count,
    data: [images.pixels, images.labels],
    outputs: [probabilities],
  };
}

/** The most probable class; the lower one on a tie. Finite weights can still overflow on the way. */
function likeliest(probabilities: Float32Array, row: number): number {
  let best = 0;
  for (let label = 0; label < CLASSES; label += 1) {
    const probability = probabilities[row * CLASSES + label] as number;
    if (!Number.isFinite(probability)) {
      throw taskFailure('non-finite-result', `the network's output for image ${row} is ${probability}`);
    }
    if (probability > (probabilities[row * CLASSES + best] as number)) best = label;
  }
  return best;
}

function readPixels(input: unknown): Float32Array {
  const valid =
    Array.isArray(input) &&
    input.length === PIXELS &&
    input.every((pixel) => typeof pixel === 'number' && pixel >= 0 && pixel <= INK);
  if (!valid) {
    throw taskFailure('bad-input', `input must be an array of ${PIXELS} pixels between 0 and ${INK}`);
  }
  return Float32Array.from(input as number[], (pixel) => pixel / INK);
}
