import type { Platform } from './platform.js';

/** True when the work was done in time. Its error is the caller's, unless it comes too late to matter to anybody. */
export function withDeadline(platform: Platform, timeoutMs: number, work: unknown): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = platform.setTimer(Math.max(0, timeoutMs), () => resolve(false));
    Promise.resolve(work)
      .then(() => resolve(true), reject)
      .finally(cancel);
  });
}
