/**
 * What an actor is, and everything it may touch: its context. The same definition runs on its own worker thread, on
 * a thread shared with others, or in a simulation, because nothing in it names a clock, a timer or a thread.
 */
import type { Observable } from 'rxjs';
import type { Ask, AskOptions, Event, PayloadOf, ReplyOf, RequestOf, Tell } from './protocol.js';

/** One message on its way. Times are milliseconds since the epoch. */
export interface Envelope<P = unknown> {
  readonly to: string;
  readonly from: string;
  readonly kind: string;
  readonly type: 'tell' | 'ask' | 'event';
  readonly id: number;
  /** Id of the message whose handler sent this one; 0 at the start of a chain of causes. */
  readonly causeId: number;
  /** Follows one story (one optimum, one block) across actors and, in gossip, across nodes. */
  readonly traceId: string;
  readonly sentAt: number;
  /** Asks only: when the caller stops waiting. */
  readonly deadline?: number;
  /** It was in hand when its actor crashed, and is handled once more: what it did before may have been done. */
  readonly retried?: true;
  readonly payload: P;
}

export interface Logger {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

export type Cancel = () => void;

/** A command, whatever it carries. */
export type TellTarget = Pick<Tell<never>, 'type' | 'role' | 'kind' | 'name' | 'options'>;

export interface ActorContext {
  readonly role: string;
  readonly log: Logger;
  /** Aborted when the actor is told to stop; long work ends on it. */
  readonly signal: AbortSignal;
  /** Every message this actor receives, as it is taken from the mailbox. For rules that are easier said as streams. */
  readonly messages: Observable<Envelope>;
  /** Wall clock, milliseconds since the epoch. */
  now(): number;
  /** Monotonic clock in milliseconds, for durations. */
  monotonic(): number;
  /** Cryptographically strong random bytes (seeded in simulations). */
  randomBytes(length: number): Uint8Array;
  after(delayMs: number, callback: () => void | Promise<void>): Cancel;
  every(intervalMs: number, callback: () => void | Promise<void>): Cancel;

  /** Never waits. What its receiver has no room for yet waits on this side; a long stream paces itself by `ready`. */
  tell<R extends Tell<unknown>>(reference: R, payload: PayloadOf<R>, options?: SendOptions): void;
  /** Whether the receiver takes one more message of this kind now. For senders that can do something else meanwhile. */
  canSend(reference: TellTarget): boolean;
  /**
   * Resolves when there is room again for half a mailbox of this kind; at once when there is room now:
   * `while (more()) { if (!ctx.canSend(to)) await ctx.ready(to); ctx.tell(to, next()); }`
   */
  ready(reference: TellTarget): Promise<void>;
  ask<R extends Ask<unknown, unknown>>(
    reference: R,
    request: RequestOf<R>,
    options?: SendOptions & Pick<AskOptions, 'timeoutMs'>,
  ): Promise<ReplyOf<R>>;
  emit<R extends Event<unknown>>(reference: R, payload: PayloadOf<R>, options?: SendOptions): void;
}

export interface SendOptions {
  /** Starts or joins a story; by default the story of the message being handled goes on. */
  readonly traceId?: string;
  /** Large binaries inside the payload to hand over instead of copying. The sender loses them. */
  readonly transfer?: readonly ArrayBuffer[];
}

// biome-ignore lint/suspicious/noExplicitAny: matches references of every payload type
type AnyTell = Tell<any>;
// biome-ignore lint/suspicious/noExplicitAny: as above
type AnyAsk = Ask<any, any>;
// biome-ignore lint/suspicious/noExplicitAny: as above
type AnyEvent = Event<any>;
export type AnyProtocol = { readonly [kind: string]: AnyTell | AnyAsk | AnyEvent };

/** One handler for each command and request of the actor's own catalogue; leaving one out does not compile. */
export type Handlers<P extends AnyProtocol> = {
  readonly [K in keyof P as P[K] extends AnyEvent
    ? P[K]['type'] extends 'event'
      ? never
      : K
    : K]: P[K]['type'] extends 'ask'
    ? (request: RequestOf<P[K]>, envelope: Envelope) => ReplyOf<P[K]> | Promise<ReplyOf<P[K]>>
    : (payload: PayloadOf<P[K]>, envelope: Envelope) => void | Promise<void>;
};

/** One handler for each event the definition listens to, under its `role.kind` name. */
export type EventHandlers<L extends readonly AnyEvent[]> = {
  readonly [Name in L[number]['name']]: (
    payload: PayloadOf<Extract<L[number], { readonly name: Name }>>,
    envelope: Envelope,
  ) => void | Promise<void>;
};

/** What `start` gives back: the actor's handlers, and how it ends. */
export interface Behaviour<P extends AnyProtocol, L extends readonly AnyEvent[]> {
  readonly handlers: Handlers<P>;
  readonly events: EventHandlers<L>;
  /** Flushes and closes what `start` opened. Runs after the mailbox is drained. */
  stop?(): void | Promise<void>;
  /** A small plain object for `inspect` and health pages. */
  inspect?(): unknown;
}

export interface ActorDefinition<
  P extends AnyProtocol = AnyProtocol,
  L extends readonly AnyEvent[] = readonly AnyEvent[],
  Options = unknown,
> {
  readonly role: string;
  readonly protocol: P;
  readonly listensTo: L;
  /**
   * The recovery hook: opens stores and returns the behaviour. Called again after each crash, when the crashed life's
   * `stop` is over: whatever the actor needs to go on must come from its store. Messages wait in the mailbox until the
   * promise settles. An error it throws again counts as one more crash.
   */
  start(
    ctx: ActorContext,
    options: Options,
  ): Promise<Behaviour<NoInfer<P>, NoInfer<L>>> | Behaviour<NoInfer<P>, NoInfer<L>>;
}

/** Checks a definition against its catalogue at compile time and keeps its exact types. */
export function defineActor<P extends AnyProtocol, const L extends readonly AnyEvent[], Options>(
  definition: ActorDefinition<P, L, Options>,
): ActorDefinition<P, L, Options> {
  return definition;
}
