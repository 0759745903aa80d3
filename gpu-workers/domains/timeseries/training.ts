/** Training on the known history, and the parameters it starts from. */
import { countOf, sizeOf } from '../../models/parameters.js';
import { pause, type Trained, trainEpochs } from '../../models/training-loop.js';
import { Random } from '../../random.js';
import type { WorkContext } from '../../types.js';
import { Forecaster, huberLoss } from './forecaster.js';
import { PERIODS } from './series.js';
import { type Architecture, type Settings, shapesOf } from './settings.js';
import { allOrigins, answersOf, inputsOf, type Questions } from './windows.js';

/** Questions that a model is asked at a time, outside training. */
const CHUNK = 128;

export async function trainForecaster(
  history: Float32Array,
  horizon: number,
  settings: Settings,
  seed: Uint8Array,
  earlyPatience: number,
  work: WorkContext,
): Promise<Trained> {
  const forecaster = new Forecaster(settings, initialParameters(settings, seed));
  const random = Random.fromSeed(seed, 'timeseries/batches');
  const training = { series: history, horizon, origins: allOrigins(PERIODS.training, horizon) };
  const validation = { series: history, horizon, origins: allOrigins(PERIODS.validation, horizon) };
  const answers = answersOf(validation);
  const trainee = {
    epoch: (rate: number) => trainEpoch(forecaster, training, settings, settings.learningRate * rate, random, work),
    validationLoss: async () => huberLoss(await forecast(forecaster, validation, work), answers),
    weights: () => forecaster.weights(),
  };
  try {
    return await trainEpochs(trainee, settings.epochs, earlyPatience, work);
  } finally {
    forecaster.dispose();
  }
}

/** Returns the mean loss over the epoch's batches. */
async function trainEpoch(
  forecaster: Forecaster,
  training: Questions,
  { batchSize, weightDecay, window }: Settings,
  learningRate: number,
  random: Random,
  work: WorkContext,
): Promise<number> {
  const order = random.shuffle(training.origins.slice());
  let loss = 0;
  for (let start = 0; start < order.length; start += batchSize) {
    const batch = { ...training, origins: order.subarray(start, start + batchSize) };
    const mean = forecaster.step(inputsOf(batch, window), answersOf(batch), { learningRate, weightDecay });
    loss += mean * batch.origins.length;
    await pause(work);
  }
  return loss / order.length;
}

/** The changes of the load that the model expects, question by question. */
export async function forecast(forecaster: Forecaster, questions: Questions, work: WorkContext): Promise<Float32Array> {
  const { origins } = questions;
  const changes = new Float32Array(origins.length);
  for (let start = 0; start < origins.length; start += CHUNK) {
    const chunk = { ...questions, origins: origins.subarray(start, start + CHUNK) };
    changes.set(forecaster.predict(inputsOf(chunk, forecaster.architecture.window), chunk.origins.length), start);
    await pause(work);
  }
  return changes;
}

/**
 * Matrices normal with deviation 1 / sqrt(inputs), the output's a tenth of it, so that training starts near the naive
 * forecast; biases zero, but those of forget gates 1 (Jozefowicz et al. 2015).
 */
export function initialParameters(architecture: Architecture, seed: Uint8Array): Float32Array {
  const random = Random.fromSeed(seed, 'timeseries/weights');
  const shapes = shapesOf(architecture);
  const values = new Float32Array(countOf(shapes));
  let at = 0;
  for (const [index, shape] of shapes.entries()) {
    const size = sizeOf(shape);
    const isMatrix = shape.length === 2;
    const deviation = (index === shapes.length - 2 ? 0.1 : 1) / Math.sqrt(shape[0] as number);
    if (isMatrix) for (let offset = 0; offset < size; offset += 1) values[at + offset] = deviation * random.gaussian();
    if (architecture.kind === 'lstm' && index === 2) {
      values.fill(1, at + architecture.width, at + 2 * architecture.width);
    }
    at += size;
  }
  return values;
}
