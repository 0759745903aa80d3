/**
 * Workers on other machines. They claim tasks and hold each by a lease, which ends when nothing is heard of its worker:
 * the task then waits again, as after a result that is refused. Owns the leases, the workers and the claims that wait;
 * the queue itself stays with the actor.
 */
import { isTaskFailureCode, taskFailure } from '../../gpu-workers/failures.js';
import type { DomainSpec, PoolResult, PoolTask, TrainingProgress } from '../../gpu-workers/types.js';
import type { ActorContext, Cancel } from '../../runtime/system/actor.js';
import type { RemoteOutcome, RemoteWorkerView, TaskLease } from './messages.js';
import { refuseRemoteResult } from './remote-results.js';

/** A lease ends when nothing was heard of it for so long; its worker renews it three times in between. */
export const LEASE_MS = 30_000;
/** Tasks out at a time, over all workers. */
export const MAX_LEASES = 256;
/** Claims that wait for a task. */
export const MAX_CLAIMS = 256;
/** Names of workers remembered at a time. */
export const MAX_WORKERS = 64;
/** A task that so many leases did not bring to an end fails. */
export const MAX_LEASES_PER_TASK = 3;
/** A worker with so many refused results one after the other gets no tasks for a while. */
export const MAX_REFUSED = 3;
export const BARRED_MS = 600_000;
const SWEEP_MS = 1_000;
const TELL_MS = 10_000;

export interface RemoteJob {
  readonly taskId: string;
  readonly spec: DomainSpec;
  readonly specHash: string;
  readonly request: { readonly task: PoolTask };
  /** Leases that came to nothing. */
  lost: number;
}

/** How the actor takes part. */
export interface RemoteModules<J extends RemoteJob> {
  readonly ctx: ActorContext;
  /** The next task for somebody who has these domains, taken out of the queue. */
  take(specHashes: ReadonlySet<string>): J | undefined;
  started(job: J, worker: string): void;
  progressed(job: J, progress: TrainingProgress): void;
  finished(job: J, outcome: PoolResult | Error): void;
  /** It waits again. */
  returned(job: J): void;
  capacityChanged(slots: number): void;
}

interface Lease<J> {
  readonly id: string;
  readonly worker: string;
  readonly job: J;
  expiresAtMs: number;
  /** A task has its domain's time limit, however often its lease is renewed. */
  readonly endsAtMs: number;
}

interface Claim {
  /** Of the lease that it becomes. */
  readonly leaseId: string;
  readonly worker: string;
  readonly specHashes: ReadonlySet<string>;
  answer(lease: TaskLease | null): void;
}

interface Worker {
  slots: number;
  seenAtMs: number;
  completed: number;
  /** In a row. */
  refused: number;
  barredUntilMs: number;
}

export interface ClaimRequest {
  /** Drawn by the worker, so that it can give back also what it never got to see. */
  readonly leaseId: string;
  readonly worker: string;
  readonly slots: number;
  readonly specHashes: readonly string[];
  readonly waitMs: number;
}

export class RemoteWorkers<J extends RemoteJob> {
  readonly #modules: RemoteModules<J>;
  readonly #leases = new Map<string, Lease<J>>();
  readonly #claims = new Map<string, Claim>();
  readonly #workers = new Map<string, Worker>();
  readonly #cancelSweep: Cancel;
  #capacity = 0;
  #toldAtMs = Number.NEGATIVE_INFINITY;

  constructor(modules: RemoteModules<J>) {
    this.#modules = modules;
    this.#cancelSweep = modules.ctx.every(SWEEP_MS, () => this.#sweep());
  }

  get slots(): number {
    return this.#capacity;
  }

  views(): readonly RemoteWorkerView[] {
    return [...this.#workers].map(([name, { slots, completed }]) => ({
      name,
      slots,
      completed,
      leases: [...this.#leases.values()].filter(({ worker }) => worker === name).length,
    }));
  }

  /** Answered with a task as soon as there is one, or with null at the end of the wait. */
  claim({ leaseId, worker, slots, specHashes, waitMs }: ClaimRequest): Promise<TaskLease | null> {
    const { ctx } = this.#modules;
    const known = this.#hear(worker, slots);
    const isUsed = this.#claims.has(leaseId) || this.#leases.has(leaseId);
    if (known === null || isUsed || this.#claims.size >= MAX_CLAIMS) return Promise.resolve(null);
    return new Promise((resolve) => {
      const cancel = ctx.after(waitMs, () => claim.answer(null));
      const claim: Claim = {
        leaseId,
        worker,
        specHashes: new Set(specHashes),
        answer: (lease) => {
          cancel();
          this.#claims.delete(leaseId);
          resolve(lease);
        },
      };
      this.#claims.set(leaseId, claim);
      this.offer();
    });
  }

  /** Hands out what waits to those who wait. */
  offer(): void {
    const now = this.#modules.ctx.now();
    for (const claim of this.#claims.values()) {
      if (this.#leases.size >= MAX_LEASES) return;
      if ((this.#workers.get(claim.worker)?.barredUntilMs ?? 0) > now) continue;
      const job = this.#modules.take(claim.specHashes);
      if (job !== undefined) claim.answer(this.#lease(claim, job));
    }
  }

  /** False when the lease has ended: the worker shall drop the task. */
  renew(id: string, progress: TrainingProgress | null): boolean {
    const lease = this.#leases.get(id);
    if (lease === undefined) return false;
    const { ctx, progressed } = this.#modules;
    lease.expiresAtMs = ctx.now() + LEASE_MS;
    const worker = this.#workers.get(lease.worker);
    if (worker !== undefined) worker.seenAtMs = ctx.now();
    if (progress !== null) progressed(lease.job, progress);
    return true;
  }

  /** Null when it counts, else why not. */
  complete(id: string, outcome: RemoteOutcome): string | null {
    const lease = this.#leases.get(id);
    const claim = this.#claims.get(id);
    if (claim !== undefined && outcome.type === 'released') {
      claim.answer(null);
      return null;
    }
    if (lease === undefined) return 'the lease has ended; the task waits for somebody else, or is done';
    this.#leases.delete(id);
    const { job, worker } = lease;
    const { finished } = this.#modules;
    switch (outcome.type) {
      case 'released':
        this.#return(job);
        return null;
      case 'failed': {
        const { code, message } = outcome;
        const isItsOwn = !isTaskFailureCode(code) || code === 'task-cancelled' || code === 'unknown-domain';
        if (isItsOwn) this.#lose(job, `worker ${worker}: ${message}`);
        else finished(job, taskFailure(code, `worker ${worker}: ${message}`));
        return null;
      }
      case 'done': {
        const refused = refuseRemoteResult(job.request.task, job.spec, outcome.result);
        this.#count(worker, refused);
        if (refused === null) finished(job, outcome.result);
        else this.#lose(job, `worker ${worker} gave no usable result: ${refused}`);
        return refused;
      }
    }
  }

  /** Its caller does not want it any more. True when somebody had it. */
  cancel(taskId: string): boolean {
    for (const { id, job } of this.#leases.values()) {
      if (job.taskId !== taskId) continue;
      this.#leases.delete(id);
      this.#modules.finished(job, taskFailure('task-cancelled', 'the task was cancelled'));
      return true;
    }
    return false;
  }

  close(): void {
    this.#cancelSweep();
    for (const claim of [...this.#claims.values()]) claim.answer(null);
    for (const { job } of [...this.#leases.values()]) this.cancel(job.taskId);
  }

  #lease({ leaseId: id, worker }: Claim, job: J): TaskLease {
    const { ctx, started } = this.#modules;
    const now = ctx.now();
    const endsAtMs = now + job.spec.limits.trainingSeconds * 1000 + LEASE_MS;
    this.#leases.set(id, { id, worker, job, expiresAtMs: now + LEASE_MS, endsAtMs });
    started(job, worker);
    return { leaseId: id, expiresInMs: LEASE_MS, specHash: job.specHash, task: job.request.task };
  }

  #sweep(): void {
    const { ctx, finished } = this.#modules;
    const now = ctx.now();
    for (const { id, worker, job, expiresAtMs, endsAtMs } of [...this.#leases.values()]) {
      if (expiresAtMs > now && endsAtMs > now) continue;
      this.#leases.delete(id);
      if (endsAtMs <= now)
        finished(job, taskFailure('task-timeout', `worker ${worker} took longer than the domain allows`));
      else this.#lose(job, `nothing was heard of worker ${worker} for ${LEASE_MS / 1000} s`);
    }
    for (const [name, { seenAtMs, barredUntilMs }] of this.#workers) {
      if (seenAtMs + LEASE_MS <= now && barredUntilMs <= now) this.#workers.delete(name);
    }
    this.#tellCapacity();
  }

  #lose(job: J, reason: string): void {
    const { ctx, finished } = this.#modules;
    job.lost += 1;
    ctx.log.warn('a task came back from a remote worker', { taskId: job.taskId, reason });
    if (job.lost < MAX_LEASES_PER_TASK) this.#return(job);
    else finished(job, taskFailure('task-crashed', `${job.lost} remote workers did not bring it to an end: ${reason}`));
  }

  #return(job: J): void {
    this.#modules.returned(job);
    this.offer();
  }

  /** Null for one too many. */
  #hear(name: string, slots: number): Worker | null {
    const seenAtMs = this.#modules.ctx.now();
    const known = this.#workers.get(name);
    if (known === undefined && this.#workers.size >= MAX_WORKERS) return null;
    const worker = known ?? { slots, seenAtMs, completed: 0, refused: 0, barredUntilMs: 0 };
    worker.slots = slots;
    worker.seenAtMs = seenAtMs;
    this.#workers.set(name, worker);
    this.#tellCapacity();
    return worker;
  }

  #count(name: string, refused: string | null): void {
    const { ctx } = this.#modules;
    const worker = this.#workers.get(name);
    if (worker === undefined) return;
    worker.refused = refused === null ? 0 : worker.refused + 1;
    if (refused === null) worker.completed += 1;
    if (worker.refused < MAX_REFUSED) return;
    worker.refused = 0;
    worker.barredUntilMs = ctx.now() + BARRED_MS;
    ctx.log.warn('a remote worker gets no tasks for a while', { worker: name, minutes: BARRED_MS / 60_000 });
  }

  #tellCapacity(): void {
    const now = this.#modules.ctx.now();
    let slots = 0;
    for (const worker of this.#workers.values()) {
      if (worker.seenAtMs + LEASE_MS > now && worker.barredUntilMs <= now) slots += worker.slots;
    }
    slots = Math.min(slots, MAX_LEASES);
    // Also without news: who listens may have been restarted.
    const isDue = slots > 0 && now - this.#toldAtMs >= TELL_MS;
    if (slots === this.#capacity && !isDue) return;
    this.#capacity = slots;
    this.#toldAtMs = now;
    this.#modules.capacityChanged(slots);
  }
}
