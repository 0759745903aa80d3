/**
 * What the task-queue actor accepts, answers and emits. It owns the Piscina pool, lends tasks to workers on other
 * machines, and decides what runs next.
 */
import type { PoolResult, PoolTask, TrainingProgress } from '../../gpu-workers/types.js';
import { ask, event, protocol, tell } from '../../runtime/system/protocol.js';

/** Votes have deadlines and gate everybody else's progress, so they run first; exploring runs last. */
export type TaskPriority = 'vote' | 'confirm' | 'inference' | 'search' | 'benchmark';

export interface TaskView {
  readonly taskId: string;
  readonly kind: PoolTask['kind'];
  readonly domainId: string;
  readonly priority: TaskPriority;
  readonly status: 'pending' | 'running';
  readonly queuedAtMs: number;
  readonly startedAtMs: number | null;
  readonly progress: TrainingProgress | null;
  /** The remote worker that has it; null while it waits and while it runs here. */
  readonly worker: string | null;
}

export interface RemoteWorkerView {
  readonly name: string;
  /** Tasks it runs at a time. */
  readonly slots: number;
  readonly leases: number;
  readonly completed: number;
}

/** A task in the hands of a remote worker. */
export interface TaskLease {
  /** Known to this worker only. */
  readonly leaseId: string;
  /** Without a renewal. */
  readonly expiresInMs: number;
  /** Hash of the domain's definition. */
  readonly specHash: string;
  readonly task: PoolTask;
}

export type RemoteOutcome =
  | { readonly type: 'done'; readonly result: PoolResult }
  | { readonly type: 'failed'; readonly code: string; readonly message: string }
  /** Given back untouched, also what was only claimed: the worker ends. */
  | { readonly type: 'released' };

export const taskQueue = protocol('task-queue', {
  /** Runs a task in the pool. Fails with a DoinError whose code is a TaskFailureCode. */
  run: ask<{ taskId: string; priority: TaskPriority; task: PoolTask }, PoolResult>({
    concurrent: true,
    timeoutMs: 4_000_000,
    capacity: 256,
  }),
  /** Takes a queued task out, or aborts a running one; its `run` fails with `task-cancelled`. Unknown ids are ignored. */
  cancel: tell<{ taskId: string }>(),
  getTasks: ask<
    Record<string, never>,
    {
      tasks: readonly TaskView[];
      /** Threads of this machine. */
      workers: number;
      completed: number;
      failed: number;
      remote: readonly RemoteWorkerView[];
    }
  >(),
  /** A task for a worker on another machine, which has the domains of these definitions; null when none came in time. */
  claim: ask<
    { leaseId: string; worker: string; slots: number; specHashes: readonly string[]; waitMs: number },
    { lease: TaskLease | null }
  >({ concurrent: true, timeoutMs: 60_000, capacity: 512 }),
  /** False when the lease has ended. */
  renew: ask<{ leaseId: string; progress: TrainingProgress | null }, { isHeld: boolean }>(),
  /** `refused` says why the outcome does not count. */
  complete: ask<{ leaseId: string; outcome: RemoteOutcome }, { refused: string | null }>(),

  /** How many tasks remote workers can have at a time, now. */
  capacityChanged: event<{ remoteSlots: number }>(),
  started: event<{ taskId: string; kind: PoolTask['kind']; domainId: string }>(),
  progress: event<{ taskId: string; domainId: string; progress: TrainingProgress }>({
    capacity: 64,
    overflow: 'drop-oldest',
    priority: 'low',
  }),
  finished: event<{
    taskId: string;
    kind: PoolTask['kind'];
    domainId: string;
    seconds: number;
    failure: string | null;
  }>(),
});
