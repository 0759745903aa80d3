/**
 * A double of the actor *runtime* for tests that drive one actor's `start(ctx, options)` by hand: real clock and
 * timers, asks answered by the test, events recorded. Not a double of any actor.
 */
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { Subject } from 'rxjs';
import type { ActorContext, Envelope, Logger } from '../../runtime/system/actor.js';
import type { Ask, Event, PayloadOf, ReplyOf, RequestOf, Tell } from '../../runtime/system/protocol.js';

export interface Emitted {
  readonly name: string;
  readonly payload: unknown;
}

type Answer = (request: never) => unknown;

export class TestContext implements ActorContext {
  readonly role: string;
  readonly messages = new Subject<Envelope>();
  readonly emitted: Emitted[] = [];
  readonly told: Emitted[] = [];
  readonly logs: {
    readonly level: keyof Logger;
    readonly message: string;
    readonly fields?: Record<string, unknown>;
  }[] = [];
  readonly log: Logger;
  readonly #abort = new AbortController();
  readonly #answers = new Map<string, Answer>();
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(role: string) {
    this.role = role;
    const at = (level: keyof Logger) => (message: string, fields?: Record<string, unknown>) => {
      this.logs.push({ level, message, ...(fields === undefined ? {} : { fields }) });
    };
    this.log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** What an ask of this kind returns, or throws. */
  answer<R extends Ask<unknown, unknown>>(
    reference: R,
    answer: (request: RequestOf<R>) => ReplyOf<R> | Promise<ReplyOf<R>>,
  ): this {
    this.#answers.set(reference.name, answer as Answer);
    return this;
  }

  canSend(): boolean {
    return true;
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  now(): number {
    return Date.now();
  }

  monotonic(): number {
    return performance.now();
  }

  randomBytes(length: number): Uint8Array {
    return randomBytes(length);
  }

  after(delayMs: number, callback: () => void | Promise<void>): () => void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void callback();
    }, delayMs);
    return this.#track(timer);
  }

  every(intervalMs: number, callback: () => void | Promise<void>): () => void {
    return this.#track(setInterval(() => void callback(), intervalMs));
  }

  tell<R extends Tell<unknown>>(reference: R, payload: PayloadOf<R>): void {
    this.told.push({ name: reference.name, payload });
  }

  async ask<R extends Ask<unknown, unknown>>(reference: R, request: RequestOf<R>): Promise<ReplyOf<R>> {
    const answer = this.#answers.get(reference.name);
    if (answer === undefined) throw new Error(`the test answers no ${reference.name}`);
    return (await answer(request as never)) as ReplyOf<R>;
  }

  emit<R extends Event<unknown>>(reference: R, payload: PayloadOf<R>): void {
    this.emitted.push({ name: reference.name, payload });
  }

  /** Payloads of the events of one kind so far. */
  eventsOf<R extends Event<unknown>>(reference: R): PayloadOf<R>[] {
    return this.emitted.filter((event) => event.name === reference.name).map((event) => event.payload as PayloadOf<R>);
  }

  /** The first event of this kind that fits, past or to come. */
  async event<R extends Event<unknown>>(
    reference: R,
    fits: (payload: PayloadOf<R>) => boolean = () => true,
    timeoutMs = 30_000,
  ): Promise<PayloadOf<R>> {
    return eventually(() => this.eventsOf(reference).find(fits), `${this.role} to emit ${reference.name}`, timeoutMs);
  }

  /** As when the runtime stops the actor: the signal aborts and timers end. */
  dispose(): void {
    this.#abort.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #track(timer: NodeJS.Timeout): () => void {
    this.#timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    };
  }
}

/** An envelope as handlers get it. */
export function testEnvelope<P>(payload: P, deadline?: number): Envelope<P> {
  const common = { to: 'test', from: 'test', kind: 'test', type: 'ask', id: 1, causeId: 0, traceId: 't' } as const;
  return { ...common, sentAt: Date.now(), payload, ...(deadline === undefined ? {} : { deadline }) };
}

/** Waits until the probe gives something. For states of other threads and sockets that emit no event to await. */
export async function eventually<T>(
  probe: () => T | undefined | false | null,
  what: string,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = probe();
    if (value !== undefined && value !== false && value !== null) return value;
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
