/** Epochs with a falling learning rate and early stopping on the validation loss. */
import { setImmediate } from 'node:timers/promises';
import { taskFailure } from '../failures.js';
import type { WorkContext } from '../types.js';

/** The learning rate falls linearly to this share of its start. */
const FINAL_RATE = 0.1;

export interface Trainee {
  /** Trains once over the data and gives the mean loss. `rate`: share of the learning rate, from 1 down. */
  epoch(rate: number): number | Promise<number>;
  validationLoss(): number | Promise<number>;
  weights(): Float32Array;
}

export interface Trained {
  /** Those of the epoch with the lowest validation loss. */
  readonly weights: Float32Array;
  readonly epochs: number;
}

/** Fails as `non-finite-result` when training diverges, and as the signal says. */
export async function trainEpochs(
  trainee: Trainee,
  epochs: number,
  earlyPatience: number,
  work: WorkContext,
): Promise<Trained> {
  let best = { loss: Number.POSITIVE_INFINITY, epoch: 0, weights: trainee.weights() };
  let epoch = 0;
  while (epoch < epochs && epoch - best.epoch < Math.max(1, earlyPatience)) {
    const loss = await trainee.epoch(1 - ((1 - FINAL_RATE) * epoch) / epochs);
    epoch += 1;
    const validationLoss = await trainee.validationLoss();
    if (!Number.isFinite(loss) || !Number.isFinite(validationLoss)) {
      throw taskFailure('non-finite-result', `training diverged in epoch ${epoch}: loss ${loss}`);
    }
    if (validationLoss < best.loss) best = { loss: validationLoss, epoch, weights: trainee.weights() };
    work.progress({ epoch, maxEpochs: epochs, loss, validationLoss });
    await pause(work);
  }
  return { weights: best.weights, epochs: epoch };
}

/** A turn of the event loop, so that whoever shares the thread can abort. */
export async function pause({ signal }: WorkContext): Promise<void> {
  await setImmediate();
  signal.throwIfAborted();
}
