/**
 * What went over one link to the present life of the other thread, so that when it dies the messages it never took in
 * are known: how many exactly, the last ones by name. Three words a message and no allocation. Asks are not in it;
 * their callers get an error.
 */
import { type DeadLetter, type DeadLetterReason, deadLetter } from './dead-letters.js';
import type { Message } from './message.js';
import { traceIdOf } from './story.js';

const REMEMBERED = 256;
type Address = Pick<DeadLetter, 'to' | 'from' | 'kind'>;

const UNKNOWN: Address = { to: '', from: '', kind: '' };

export class SentLedger {
  readonly #addresses = new Array<Address>(REMEMBERED).fill(UNKNOWN);
  readonly #traces = new Array<string>(REMEMBERED).fill('');
  readonly #traceCounts = new Array<number>(REMEMBERED).fill(-1);
  /** Handed to the link. */
  #written = 0;
  /** Gone through the port. */
  #posted = 0;
  /** Gone before the other thread's present life. */
  #before = 0;

  write(address: Address, { trace, traceCount }: Pick<Message, 'trace' | 'traceCount'>): void {
    const at = this.#written % REMEMBERED;
    this.#addresses[at] = address;
    this.#traces[at] = trace;
    this.#traceCounts[at] = traceCount;
    this.#written += 1;
  }

  /** All that was written has gone. */
  posted(): void {
    this.#posted = this.#written;
  }

  /** The other thread has died after taking in so many: the rest of what had gone to it. */
  lost(received: number, time: number): DeadLetter[] {
    const first = this.#before + received;
    this.#before = this.#posted;
    return this.#letters(first, this.#posted, 'thread-ended', time);
  }

  /** The other thread will not come back: what still waits for it. */
  unsent(time: number): DeadLetter[] {
    const first = this.#posted;
    this.#before = this.#written;
    this.posted();
    return this.#letters(first, this.#written, 'stopped', time);
  }

  #letters(first: number, end: number, reason: DeadLetterReason, time: number): DeadLetter[] {
    const known = Math.max(first, this.#written - REMEMBERED);
    const letters: DeadLetter[] = [];
    if (known > first) {
      const forgotten = Math.min(known, end) - first;
      letters.push(deadLetter({ ...UNKNOWN, traceId: '' }, reason, time, forgotten));
    }
    for (let at = known; at < end; at += 1) {
      const { to, from, kind } = this.#addresses[at % REMEMBERED] ?? UNKNOWN;
      const trace = this.#traces[at % REMEMBERED] ?? '';
      const traceCount = this.#traceCounts[at % REMEMBERED] ?? -1;
      const traceId = traceCount < 0 ? trace : traceIdOf(trace, traceCount);
      letters.push(deadLetter({ to, from, kind, traceId }, reason, time));
    }
    return letters;
  }
}
