/** Requests that this thread's actors wait for: id -> who waits, on whom, until when. */
import type { DoinError } from '../errors.js';
import type { Cancel } from './actor.js';
import { actorError } from './errors.js';
import type { Platform } from './platform.js';

/** Whom a request went to. */
export interface AskTarget {
  readonly name: string;
  readonly actor: string;
  readonly thread: string;
}

interface PendingAsk {
  readonly target: AskTarget;
  readonly timeoutMs: number;
  /** By the monotonic clock. */
  readonly expiresAt: number;
  /** By the clock of deadlines, milliseconds since the epoch. */
  readonly deadline: number;
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: DoinError) => void;
}

export class AskTable {
  readonly #platform: Platform;
  readonly #pending = new Map<number, PendingAsk>();
  /**
   * One timer for all, set for the earliest deadline it has met; most asks are answered before and never touch it (a
   * timer for each costs 3 us, an eighth of a round trip). It may fire for an ask that is answered, and then looks on.
   */
  #cancelTimer: Cancel | null = null;
  #timerAt = 0;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** `sentAt` is the time that the deadline counts from. */
  wait(id: number, target: AskTarget, sentAt: number, timeoutMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const expiresAt = this.#platform.monotonic() + timeoutMs;
      this.#pending.set(id, { target, timeoutMs, expiresAt, deadline: sentAt + timeoutMs, resolve, reject });
      if (this.#cancelTimer === null || expiresAt < this.#timerAt) this.#arm(expiresAt);
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
    for (const [id, { target }] of this.#pending) {
      if (thread === null || target.thread === thread) this.reject(id, errorFor(target.actor));
    }
  }

  /** No ask will come any more: the timer must not keep the process alive. */
  close(errorFor: (actor: string) => DoinError): void {
    this.rejectThread(null, errorFor);
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  #arm(at: number): void {
    this.#cancelTimer?.();
    this.#timerAt = at;
    this.#cancelTimer = this.#platform.setTimer(Math.max(0, at - this.#platform.monotonic()), this.#expire);
  }

  readonly #expire = (): void => {
    this.#cancelTimer = null;
    const now = this.#platform.monotonic();
    let next = Number.POSITIVE_INFINITY;
    for (const [id, ask] of this.#pending) {
      if (ask.expiresAt <= now) this.reject(id, expired(ask));
      else next = Math.min(next, ask.expiresAt);
    }
    if (next < Number.POSITIVE_INFINITY) this.#arm(next);
  };

  #take(id: number): PendingAsk | undefined {
    const ask = this.#pending.get(id);
    if (ask !== undefined) this.#pending.delete(id);
    return ask;
  }
}

function expired({ target: { name }, timeoutMs, deadline }: PendingAsk): DoinError {
  const data = { code: 'ask-timeout', ask: name, timeoutMs, deadline } as const;
  const until = new Date(deadline).toISOString();
  return actorError(data, `no reply to ${name} within ${timeoutMs} ms (deadline ${until})`);
}
