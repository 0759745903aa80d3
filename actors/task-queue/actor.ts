/**
 * The only door to the pool, and to workers on other machines (remote.ts). It hands out as many tasks as the pool has threads and keeps the rest in its own order,
 * because a queue inside the pool could not let a late vote pass an early search.
 */

import { taskFailure } from '../../gpu-workers/failures.js';
import { type RunOptions, WorkerPool, type WorkerPoolOptions } from '../../gpu-workers/pool.js';
import type { DomainSpec, PoolResult, PoolTask, TrainingProgress } from '../../gpu-workers/types.js';
import { DoinError, errorMessage } from '../../runtime/errors.js';
import { type ActorContext, defineActor, type Envelope } from '../../runtime/system/actor.js';
import type { RequestOf } from '../../runtime/system/protocol.js';
import { type TaskView, taskQueue } from './messages.js';
import { PriorityQueue, type Queued } from './priority-queue.js';
import { type RemoteJob, RemoteWorkers } from './remote.js';

/** Tasks that may wait at once; a caller beyond it gets `queue-full` and comes back later. */
const QUEUE_LIMIT = 256;

export interface TaskQueueOptions {
  /** 0: only remote workers run tasks. */
  readonly threads: number;
  readonly niceIncrement: number;
  readonly domains: readonly DomainSpec[];
  /** By domain id, the hash of its definition as the network has it: a remote worker must hold the same. */
  readonly specHashes: Readonly<Record<string, string>>;
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

interface Job extends Queued, RemoteJob {
  readonly request: RunRequest;
  readonly spec: DomainSpec;
  readonly queuedAtMs: number;
  /** When the caller stops waiting, milliseconds since the epoch. */
  readonly deadline: number;
  readonly traceId: string;
  readonly abort: AbortController;
  startedAtMs: number | null;
  /** Monotonic. */
  startedAt: number;
  worker: string | null;
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
          getTasks: () => ({ tasks: tasks.views(), ...tasks.counters(), remote: tasks.remote.views() }),
          claim: async (request) => ({ lease: await tasks.remote.claim(request) }),
          renew: ({ leaseId, progress }) => ({ isHeld: tasks.remote.renew(leaseId, progress) }),
          complete: ({ leaseId, outcome }) => ({ refused: tasks.remote.complete(leaseId, outcome) }),
        },
        events: {},
        stop: () => tasks.close(),
        inspect: () => tasks.counters(),
      };
    },
  });
}

class TaskRunner {
  readonly remote: RemoteWorkers<Job>;
  readonly #ctx: ActorContext;
  /** Null where only remote workers run tasks. */
  readonly #pool: TaskPool | null;
  readonly #specHashes: Readonly<Record<string, string>>;
  readonly #domains: ReadonlyMap<string, DomainSpec>;
  readonly #waiting = new PriorityQueue<Job>(QUEUE_LIMIT);
  readonly #running = new Map<string, Job>();
  #runningHere = 0;
  #completed = 0;
  #failed = 0;
  #closed = false;

  constructor(ctx: ActorContext, options: TaskQueueOptions, modules: TaskQueueModules) {
    const { threads, niceIncrement, domains } = options;
    this.#ctx = ctx;
    this.#specHashes = options.specHashes;
    this.#domains = new Map(domains.map((spec) => [spec.domainId, spec]));
    const maxMemoryMb = Math.max(64, ...domains.map(({ limits }) => limits.memoryMb));
    const onIdleCrash = (error: Error) =>
      ctx.log.warn('an idle pool thread died and was replaced', { error: error.message });
    this.#pool = threads === 0 ? null : modules.createPool({ threads, niceIncrement, maxMemoryMb, onIdleCrash }, ctx);
    this.remote = new RemoteWorkers<Job>({
      ctx,
      take: (specHashes) => this.#takeFor(specHashes),
      started: (job, worker) => this.#begin(job, worker),
      progressed: (job, progress) => this.#progress(job, progress),
      finished: (job, outcome) => this.#end(job, outcome),
      returned: (job) => this.#waitAgain(job),
      capacityChanged: (remoteSlots) => ctx.emit(taskQueue.capacityChanged, { remoteSlots }),
    });
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
        specHash: this.#specHashes[spec.domainId] ?? '',
        lost: 0,
        startedAtMs: null,
        startedAt: 0,
        worker: null,
        progress: null,
        resolve,
        reject,
      });
      if (queued) this.#startNext();
      else reject(this.#queueFull());
    });
  }

  cancel(taskId: string): void {
    const waiting = this.#waiting.remove(taskId);
    if (waiting) this.#refuse(waiting, 'the task was cancelled before it started');
    if (!this.remote.cancel(taskId)) this.#running.get(taskId)?.abort.abort();
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
      worker: job.worker,
    }));
  }

  counters() {
    return { workers: this.#pool?.threads ?? 0, completed: this.#completed, failed: this.#failed };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (let job = this.#waiting.take(); job; job = this.#waiting.take()) this.#refuse(job, 'the node is stopping');
    this.remote.close();
    await this.#pool?.close();
  }

  /** One bad domain must not keep the others cold; its own tasks will fail with the same message. */
  async #warm(domains: readonly DomainSpec[]): Promise<void> {
    for (const spec of domains) {
      try {
        await this.#pool?.warm([spec]);
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
    const pool = this.#pool;
    while (pool !== null && !this.#closed && this.#runningHere < pool.threads) {
      const job = this.#take(() => true);
      if (!job) return;
      void this.#perform(pool, job);
    }
    this.remote.offer();
  }

  #takeFor(specHashes: ReadonlySet<string>): Job | undefined {
    return this.#closed ? undefined : this.#take(({ specHash }) => specHashes.has(specHash));
  }

  /** The next one that fits and that somebody still waits for. */
  #take(fits: (job: Job) => boolean): Job | undefined {
    for (;;) {
      const job = this.#waiting.take(fits);
      if (!job || job.deadline > this.#ctx.now()) return job;
      this.#refuse(job, 'its caller no longer waits');
    }
  }

  /** Settles the job whatever happens; never rejects itself. */
  async #perform(pool: TaskPool, job: Job): Promise<void> {
    this.#runningHere += 1;
    this.#begin(job, null);
    let outcome: PoolResult | unknown;
    try {
      const onProgress = (progress: TrainingProgress) => this.#progress(job, progress);
      outcome = await pool.run(job.request.task, { spec: job.spec, signal: job.abort.signal, onProgress });
    } catch (error) {
      outcome = error instanceof Error ? error : new Error(String(error));
    }
    this.#runningHere -= 1;
    this.#end(job, outcome as PoolResult | Error);
  }

  #begin(job: Job, worker: string | null): void {
    job.startedAt = this.#ctx.monotonic();
    job.startedAtMs = this.#ctx.now();
    job.worker = worker;
    this.#running.set(job.taskId, job);
    this.#ctx.emit(taskQueue.started, aboutOf(job), { traceId: job.traceId });
  }

  #progress(job: Job, progress: TrainingProgress): void {
    job.progress = progress;
    const { taskId, spec, traceId } = job;
    this.#ctx.emit(taskQueue.progress, { taskId, domainId: spec.domainId, progress }, { traceId });
  }

  #end(job: Job, outcome: PoolResult | Error): void {
    const isFailure = outcome instanceof Error;
    if (isFailure) {
      this.#failed += 1;
      job.reject(outcome);
    } else {
      this.#completed += 1;
      job.resolve(outcome);
    }
    this.#tellEnd(job, isFailure ? (outcome instanceof DoinError ? outcome.code : 'task-crashed') : null);
    this.#startNext();
  }

  #tellEnd(job: Job, failure: string | null): void {
    this.#running.delete(job.taskId);
    const seconds = (this.#ctx.monotonic() - job.startedAt) / 1000;
    this.#ctx.emit(taskQueue.finished, { ...aboutOf(job), seconds, failure }, { traceId: job.traceId });
  }

  /** After a remote worker that did not bring it to an end. */
  #waitAgain(job: Job): void {
    this.#tellEnd(job, 'lease-ended');
    job.startedAtMs = null;
    job.worker = null;
    job.progress = null;
    if (this.#waiting.add(job)) this.#startNext();
    else job.reject(this.#queueFull());
  }

  #queueFull(): DoinError {
    const text = `${this.#waiting.size} tasks are waiting already; try again later`;
    return new DoinError({ code: 'queue-full', limit: QUEUE_LIMIT }, text);
  }

  #refuse(job: Job, reason: string): void {
    this.#failed += 1;
    job.reject(taskFailure('task-cancelled', `task ${job.taskId}: ${reason}`));
  }
}

function aboutOf({ taskId, request, spec }: Job) {
  return { taskId, kind: request.task.kind, domainId: spec.domainId };
}

export const taskQueueActor = createTaskQueueActor({ createPool: (options) => new WorkerPool(options) });
