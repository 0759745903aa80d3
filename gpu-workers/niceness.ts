/**
 * Pool workers run below the actors, so that training never delays consensus. Piscina's `niceIncrement` does it where
 * its optional native helper is installed; this makes sure of it on Linux, where every thread has a niceness of its own.
 */
import { readlinkSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/** The kernel's id of the calling thread: `/proc/thread-self` points to `<pid>/task/<tid>`. Null off Linux. */
export function kernelThreadId(): number | null {
  if (process.platform !== 'linux') return null;
  const name = readlinkSync('/proc/thread-self').split('/').at(-1);
  const id = Number(name);
  return Number.isSafeInteger(id) && id > 0 ? id : null;
}

/**
 * Raises the calling thread's niceness to at least `niceness` (0..19) and returns what it is now; null when the
 * platform has no per-thread niceness we can reach. Being less nice would need privileges, so it never goes down.
 */
export function lowerThreadPriority(niceness: number): number | null {
  const threadId = kernelThreadId();
  if (threadId === null) return null;
  const wanted = Math.min(19, Math.max(0, Math.trunc(niceness)));
  if (getPriority(threadId) < wanted) setPriority(threadId, wanted);
  return getPriority(threadId);
}
