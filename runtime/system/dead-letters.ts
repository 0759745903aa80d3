/** Messages that nobody handled, kept to be looked at: every one is counted, the last ones are shown. */
import type { Envelope } from './actor.js';

export type DeadLetterReason =
  /** No actor of this name, or it does not know the kind. */
  | 'unknown-receiver'
  /** The actor has ended for good, or is ending. */
  | 'stopped'
  /** An ask whose caller had stopped waiting before its turn came. */
  | 'expired'
  /** An answer that came when nobody waited for it any more. */
  | 'late-reply'
  /** Sent by code of a life that had ended in a crash. */
  | 'sender-crashed'
  /** In hand when its actor crashed on something else, twice. */
  | 'interrupted'
  /** It crashed its actor twice. */
  | 'poison'
  /** In the mailbox, in hand, or on the port of a thread that ended. */
  | 'thread-ended'
  /** The thread is down, and what waits for it has reached its bound. */
  | 'backlog-full';

export interface DeadLetter {
  readonly to: string;
  readonly from: string;
  /** Empty where it died with its thread and only the count is known. */
  readonly kind: string;
  readonly reason: DeadLetterReason;
  readonly traceId: string;
  /** When it was found dead, milliseconds since the epoch. */
  readonly time: number;
  readonly count: number;
}

/** Enough to see a pattern; a flood of dead letters is told by its count. */
const KEPT = 256;
/** Most that one turn of a thread reports in full. */
const REPORTED_A_TURN = 64;

export function deadLetter(
  envelope: Pick<Envelope, 'to' | 'from' | 'kind' | 'traceId'>,
  reason: DeadLetterReason,
  time: number,
  count = 1,
): DeadLetter {
  const { to, from, kind, traceId } = envelope;
  return { to, from, kind, reason, traceId, time, count };
}

/** Main's memory of the last ones, oldest first. */
export class DeadLetterRing {
  #letters: DeadLetter[] = [];
  #total = 0;

  /** `count` of all, of which these are known in detail. */
  add(report: DeadLetterReport): void {
    this.#total += report.count;
    this.#letters = [...this.#letters, ...report.letters].slice(-KEPT);
  }

  get total(): number {
    return this.#total;
  }

  get letters(): readonly DeadLetter[] {
    return this.#letters;
  }
}

export interface DeadLetterReport {
  readonly count: number;
  readonly letters: readonly DeadLetter[];
}

/** Collects those of one turn, so that a flood does not become a flood of reports. */
export class DeadLetterOutbox {
  readonly #send: (report: DeadLetterReport) => void;
  readonly #defer: (task: () => void) => void;
  #letters: DeadLetter[] = [];
  #count = 0;

  constructor(defer: (task: () => void) => void, send: (report: DeadLetterReport) => void) {
    this.#defer = defer;
    this.#send = send;
  }

  add(letter: DeadLetter): void {
    if (this.#count === 0) this.#defer(this.flush);
    this.#count += letter.count;
    if (this.#letters.length < REPORTED_A_TURN) this.#letters.push(letter);
  }

  readonly flush = (): void => {
    if (this.#count === 0) return;
    const report = { count: this.#count, letters: this.#letters };
    this.#count = 0;
    this.#letters = [];
    this.#send(report);
  };
}
