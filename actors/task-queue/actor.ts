/**
 * The only door to the pool. It hands out as many tasks as the pool has threads and keeps the rest in its own order,
 * because a queue inside the pool could not let a late vote pass an early search.
 */

import { taskFailure } from '../../gpu-workers/failures.js';
import { type RunOptions, WorkerPool, type WorkerPoolOptions } from '../../gpu-workers/pool.js';
import type { DomainSpec, PoolResult, PoolTask } from '../../gpu-workers/types.js';
import { DoinError, errorMessage } from '../../runtime/errors.js';
import { type ActorContext, defineActor, type Envelope } from '../../runtime/system/actor.js';
import type { RequestOf } from '../../runtime/system/protocol.js';
import { type TaskView, taskQueue } from './messages.js';
import { PriorityQueue, type Queued } from './priority-queue.js';

/** Tasks that may wait at once; a caller beyond it gets `queue-full` and comes back later. */
const QUEUE_LIMIT = 256;

export interface TaskQueueOptions {
  readonly threads: number;
  readonly niceIncrement: number;
  readonly domains: readonly DomainSpec[];
}

/** What runs the tasks: threads in production, this thread and virtual time in simulations. */
export interface TaskPool {
  readonly threads: number;
  run(task: PoolTask, options: RunOptions): Promise<PoolResult>;
  warm(specs: readonly DomainSpec[]): Promise<void>;
  close(): Promise<void>;
}

export interface TaskQueueModules {
  createPool(options: WorkerPoolOptions, ctx: ActorContext): TaskPool;
}

type RunRequest = RequestOf<typeof taskQueue.run>;

interface Job extends Queued {
  readonly request: RunRequest;
  readonly spec: DomainSpec;
  readonly queuedAtMs: number;
  /** When the caller stops waiting, milliseconds since the epoch. */
  readonly deadline: number;
  readonly traceId: string;
  readonly abort: AbortController;
  startedAtMs: number | null;
  progress: TaskView['progress'];
  readonly resolve: (result: PoolResult) => void;
  readonly reject: (error: unknown) => void;
}

export function createTaskQueueActor(modules: TaskQueueModules) {
  return defineActor({
    role: 'task-queue',
    protocol: taskQueue,
    listensTo: [],
    start(ctx: ActorContext, options: TaskQueueOptions) {
      const tasks = new TaskRunner(ctx, options, modules);
      return {
        handlers: {
          run: (request, envelope) => tasks.run(request, envelope),
          cancel: ({ taskId }) => tasks.cancel(taskId),
          getTasks: () => ({ tasks: tasks.views(), ...tasks.counters() }),
        },
        events: {},
        stop: () => tasks.close(),
        inspect: () => tasks.counters(),
      };
    },
  });
}

class TaskRunner {
  readonly #ctx: ActorContext;
  readonly #pool: TaskPool;
  readonly #domains: ReadonlyMap<string, DomainSpec>;
  readonly #waiting = new PriorityQueue<Job>(QUEUE_LIMIT);
  readonly #running = new Map<string, Job>();
  #completed = 0;
  #failed = 0;
  #closed = false;

  constructor(ctx: ActorContext, { threads, niceIncrement, domains }: TaskQueueOptions, modules: TaskQueueModules) {
    this.#ctx = ctx;
    this.#domains = new Map(domains.map((spec) => [spec.domainId, spec]));
    const maxMemoryMb = Math.max(64, ...domains.map(({ limits }) => limits.memoryMb));
    const onIdleCrash = (error: Error) =>
      ctx.log.warn('an idle pool thread died and was replaced', { error: error.message });
    this.#pool = modules.createPool({ threads, niceIncrement, maxMemoryMb, onIdleCrash }, ctx);
    // Data and backends load while the rest of the node starts, so the first candidate need not wait for them.
    void this.#warm(domains);
  }

  run(request: RunRequest, envelope: Envelope): Promise<PoolResult> {
    const { taskId, priority, task } = request;
    const spec = this.#domains.get(task.domainId);
    if (!spec) throw taskFailure('unknown-domain', `domain ${task.domainId} is not among this node's domains`);
    if (this.#closed) throw taskFailure('task-cancelled', 'the node is stopping');
    if (this.#find(taskId)) {
      throw new DoinError({ code: 'duplicate-task', taskId }, `task ${taskId} is already queued or running`);
    }
    return new Promise((resolve, reject) => {
      const queued = this.#waiting.add({
        taskId,
        priority,
        request,
        spec,
        queuedAtMs: this.#ctx.now(),
        deadline: envelope.deadline ?? Number.POSITIVE_INFINITY,
        traceId: envelope.traceId,
        abort: new AbortController(),
        startedAtMs: null,
        progress: null,
        resolve,
        reject,
      });
      if (!queued) {
        const text = `${this.#waiting.size} tasks are waiting already; try again later`;
        reject(new DoinError({ code: 'queue-full', limit: QUEUE_LIMIT }, text));
        return;
      }
      this.#startNext();
    });
  }

  cancel(taskId: string): void {
    const waiting = this.#waiting.remove(taskId);
    if (waiting) this.#refuse(waiting, 'the task was cancelled before it started');
    this.#running.get(taskId)?.abort.abort();
  }

  views(): readonly TaskView[] {
    return [...this.#running.values(), ...this.#waiting.items()].map((job) => ({
      taskId: job.taskId,
      kind: job.request.task.kind,
      domainId: job.spec.domainId,
      priority: job.priority,
      status: job.startedAtMs === null ? 'pending' : 'running',
      queuedAtMs: job.queuedAtMs,
      startedAtMs: job.startedAtMs,
      progress: job.progress,
    }));
  }

  counters() {
    return { workers: this.#pool.threads, completed: this.#completed, failed: this.#failed };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (let job = this.#waiting.take(); job; job = this.#waiting.take()) this.#refuse(job, 'the node is stopping');
    await this.#pool.close();
  }

  /** One bad domain must not keep the others cold; its own tasks will fail with the same message. */
  async #warm(domains: readonly DomainSpec[]): Promise<void> {
    for (const spec of domains) {
      try {
        await this.#pool.warm([spec]);
      } catch (error) {
        if (this.#closed) return;
        this.#ctx.log.error('a domain could not be loaded', { domain: spec.domainId, error: errorMessage(error) });
      }
    }
  }

  #find(taskId: string): boolean {
    return this.#running.has(taskId) || this.#waiting.items().some((job) => job.taskId === taskId);
  }

  #startNext(): void {
    while (!this.#closed && this.#running.size < this.#pool.threads) {
      const job = this.#waiting.take();
      if (!job) return;
      if (job.deadline <= this.#ctx.now()) this.#refuse(job, 'its caller no longer waits');
      else void this.#perform(job);
    }
  }

  /** Settles the job whatever happens; never rejects itself. */
  async #perform(job: Job): Promise<void> {
    const { taskId, spec, traceId } = job;
    const { task } = job.request;
    const startedAt = this.#ctx.monotonic();
    const about = { taskId, kind: task.kind, domainId: spec.domainId };
    job.startedAtMs = this.#ctx.now();
    this.#running.set(taskId, job);
    this.#ctx.emit(taskQueue.started, about, { traceId });
    let failure: string | null = null;
    try {
      const onProgress = (progress: NonNullable<TaskView['progress']>) => {
        job.progress = progress;
        this.#ctx.emit(taskQueue.progress, { taskId, domainId: spec.domainId, progress }, { traceId });
      };
      job.resolve(await this.#pool.run(task, { spec, signal: job.abort.signal, onProgress }));
      this.#completed += 1;
    } catch (error) {
      failure = error instanceof DoinError ? error.code : 'task-crashed';
      this.#failed += 1;
      job.reject(error);
    } finally {
      this.#running.delete(taskId);
      const seconds = (this.#ctx.monotonic() - startedAt) / 1000;
      this.#ctx.emit(taskQueue.finished, { ...about, seconds, failure }, { traceId });
      this.#startNext();
    }
  }

  #refuse(job: Job, reason: string): void {
    this.#failed += 1;
    job.reject(taskFailure('task-cancelled', `task ${job.taskId}: ${reason}`));
  }
}

export const taskQueueActor = createTaskQueueActor({ createPool: (options) => new WorkerPool(options) });
