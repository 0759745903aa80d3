/** What is refused before any work, and what is refused as a result. Genomes and weights come from strangers. */
import { checkGenome } from '../runtime/genome/space.js';
import { type TaskFailure, taskFailure } from './failures.js';
import type { DomainSpec, Measurement, PoolTask } from './types.js';

/** Null when the task may run. */
export function refuseTask(task: PoolTask, spec: DomainSpec): TaskFailure | null {
  if (task.domainId !== spec.domainId) {
    return taskFailure('unknown-domain', `task is for domain ${task.domainId}, not for ${spec.domainId}`);
  }
  const verdict = checkGenome(spec.space, task.genome);
  if (!verdict.ok) return taskFailure('bad-genome', verdict.reason);
  return task.kind === 'train' ? null : refuseWeights(task.weights, spec);
}

export function refuseWeights(weights: Uint8Array, spec: DomainSpec): TaskFailure | null {
  if (weights.length <= spec.limits.blobBytes) return null;
  const text = `weights are ${weights.length} bytes; domain ${spec.domainId} allows ${spec.limits.blobBytes}`;
  return taskFailure('bad-weights', text);
}

export function refuseMeasurement({ performance, standardError }: Measurement): TaskFailure | null {
  if (Number.isFinite(performance) && Number.isFinite(standardError) && standardError >= 0) return null;
  return taskFailure('non-finite-result', `performance ${performance} with standard error ${standardError}`);
}

/** For domains whose genome is the answer. */
export function requireNoInput(input: unknown, domainId: string): void {
  if (input !== null)
    throw taskFailure('bad-input', `${domainId} takes no input: its answer is the point it found; send null`);
}
