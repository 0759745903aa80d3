/**
 * Checks signatures and VRF proofs on every core, for those who know early what they will have to check. Threads start
 * with the first work. One that fails makes its claims "not found good", never "good": the caller checks them himself.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/** That a key made this proof for this message; keys and proofs in hex, their length by kind. */
export interface Claim {
  readonly kind: 'signature' | 'vrf';
  readonly publicKey: string;
  readonly message: Uint8Array;
  readonly proof: string;
}

interface Job {
  readonly claims: readonly Claim[];
  readonly resolve: (good: readonly boolean[]) => void;
}

interface Thread {
  readonly worker: Worker;
  /** In the order they were sent, which is that of the answers. */
  readonly jobs: Job[];
}

export class VerifyPool {
  readonly #size: number;
  readonly #threads: Thread[] = [];
  #closed = false;

  constructor(size = availableParallelism()) {
    this.#size = size;
  }

  /** One answer for each claim. Claims of one call stay on one thread. */
  check(claims: readonly Claim[]): Promise<readonly boolean[]> {
    if (claims.length === 0 || this.#closed) return Promise.resolve(claims.map(() => false));
    const thread = this.#leastBusy();
    return new Promise((resolve) => {
      thread.jobs.push({ claims, resolve });
      thread.worker.postMessage(claims);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #leastBusy(): Thread {
    const load = ({ jobs }: Thread) => jobs.reduce((sum, { claims }) => sum + claims.length, 0);
    const [idlest] = [...this.#threads].sort((a, b) => load(a) - load(b));
    return idlest !== undefined && (idlest.jobs.length === 0 || this.#threads.length >= this.#size)
      ? idlest
      : this.#startThread();
  }

  #startThread(): Thread {
    const worker = new Worker(new URL('./verify-worker.js', import.meta.url), { name: 'doin-verify' });
    worker.unref();
    const thread: Thread = { worker, jobs: [] };
    worker.on('message', (good: readonly boolean[]) => thread.jobs.shift()?.resolve(good));
    worker.on('error', () => undefined);
    worker.on('exit', () => {
      this.#threads.splice(this.#threads.indexOf(thread), 1);
      for (const { claims, resolve } of thread.jobs.splice(0)) resolve(claims.map(() => false));
    });
    this.#threads.push(thread);
    return thread;
  }
}
