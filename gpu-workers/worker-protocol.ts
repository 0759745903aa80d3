/** What the pool and its worker threads say to each other. Everything here survives a structured clone. */
import type { MessagePort } from 'node:worker_threads';
import type { DomainSpec, PoolResult, PoolTask, TaskFailureCode, TrainingProgress } from './types.js';

export interface WorkerRequest {
  /** Null only loads the domain, so that the first real task finds data and backend in place. */
  readonly task: PoolTask | null;
  readonly spec: DomainSpec;
  readonly niceIncrement: number;
  /** One int32 in shared memory, set to 1 when the task shall end: seen even while the worker's event loop is busy. */
  readonly cancelled: Int32Array;
  readonly port: MessagePort;
}

/** Failures come back as data, because an error loses its class on the way between threads. */
export type WorkerReply =
  | { readonly ok: true; readonly result: PoolResult | null }
  | { readonly ok: false; readonly code: TaskFailureCode; readonly message: string };

/** `started` starts the wall clock of the task's limit: waiting for a free thread does not count. */
export type WorkerMessage =
  | { readonly type: 'started' }
  | { readonly type: 'progress'; readonly progress: TrainingProgress };
