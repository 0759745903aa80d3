/** Runs in every thread of the pool: one task at a time, domains stay loaded between tasks. */
import type { MessagePort } from 'node:worker_threads';
import { DoinError, errorMessage } from '../runtime/errors.js';
import { decodeGenome } from '../runtime/genome/space.js';
import { refuseMeasurement, refuseTask, refuseWeights } from './checks.js';
import { loadDomain } from './domains/registry.js';
import { evidenceOf } from './evidence.js';
import { isTaskFailureCode, taskFailure } from './failures.js';
import { lowerThreadPriority } from './niceness.js';
import { readInput, writeOutput } from './prediction.js';
import type { Domain, DomainSpec, Measurement, PoolResult, PoolTask, WorkContext } from './types.js';
import type { WorkerMessage, WorkerReply, WorkerRequest } from './worker-protocol.js';

const MEBIBYTE = 1_048_576;
const NOTHING_MEASURED: Measurement = { performance: 0, standardError: 0, samples: 0 };
/** Well inside the pool's grace for cancelled tasks. */
const CANCEL_POLL_MS = 10;

/** By the whole specification: two chains may give one id different bounds. */
const domains = new Map<string, Promise<Domain>>();

export async function runTask(request: WorkerRequest): Promise<WorkerReply> {
  const { task, spec, port } = request;
  const { work, release } = workContext(request);
  try {
    lowerThreadPriority(request.niceIncrement);
    post(port, { type: 'started' });
    const startedAt = performance.now();
    const domain = await prepared(spec);
    if (task === null) return { ok: true, result: null };
    const refused = refuseTask(task, spec);
    if (refused) throw refused;
    const result = await perform(domain, task, work);
    return { ok: true, result: { ...result, seconds: (performance.now() - startedAt) / 1000 } };
  } catch (error) {
    return failureReply(error);
  } finally {
    release();
    port.close();
  }
}

/** One task on a loaded domain; also what a simulated pool runs. Throws TaskFailure. */
export async function perform(domain: Domain, task: PoolTask, work: WorkContext): Promise<Omit<PoolResult, 'seconds'>> {
  const genome = decodeGenome(domain.spec.space, task.genome);
  switch (task.kind) {
    case 'train': {
      const { weights, epochs } = await domain.train(genome, task.seed, task.budget, work);
      const refused = refuseWeights(weights, domain.spec);
      if (refused) throw refused;
      return { measurement: finite(await domain.evaluate(genome, weights, task.dataSeed, work)), weights, epochs };
    }
    case 'evaluate': {
      const evaluation = await domain.evaluate(genome, task.weights, task.dataSeed, work);
      return { measurement: finite(evaluation), evidence: evidenceOf(evaluation) };
    }
    case 'benchmark': {
      if (!domain.benchmark) {
        throw taskFailure('task-crashed', `domain ${domain.spec.domainId} has no real data to benchmark on`);
      }
      const benchmark = await domain.benchmark(genome, task.weights, work);
      const { beside } = benchmark;
      return { measurement: finite(benchmark), ...(beside === undefined ? {} : { beside: finiteFigures(beside) }) };
    }
    case 'predict': {
      const output = await domain.predict(genome, task.weights, readInput(task.input));
      return { measurement: NOTHING_MEASURED, output: writeOutput(output) };
    }
  }
}

/** The measurement alone: data and outputs of an evaluation stay in this thread. */
function finite({ performance, standardError, samples }: Measurement): Measurement {
  const measurement = { performance, standardError, samples };
  const refused = refuseMeasurement(measurement);
  if (refused) throw refused;
  return measurement;
}

function finiteFigures(figures: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const wrong = Object.entries(figures).find(([, value]) => !Number.isFinite(value));
  if (wrong === undefined) return figures;
  throw taskFailure('non-finite-result', `${wrong[0]} is ${wrong[1]}`);
}

/** A domain that failed to load is forgotten, so that the next task tries again. */
function prepared(spec: DomainSpec): Promise<Domain> {
  const key = JSON.stringify(spec);
  const known = domains.get(key);
  if (known) return known;
  const loading = loadDomain(spec).then(async (domain) => {
    await domain.prepare();
    return domain;
  });
  domains.set(key, loading);
  loading.catch(() => domains.delete(key));
  return loading;
}

/**
 * Cancellation is looked at whenever the domain reports progress and, where it waits for something, every few
 * milliseconds; memory at each report. Piscina's heap limit does not see typed arrays and WebAssembly memory, which is
 * why they are counted here.
 */
function workContext({ spec, cancelled, port }: WorkerRequest): { work: WorkContext; release(): void } {
  const controller = new AbortController();
  const lookForCancel = () => {
    if (Atomics.load(cancelled, 0) !== 0) controller.abort(taskFailure('task-cancelled', 'the task was cancelled'));
  };
  const timer = setInterval(lookForCancel, CANCEL_POLL_MS);
  const work: WorkContext = {
    signal: controller.signal,
    progress(progress) {
      post(port, { type: 'progress', progress });
      lookForCancel();
      const { heapUsed, external } = process.memoryUsage();
      if (heapUsed + external > spec.limits.memoryMb * MEBIBYTE) {
        const used = Math.round((heapUsed + external) / MEBIBYTE);
        throw taskFailure('task-memory', `${used} MiB in use; domain ${spec.domainId} allows ${spec.limits.memoryMb}`);
      }
    },
  };
  return { work, release: () => clearInterval(timer) };
}

function failureReply(error: unknown): WorkerReply {
  const code = error instanceof DoinError && isTaskFailureCode(error.code) ? error.code : 'task-crashed';
  return { ok: false, code, message: errorMessage(error) };
}

function post(port: MessagePort, message: WorkerMessage): void {
  port.postMessage(message);
}
