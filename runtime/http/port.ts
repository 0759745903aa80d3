/** What the HTTP side needs of the actor system; the system satisfies it, and so can a test's own. */
import type { Ask, Event, PayloadOf, ReplyOf, RequestOf } from '../system/protocol.js';

export interface AskPort {
  ask<R extends Ask<unknown, unknown>>(
    reference: R,
    request: RequestOf<R>,
    options?: { readonly timeoutMs?: number },
  ): Promise<ReplyOf<R>>;
}

export interface EventPort {
  // biome-ignore lint/suspicious/noExplicitAny: matches events of every payload type
  on<R extends Event<any>>(reference: R, handler: (payload: PayloadOf<R>) => void): () => void;
}
