/**
 * What is refused of a remote worker's result before it has an effect. It must be one that this node's own pool could
 * have given for that very task: a worker on another machine gets no more trust than that.
 */
import { refuseMeasurement, refuseWeights } from '../../gpu-workers/checks.js';
import { PREDICTION_BYTES } from '../../gpu-workers/prediction.js';
import type { DomainSpec, PoolResult, PoolTask } from '../../gpu-workers/types.js';

const HASH = /^[0-9a-f]{64}$/;
/** Beside the result of a benchmark: a page shows them all. */
const MAX_FIGURES = 16;
/** A clock of another machine may be off by this much. */
const CLOCK_SLACK_SECONDS = 60;

/** Null when the result may be used. */
export function refuseRemoteResult(task: PoolTask, spec: DomainSpec, result: PoolResult): string | null {
  const { measurement, seconds } = result;
  const refused = refuseMeasurement(measurement);
  if (refused) return refused.message;
  if (!Number.isSafeInteger(measurement.samples) || measurement.samples < 0) return `samples ${measurement.samples}`;
  const longest = spec.limits.trainingSeconds + CLOCK_SLACK_SECONDS;
  if (!(seconds >= 0 && seconds <= longest)) return `seconds ${seconds}: not between 0 and ${longest}`;
  return refuseParts(task, spec, result) ?? refuseForeignParts(task, result);
}

function refuseParts(task: PoolTask, spec: DomainSpec, result: PoolResult): string | null {
  switch (task.kind) {
    case 'train': {
      const { weights, epochs } = result;
      if (weights === undefined) return 'trained without weights';
      const most = Math.min(task.budget.maxEpochs, spec.limits.epochs);
      if (epochs === undefined || !Number.isSafeInteger(epochs) || epochs < 0 || epochs > most) {
        return `epochs ${epochs}: not between 0 and ${most}`;
      }
      return refuseWeights(weights, spec)?.message ?? null;
    }
    case 'evaluate': {
      const { dataHash = '', traceHash = '' } = result.evidence ?? {};
      return HASH.test(dataHash) && HASH.test(traceHash) ? null : 'measured without evidence';
    }
    case 'benchmark':
      return Object.keys(result.beside ?? {}).length <= MAX_FIGURES ? null : `more than ${MAX_FIGURES} figures`;
    case 'predict':
      return refuseOutput(result.output);
  }
}

function refuseOutput(output: string | undefined): string | null {
  if (output === undefined) return 'predicted without an output';
  if (Buffer.byteLength(output) > PREDICTION_BYTES) return `an output of more than ${PREDICTION_BYTES} bytes`;
  try {
    JSON.parse(output);
    return null;
  } catch {
    return 'an output that is no JSON';
  }
}

function refuseForeignParts({ kind }: PoolTask, result: PoolResult): string | null {
  const belongs = {
    weights: kind === 'train',
    epochs: kind === 'train',
    evidence: kind === 'evaluate',
    output: kind === 'predict',
    beside: kind === 'benchmark',
  };
  const foreign = Object.entries(belongs).find(([part, mine]) => !mine && part in result);
  return foreign === undefined ? null : `${foreign[0]} in the result of a task to ${kind}`;
}
