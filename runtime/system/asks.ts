/** Requests that this thread's actors wait for: id -> who waits, on whom, until when. */
import type { DoinError } from '../errors.js';
import type { Cancel } from './actor.js';
import { actorError } from './errors.js';
import type { Platform } from './platform.js';

interface PendingAsk {
  readonly name: string;
  readonly actor: string;
  readonly thread: string;
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: DoinError) => void;
  readonly cancelTimer: Cancel;
}

export class AskTable {
  readonly #platform: Platform;
  readonly #pending = new Map<number, PendingAsk>();

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  get size(): number {
    return this.#pending.size;
  }

  wait(id: number, target: { name: string; actor: string; thread: string }, timeoutMs: number): Promise<unknown> {
    const deadline = this.#platform.stamp() + timeoutMs;
    return new Promise((resolve, reject) => {
      const cancelTimer = this.#platform.setTimer(timeoutMs, () => {
        this.#pending.delete(id);
        const { name } = target;
        const until = new Date(deadline).toISOString();
        const data = { code: 'ask-timeout', ask: name, timeoutMs, deadline } as const;
        reject(actorError(data, `no reply to ${name} within ${timeoutMs} ms (deadline ${until})`));
      });
      this.#pending.set(id, { ...target, resolve, reject, cancelTimer });
    });
  }

  /** False when nobody waits for this reply any more. */
  resolve(id: number, reply: unknown): boolean {
    const ask = this.#take(id);
    ask?.resolve(reply);
    return ask !== undefined;
  }

  reject(id: number, error: DoinError): boolean {
    const ask = this.#take(id);
    ask?.reject(error);
    return ask !== undefined;
  }

  /** A thread ended: nothing it was asked will be answered. */
  rejectThread(thread: string | null, errorFor: (actor: string) => DoinError): void {
    for (const [id, ask] of this.#pending) {
      if (thread === null || ask.thread === thread) this.reject(id, errorFor(ask.actor));
    }
  }

  #take(id: number): PendingAsk | undefined {
    const ask = this.#pending.get(id);
    if (ask === undefined) return undefined;
    this.#pending.delete(id);
    ask.cancelTimer();
    return ask;
  }
}
