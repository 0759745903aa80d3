/** What the task-queue actor accepts, answers and emits. It owns the Piscina pool and decides what runs next. */
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
}

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
    { tasks: readonly TaskView[]; workers: number; completed: number; failed: number }
  >(),

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
