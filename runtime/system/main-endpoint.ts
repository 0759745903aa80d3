/** The main thread as an endpoint: it listens to events, asks and tells, and nobody asks it. */

import type { DoinError } from '../errors.js';
import { errorMessage } from '../errors.js';
import type { Cancel, Envelope } from './actor.js';
import { actorError } from './errors.js';
import { MAIN, type Receiver } from './exchange.js';
import type { Message } from './message.js';

export type EventListener = (payload: unknown, envelope: Envelope) => void;

export class MainEndpoint implements Receiver {
  readonly role = MAIN;
  deadLetters = 0;
  readonly #listeners = new Map<string, Set<EventListener>>();
  readonly #onError: (error: DoinError) => void;
  /** The first listener of an event came, or the last one went. */
  readonly #onInterest: (event: string, on: boolean) => void;

  constructor(onError: (error: DoinError) => void, onInterest: (event: string, on: boolean) => void) {
    this.#onError = onError;
    this.#onInterest = onInterest;
  }

  on(event: string, listener: EventListener): Cancel {
    const known = this.#listeners.get(event);
    const listeners = known ?? new Set();
    listeners.add(listener);
    if (known === undefined) {
      this.#listeners.set(event, listeners);
      this.#onInterest(event, true);
    }
    return () => {
      if (!listeners.delete(listener) || listeners.size > 0) return;
      this.#listeners.delete(event);
      this.#onInterest(event, false);
    };
  }

  deliver(envelope: Envelope): void {
    const listeners = envelope.type === 'event' ? this.#listeners.get(envelope.kind) : undefined;
    if (listeners === undefined) {
      this.deadLetter();
      return;
    }
    for (const listener of [...listeners]) {
      try {
        listener(envelope.payload, envelope);
      } catch (error) {
        const event = envelope.kind;
        const reason = errorMessage(error);
        this.#onError(actorError({ code: 'listener-failed', event, reason }, `listener of ${event}: ${reason}`, error));
      }
    }
  }

  accept(message: Message): void {
    this.deliver(message);
    message.settle();
  }

  work(): void {}

  schedule(): void {}

  hasRoom(): boolean {
    return true;
  }

  whenRoom(): Promise<void> {
    return Promise.resolve();
  }

  deadLetter(count = 1): void {
    this.deadLetters += count;
  }
}
