/**
 * Messages whose handlers have begun and not ended, and what becomes of them when the actor crashes. A command or an
 * event in hand is handled once more by the next life, marked `retried`: the cause may have been the moment (a busy
 * disk). One that crashes its actor again is poison and set aside; one that is twice in hand when something else
 * crashes the actor is given up, because nobody knows any more how far it got. Asks are never repeated: their callers
 * hear of the crash at once and know best.
 */
import type { Envelope } from './actor.js';
import type { KindQueue } from './mailbox.js';

export interface Taken {
  readonly envelope: Envelope;
  readonly queue: KindQueue;
}

/** What a crash leaves to be told. */
export interface Casualties {
  readonly asks: readonly Envelope[];
  readonly poison: Envelope | null;
  readonly interrupted: readonly Envelope[];
}

export class InHand {
  readonly #running = new Map<Envelope, KindQueue>();
  #again: Taken[] = [];

  /** Its handler waits for something. */
  add(envelope: Envelope, queue: KindQueue): void {
    this.#running.set(envelope, queue);
  }

  delete(envelope: Envelope): void {
    this.#running.delete(envelope);
  }

  /** The one with this id: a timer that it set belongs to it. */
  find(id: number | undefined): Taken | null {
    for (const [envelope, queue] of this.#running) if (envelope.id === id) return { envelope, queue };
    return null;
  }

  /** Messages that wait to be handled again, before all others. */
  get waiting(): number {
    return this.#again.length;
  }

  takeAgain(): Taken | null {
    return this.#again.shift() ?? null;
  }

  crash(culprit: Taken | null): Casualties {
    const begun = [...this.#running].map(([envelope, queue]): Taken => ({ envelope, queue }));
    if (culprit !== null && !this.#running.has(culprit.envelope)) begun.push(culprit);
    this.#running.clear();
    const commands = begun.filter(({ envelope }) => envelope.type !== 'ask');
    const again = commands.filter(({ envelope }) => envelope.retried !== true);
    this.#again = [...again.map(retried), ...this.#again];
    const twice = commands.filter(({ envelope }) => envelope.retried === true).map(({ envelope }) => envelope);
    return {
      asks: begun.map(({ envelope }) => envelope).filter(({ type }) => type === 'ask'),
      poison: twice.find((envelope) => envelope === culprit?.envelope) ?? null,
      interrupted: twice.filter((envelope) => envelope !== culprit?.envelope),
    };
  }

  /** No life will come: everything there is. */
  clear(): Envelope[] {
    const all = [...this.#running.keys(), ...this.#again.map(({ envelope }) => envelope)];
    this.#running.clear();
    this.#again = [];
    return all;
  }
}

function retried({ envelope, queue }: Taken): Taken {
  // Its trace id is no field of its own where it is made on demand.
  return { envelope: { ...envelope, traceId: envelope.traceId, retried: true }, queue };
}
