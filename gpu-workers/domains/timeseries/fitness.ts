/**
 * How much better than the naive forecast, "it stays as it is", on the days a model was trained on (in histories it never
 * saw) and on days after them: 0.4 and 0.6 of the differences of the mean absolute errors, and a penalty for each that is
 * worse than naive, double for the later days. Below zero is better than naive; the Python system's predictor counts alike.
 */
import { HOURS_PER_DAY } from './series.js';
import { loadAt, type Questions } from './windows.js';

const TRAINING_SHARE = 0.4;
const VALIDATION_SHARE = 0.6;
const TRAINING_PENALTY = 1;
const VALIDATION_PENALTY = 2;

export interface Errors {
  /** Mean absolute errors, in units of the load. */
  readonly model: number;
  readonly naive: number;
  /** Of "as at this hour the day before". */
  readonly seasonalNaive: number;
}

export function errorsOf(questions: Questions, changes: Float32Array): Errors {
  const { series, origins, horizon } = questions;
  const sums = { model: 0, naive: 0, seasonalNaive: 0 };
  for (const [row, origin] of origins.entries()) {
    const now = loadAt(series, origin);
    const actual = loadAt(series, origin + horizon);
    sums.model += Math.abs(now + (changes[row] as number) - actual);
    sums.naive += Math.abs(now - actual);
    sums.seasonalNaive += Math.abs(loadAt(series, origin + horizon - HOURS_PER_DAY) - actual);
  }
  const count = origins.length;
  return { model: sums.model / count, naive: sums.naive / count, seasonalNaive: sums.seasonalNaive / count };
}

/** Of one history. */
export interface Margins {
  /** Error of the model less that of the naive forecast. */
  readonly training: number;
  readonly validation: number;
}

export interface Fitness {
  readonly fitness: number;
  readonly standardError: number;
}

/** The standard error is over histories: hours of one history are not independent of each other. */
export function fitnessOf(histories: readonly Margins[]): Fitness {
  const training = mean(histories.map((margins) => margins.training));
  const validation = mean(histories.map((margins) => margins.validation));
  const ofTraining = TRAINING_SHARE + (training > 0 ? TRAINING_PENALTY : 0);
  const ofValidation = VALIDATION_SHARE + (validation > 0 ? VALIDATION_PENALTY : 0);
  const fitness = ofTraining * training + ofValidation * validation;
  const deviations = histories.map((margins) => {
    const deviation = ofTraining * margins.training + ofValidation * margins.validation - fitness;
    return deviation * deviation;
  });
  const degrees = Math.max(1, histories.length - 1);
  const variance = (mean(deviations) * histories.length) / degrees;
  return { fitness, standardError: Math.sqrt(variance / histories.length) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
