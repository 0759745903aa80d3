/** The training loop: shuffled, distorted batches, a falling learning rate, early stopping on validation loss. */
import { setImmediate } from 'node:timers/promises';
import { taskFailure } from '../../failures.js';
import { Random } from '../../random.js';
import type { WorkContext } from '../../types.js';
import { distortImages } from './distortion.js';
import { type DigitsData, type LabelledImages, PIXELS } from './images.js';
import { crossEntropy, Network } from './network.js';
import type { Settings } from './settings.js';
import { initialWeights } from './weights.js';

/** The learning rate falls linearly to this share of its start. */
const FINAL_RATE = 0.1;

export interface Trained {
  /** Those of the epoch with the lowest validation loss. */
  readonly weights: Float32Array;
  readonly epochs: number;
}

export async function trainNetwork(
  data: DigitsData,
  settings: Settings,
  seed: Uint8Array,
  earlyPatience: number,
  work: WorkContext,
): Promise<Trained> {
  const network = new Network(settings.layerSizes, initialWeights(settings.layerSizes, seed));
  const random = Random.fromSeed(seed, 'digits/batches');
  // Distorted like what evaluators will show, or patience would stop at the wrong moment.
  const validation = distortImages(data.validation, 1, 1, Random.fromSeed(seed, 'digits/validation'));
  let best = { loss: Number.POSITIVE_INFINITY, epoch: 0, weights: network.weights() };
  let epoch = 0;
  try {
    while (epoch < settings.epochs && epoch - best.epoch < Math.max(1, earlyPatience)) {
      const learningRate = settings.learningRate * (1 - ((1 - FINAL_RATE) * epoch) / settings.epochs);
      const loss = trainEpoch(network, data.training, settings, learningRate, random);
      epoch += 1;
      const validationLoss = crossEntropy(network.predict(validation.pixels, validation.count), validation.labels);
      if (!Number.isFinite(loss) || !Number.isFinite(validationLoss)) {
        throw taskFailure('non-finite-result', `training diverged in epoch ${epoch}: loss ${loss}`);
      }
      if (validationLoss < best.loss) best = { loss: validationLoss, epoch, weights: network.weights() };
      work.progress({ epoch, maxEpochs: settings.epochs, loss, validationLoss });
      // A turn of the event loop, so that whoever shares the thread can abort.
      await setImmediate();
      work.signal.throwIfAborted();
    }
    return { weights: best.weights, epochs: epoch };
  } finally {
    network.dispose();
  }
}

/** Returns the mean loss over the epoch's batches. */
function trainEpoch(
  network: Network,
  training: LabelledImages,
  { batchSize, weightDecay, augmentation }: Settings,
  learningRate: number,
  random: Random,
): number {
  const images = augmentation > 0 ? distortImages(training, 1, augmentation, random) : training;
  const order = random.shuffle(Uint32Array.from({ length: images.count }, (_, index) => index));
  let loss = 0;
  for (let start = 0; start < images.count; start += batchSize) {
    const members = order.subarray(start, start + batchSize);
    const pixels = new Float32Array(members.length * PIXELS);
    for (const [row, image] of members.entries()) {
      pixels.set(images.pixels.subarray(image * PIXELS, (image + 1) * PIXELS), row * PIXELS);
    }
    const labels = Uint8Array.from(members, (image) => images.labels[image] as number);
    loss += network.step(pixels, labels, { learningRate, weightDecay }) * members.length;
  }
  return loss / images.count;
}
