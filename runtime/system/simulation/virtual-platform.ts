/** A thread's view of the virtual world. When the thread is killed, nothing it had planned happens any more. */
import type { Platform } from '../platform.js';
import type { SimulationRandom } from './random.js';
import type { Owner, VirtualScheduler } from './scheduler.js';

/** A machine timer never fires in the same millisecond it was set in; Node's shortest delay is 1 ms. */
const SHORTEST_TIMER_MS = 1;

export interface VirtualPlatformOptions {
  readonly scheduler: VirtualScheduler;
  readonly random: SimulationRandom;
  readonly owner: Owner;
  /** Wall clock at the simulation's start, milliseconds since the epoch; a node's own error included. */
  readonly startMs: number;
}

export function virtualPlatform({ scheduler, random, owner, startMs }: VirtualPlatformOptions): Platform {
  return {
    now: () => Math.trunc(startMs + scheduler.elapsedMs),
    monotonic: () => scheduler.elapsedMs,
    stamp: () => startMs + scheduler.elapsedMs,
    randomBytes: (length) => random.bytes(length),
    setTimer: (delayMs, callback) => scheduler.after(Math.max(SHORTEST_TIMER_MS, delayMs), callback, owner),
    defer: (task) => void scheduler.after(0, task, owner),
  };
}
