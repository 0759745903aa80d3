/** What can go wrong between actors, and how an error crosses threads: as plain data that becomes the same class again. */
import { DoinError, errorMessage } from '../errors.js';

export type ActorErrorData =
  /** `deadline` in milliseconds since the epoch; the callee may still do the work. */
  | { readonly code: 'ask-timeout'; readonly ask: string; readonly timeoutMs: number; readonly deadline: number }
  | { readonly code: 'no-such-actor'; readonly actor: string }
  | { readonly code: 'no-such-kind'; readonly actor: string; readonly kind: string }
  | { readonly code: 'mailbox-full'; readonly actor: string; readonly kind: string; readonly capacity: number }
  /** The actor or its thread broke; it restarts, so asking again later makes sense. */
  | { readonly code: 'actor-crashed'; readonly actor: string; readonly reason: string }
  /** The actor ended for good. */
  | { readonly code: 'actor-stopped'; readonly actor: string }
  | { readonly code: 'actor-start-failed'; readonly actor: string; readonly reason: string }
  | {
      readonly code: 'actor-restarts-exhausted';
      readonly actor: string;
      readonly restarts: number;
      readonly reason: string;
    }
  | { readonly code: 'listener-failed'; readonly event: string; readonly reason: string }
  | { readonly code: 'payload-unsendable'; readonly actor: string; readonly kind: string }
  | { readonly code: 'placement-invalid'; readonly role: string };

/** An error of the actor system itself. */
export function actorError<D extends ActorErrorData>(data: D, message: string, cause?: unknown): DoinError<D> {
  return new DoinError(data, message, cause === undefined ? undefined : { cause });
}

export interface WireError {
  readonly message: string;
  readonly data: { readonly code: string };
  /** Where it was thrown; the receiving side appends it to its own stack. */
  readonly stack: string;
}

export function toWireError(error: DoinError): WireError {
  return { message: error.message, data: error.data, stack: error.stack ?? '' };
}

export function fromWireError(wire: WireError): DoinError {
  const error = new DoinError(wire.data, wire.message);
  if (wire.stack !== '') error.stack = `${error.stack ?? ''}\n  on the answering side: ${wire.stack}`;
  return error;
}

export function crashed(actor: string, cause: unknown): DoinError<ActorErrorData> {
  const reason = errorMessage(cause);
  return actorError({ code: 'actor-crashed', actor, reason }, `actor ${actor} crashed: ${reason}`, cause);
}

export function stopped(actor: string): DoinError<ActorErrorData> {
  return actorError({ code: 'actor-stopped', actor }, `actor ${actor} is stopped and takes no more messages`);
}

/** A start error keeps its own code when it has one, so that the node can tell a bad config from a broken disk. */
export function startFailed(actor: string, cause: unknown): DoinError {
  if (cause instanceof DoinError) return cause;
  const reason = errorMessage(cause);
  return actorError({ code: 'actor-start-failed', actor, reason }, `actor ${actor} could not start: ${reason}`, cause);
}
