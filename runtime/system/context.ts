/**
 * The context of one life of an actor, from a start to its crash or stop. When the life ends its timers die, its
 * signal aborts and what its abandoned code still sends goes nowhere, counted.
 */
import { type Observable, Subject } from 'rxjs';
import type { ActorContext, Cancel, Envelope, Logger } from './actor.js';
import { deadLetter } from './dead-letters.js';
import { stopped } from './errors.js';
import type { Exchange } from './exchange.js';
import { currentStory, runInStory, type Story } from './story.js';

export interface LifeEvents {
  /** A timer's callback threw or rejected. */
  failed(error: unknown): void;
  /** A timer's callback begins to hold the thread, and returns. */
  timer(runs: boolean): void;
}

export class Life {
  readonly context: ActorContext;
  readonly messages = new Subject<Envelope>();
  readonly #abort = new AbortController();
  readonly #timers = new Set<Cancel>();
  readonly #exchange: Exchange;
  readonly #events: LifeEvents;
  #ended = false;

  constructor(role: string, exchange: Exchange, log: Logger, events: LifeEvents) {
    this.#exchange = exchange;
    this.#events = events;
    this.context = this.#createContext(role, log, this.messages.asObservable());
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Tells the actor that it is to end; it can still finish what it has begun. */
  abort(): void {
    this.#abort.abort();
  }

  cancelTimers(): void {
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  end(): void {
    this.#ended = true;
    this.#abort.abort();
    this.cancelTimers();
    this.messages.complete();
  }

  #createContext(role: string, log: Logger, messages: Observable<Envelope>): ActorContext {
    const exchange = this.#exchange;
    const { platform } = exchange;
    const alive = ({ role: to, kind }: { readonly role: string; readonly kind: string }): boolean => {
      if (this.#ended) {
        const traceId = currentStory()?.traceId ?? '';
        exchange.deadLetter(role, deadLetter({ to, from: role, kind, traceId }, 'sender-crashed', platform.now()));
      }
      return !this.#ended;
    };
    // The contract's generic signatures are what actors see; in here a reference is a name and a payload is unknown.
    return {
      role,
      log,
      signal: this.#abort.signal,
      messages,
      now: platform.now,
      monotonic: platform.monotonic,
      randomBytes: platform.randomBytes,
      after: (delayMs, callback) => this.#after(delayMs, callback),
      every: (intervalMs, callback) => this.#every(intervalMs, callback),
      tell: (reference, payload, options) => {
        if (alive(reference)) exchange.tell(role, reference, payload, options);
      },
      canSend: (reference) => !this.#ended && exchange.canSend(role, reference),
      ready: (reference) => (this.#ended ? Promise.resolve() : exchange.ready(role, reference)),
      ask: (reference, request, options) =>
        (alive(reference)
          ? exchange.ask(role, reference, request, options)
          : Promise.reject(stopped(role))) as Promise<never>,
      emit: (reference, payload, options) => {
        if (alive(reference)) exchange.emit(role, reference, payload, options);
      },
    };
  }

  /**
   * Part of the story of the message whose handler set it. Set by `start` or by another timer it begins a new one:
   * a timer that sets itself again would otherwise put all its life into one story.
   */
  #after(delayMs: number, callback: () => void | Promise<void>): Cancel {
    if (this.#ended) return () => undefined;
    const story = currentStory();
    const stopTimer = this.#exchange.platform.setTimer(delayMs, () => {
      this.#timers.delete(stopTimer);
      void runInStory(story?.id ? story : this.#newStory(), this.#fire, callback, undefined);
    });
    this.#timers.add(stopTimer);
    return () => {
      this.#timers.delete(stopTimer);
      stopTimer();
    };
  }

  /**
   * Each tick starts a story of its own. A tick that is due while the one before still runs comes right after it;
   * those it missed are left out.
   */
  #every(intervalMs: number, callback: () => void | Promise<void>): Cancel {
    const { platform } = this.#exchange;
    let cancelled = false;
    let due = platform.monotonic() + intervalMs;
    let cancelTimer: Cancel = () => undefined;
    const tick = async (): Promise<void> => {
      await runInStory(this.#newStory(), this.#fire, callback, undefined);
      due = Math.max(due + intervalMs, platform.monotonic());
      if (!cancelled) cancelTimer = this.#after(due - platform.monotonic(), tick);
    };
    cancelTimer = this.#after(intervalMs, tick);
    return () => {
      cancelled = true;
      cancelTimer();
    };
  }

  /** Begun by no message, hence id 0. */
  #newStory(): Story {
    return { id: 0, traceId: this.#exchange.newTraceId() };
  }

  readonly #fire = async (callback: () => void | Promise<void>): Promise<void> => {
    if (this.#ended) return;
    try {
      await this.#run(callback);
    } catch (error) {
      if (!this.#ended) this.#events.failed(error);
    }
  };

  #run(callback: () => void | Promise<void>): void | Promise<void> {
    this.#events.timer(true);
    try {
      return callback();
    } finally {
      this.#events.timer(false);
    }
  }
}
