/** What goes into a prediction and comes out of it: JSON of a bounded size, without numbers that JSON does not have. */
import { taskFailure } from './failures.js';

/** Of the input and of the output: an image or a series fits, a data set does not. */
export const PREDICTION_BYTES = 65_536;

export function readInput(text: string): unknown {
  if (Buffer.byteLength(text) > PREDICTION_BYTES) {
    throw taskFailure('bad-input', `the input is larger than ${PREDICTION_BYTES} bytes`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw taskFailure('bad-input', 'the input is not JSON');
  }
}

export function writeOutput(output: unknown): string {
  const text = JSON.stringify(output, (_key, value: unknown) => {
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw taskFailure('non-finite-result', `the prediction holds ${value}`);
    }
    return value;
  });
  if (text === undefined) throw taskFailure('task-crashed', 'the prediction is nothing that JSON can hold');
  if (Buffer.byteLength(text) <= PREDICTION_BYTES) return text;
  throw taskFailure('task-crashed', `the prediction is larger than ${PREDICTION_BYTES} bytes`);
}
