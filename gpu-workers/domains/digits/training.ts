/** Shuffled, distorted batches for the network, epoch by epoch. */
import { type Trained, trainEpochs } from '../../models/training-loop.js';
import { Random } from '../../random.js';
import type { WorkContext } from '../../types.js';
import { distortImages } from './distortion.js';
import { type DigitsData, type LabelledImages, PIXELS } from './images.js';
import { crossEntropy, Network } from './network.js';
import type { Settings } from './settings.js';
import { initialWeights } from './weights.js';

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
  const trainee = {
    epoch: (rate: number) => trainEpoch(network, data.training, settings, settings.learningRate * rate, random),
    validationLoss: () => crossEntropy(network.predict(validation.pixels, validation.count), validation.labels),
    weights: () => network.weights(),
  };
  try {
    return await trainEpochs(trainee, settings.epochs, earlyPatience, work);
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
