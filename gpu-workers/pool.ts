/**
 * The pool of training and evaluation threads (Piscina), below the actors in priority. A task that fails, hangs, dies
 * or eats its memory ends as a DoinError whose code is a TaskFailureCode; the pool replaces the thread and goes on.
 *
 * Memory is bounded twice: the JavaScript heap by the thread's resource limit, typed arrays and WebAssembly by a check
 * whenever the domain reports progress. A domain that allocates those without ever reporting is not caught.
 */
import { setMaxListeners } from 'node:events';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { errorMessage } from '../runtime/errors.js';
import { refuseTask } from './checks.js';
import { isTaskFailure, type TaskFailure, taskFailure } from './failures.js';
import type { DomainSpec, PoolResult, PoolTask, TrainingProgress } from './types.js';
import type { WorkerMessage, WorkerReply, WorkerRequest } from './worker-protocol.js';

/** How long a cancelled task has to end by itself, keeping its thread warm, before the thread is killed. */
const CANCEL_GRACE_MS = 50;

export interface WorkerPoolOptions {
  /** At most this many tasks run at once. */
  readonly threads: number;
  /** Added to the niceness of each pool thread, 0..19. */
  readonly niceIncrement: number;
  /** Ends threads that had nothing to do for so long; by default all stay, with data and backend loaded. */
  readonly idleTimeoutMs?: number;
  /** JavaScript heap of each thread. */
  readonly maxMemoryMb: number;
  /** A thread died while it had no task. Nothing is lost; the next task gets a new one. */
  readonly onIdleCrash?: (error: Error) => void;
}

export interface RunOptions {
  readonly spec: DomainSpec;
  readonly signal: AbortSignal;
  onProgress(progress: TrainingProgress): void;
}

export class WorkerPool {
  readonly threads: number;
  readonly #niceIncrement: number;
  readonly #piscina: Piscina<WorkerRequest, WorkerReply>;
  readonly #closing = new AbortController();

  constructor(options: WorkerPoolOptions) {
    this.threads = options.threads;
    this.#niceIncrement = options.niceIncrement;
    this.#piscina = new Piscina({
      filename: new URL('./worker.js', import.meta.url).href,
      name: 'runTask',
      minThreads: options.idleTimeoutMs === undefined ? options.threads : 0,
      maxThreads: options.threads,
      ...(options.idleTimeoutMs === undefined ? {} : { idleTimeout: options.idleTimeoutMs }),
      niceIncrement: options.niceIncrement,
      resourceLimits: { maxOldGenerationSizeMb: options.maxMemoryMb },
      // Waiting in Atomics would save microseconds and hold up timers and ports inside the worker.
      atomics: 'disabled',
      recordTiming: false,
    });
    setMaxListeners(0, this.#closing.signal);
    this.#piscina.on('error', (error: Error) => options.onIdleCrash?.(error));
  }

  async run(task: PoolTask, { spec, signal, onProgress }: RunOptions): Promise<PoolResult> {
    const refused = refuseTask(task, spec);
    if (refused) throw refused;
    const result = await this.#dispatch(task, spec, signal, onProgress);
    if (result === null) throw taskFailure('task-crashed', 'the worker answered without a result');
    return result;
  }

  /** Loads the domains' data and backends on every thread. */
  async warm(specs: readonly DomainSpec[]): Promise<void> {
    const { signal } = this.#closing;
    for (const spec of specs) {
      const everyThread = Array.from({ length: this.threads }, () => this.#dispatch(null, spec, signal, () => {}));
      await Promise.all(everyThread);
    }
  }

  /** Aborts what is running and ends all threads. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#piscina.destroy();
  }

  async #dispatch(
    task: PoolTask | null,
    spec: DomainSpec,
    signal: AbortSignal,
    onProgress: (progress: TrainingProgress) => void,
  ): Promise<PoolResult | null> {
    const ending = new TaskEnding(spec, [signal, this.#closing.signal]);
    const { port1, port2 } = new MessageChannel();
    const receive = (message: WorkerMessage) => {
      if (message.type === 'started') ending.startClock();
      else onProgress(message.progress);
    };
    port1.on('message', receive);
    const { cancelled } = ending;
    const request: WorkerRequest = { task, spec, niceIncrement: this.#niceIncrement, cancelled, port: port2 };
    try {
      ending.throwIfEnded();
      const reply = await this.#piscina.run(request, { transferList: [port2], signal: ending.kill.signal });
      ending.throwIfEnded();
      // The reply came over another port and may have overtaken the last progress.
      for (let late = receiveMessageOnPort(port1); late; late = receiveMessageOnPort(port1)) receive(late.message);
      if (!reply.ok) throw taskFailure(reply.code, reply.message);
      return reply.result;
    } catch (error) {
      throw ending.reason ?? asTaskFailure(error);
    } finally {
      ending.settle();
      port1.close();
      port2.close();
    }
  }
}

/** Why and how a task is made to end early: first it is asked to, after the grace its thread is killed. */
class TaskEnding {
  readonly kill = new AbortController();
  readonly cancelled = new Int32Array(new SharedArrayBuffer(4));
  reason: TaskFailure | undefined;
  readonly #spec: DomainSpec;
  readonly #signals: readonly AbortSignal[];
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #onAbort = () => this.#end(taskFailure('task-cancelled', 'the task was cancelled'));

  // Not AbortSignal.any: on Node 20 a combined signal stays alive as long as its longest-lived source.
  constructor(spec: DomainSpec, signals: readonly AbortSignal[]) {
    this.#spec = spec;
    this.#signals = signals;
    for (const signal of signals) {
      if (signal.aborted) this.#onAbort();
      else signal.addEventListener('abort', this.#onAbort, { once: true });
    }
  }

  startClock(): void {
    const seconds = this.#spec.limits.trainingSeconds;
    const text = `the task ran longer than the ${seconds} s that domain ${this.#spec.domainId} allows`;
    this.#timers.push(setTimeout(() => this.#end(taskFailure('task-timeout', text)), seconds * 1000));
  }

  throwIfEnded(): void {
    if (this.reason) throw this.reason;
  }

  settle(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const signal of this.#signals) signal.removeEventListener('abort', this.#onAbort);
  }

  #end(reason: TaskFailure): void {
    if (this.reason) return;
    this.reason = reason;
    Atomics.store(this.cancelled, 0, 1);
    this.#timers.push(setTimeout(() => this.kill.abort(), CANCEL_GRACE_MS));
  }
}

function asTaskFailure(error: unknown): TaskFailure {
  if (error instanceof Error && (error as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return taskFailure('task-memory', 'the worker thread ran out of its heap limit', error);
  }
  if (isTaskFailure(error)) return error;
  return taskFailure('task-crashed', `the worker thread died: ${errorMessage(error)}`, error);
}
