/**
 * Which message is being handled, wherever its handler has got to. AsyncLocalStorage is what survives an `await`; it
 * costs 0.03 us a message (Node 20, measured), less than any scheme that wraps promises.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Platform } from './platform.js';

/** The cause of what is sent next. An envelope is one, so that following it allocates nothing. */
export interface Story {
  readonly id: number;
  readonly traceId: string;
}

const storage = new AsyncLocalStorage<Story>();

export function currentStory(): Story | undefined {
  return storage.getStore();
}

export function runInStory<A, B, R>(story: Story, run: (a: A, b: B) => R, a: A, b: B): R {
  return storage.run(story, run, a, b);
}

/** Ids are 10 random hex digits and 6 counted ones: new random bytes once in 16 million stories, not for each. */
export function traceIdSource(platform: Platform): () => string {
  let prefix = '';
  let count = 0;
  return () => {
    if (prefix === '' || count > 0xffffff) {
      prefix = Buffer.from(platform.randomBytes(5)).toString('hex');
      count = 0;
    }
    const traceId = prefix + count.toString(16).padStart(6, '0');
    count += 1;
    return traceId;
  };
}
