/**
 * Death watch and alarms: what main knows of actors and threads, as events like any other. An actor lists them in
 * `listensTo` and handles `'system.actorCrashed'`; main hears them by `system.on`. They come from main, so the death
 * of a whole thread is told like that of a single actor. Nothing is sent while nobody listens.
 */
import { event, protocol } from './protocol.js';

export interface ActorCrashed {
  readonly actor: string;
  readonly thread: string;
  readonly reason: string;
  /** Kind of the message it crashed on; null for a timer, a start that failed or the end of its thread. */
  readonly kind: string | null;
}

export interface ActorRestarted {
  readonly actor: string;
  readonly thread: string;
}

export interface ActorStopped {
  readonly actor: string;
  readonly thread: string;
  /** `told`: by an orderly stop; `exhausted`: it crashed too often. */
  readonly cause: 'told' | 'exhausted';
}

export interface ThreadBlocked {
  readonly thread: string;
  /** Who has held the loop since then; null when no actor's handler is known to. */
  readonly actor: string | null;
  /** The message it handles, or `timer`. */
  readonly kind: string | null;
  readonly messageId: number;
  readonly heldMs: number;
}

export interface MessageQuarantined {
  readonly actor: string;
  readonly from: string;
  readonly kind: string;
  readonly id: number;
  readonly traceId: string;
  readonly reason: string;
}

export const systemEvents = protocol('system', {
  actorCrashed: event<ActorCrashed>(),
  actorRestarted: event<ActorRestarted>(),
  actorStopped: event<ActorStopped>(),
  threadBlocked: event<ThreadBlocked>(),
  messageQuarantined: event<MessageQuarantined>(),
});

/** How a thread tells main of one; main emits it. */
export type SystemNews =
  | { readonly event: 'actorCrashed'; readonly payload: ActorCrashed }
  | { readonly event: 'actorRestarted'; readonly payload: ActorRestarted }
  | { readonly event: 'actorStopped'; readonly payload: ActorStopped }
  | { readonly event: 'threadBlocked'; readonly payload: ThreadBlocked }
  | { readonly event: 'messageQuarantined'; readonly payload: MessageQuarantined };
