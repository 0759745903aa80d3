/** An envelope inside the actor system: what actors see, and what its way through the system has to remember. */
import type { Envelope } from './actor.js';
import { isolate } from './isolate.js';
import { traceIdOf } from './story.js';

/** Threads get numbers below this; ids are `count * THREADS + number`, unique in the process and over restarts. */
export const THREADS = 1024;

/** Tells the sending thread that a message has left the mailbox, so that another one may come. */
export interface Receipt {
  settle(): void;
}

export class Message implements Envelope {
  readonly to: string;
  readonly from: string;
  readonly kind: string;
  readonly type: Envelope['type'];
  readonly id: number;
  readonly causeId: number;
  readonly sentAt: number;
  declare readonly deadline?: number;
  /** Replaced by a copy for a receiver on the same thread. */
  payload: unknown;
  /** Owed to the thread that sent it. The mailbox takes it over; whoever else ends the message calls `settle`. */
  receipt: Receipt | null;
  #trace: string;
  #traceCount: number;

  /**
   * `trace` is the trace id, with a `traceCount` of -1; or its prefix, with the count that makes it whole. Most ids are
   * never looked at, so the string is made when somebody does.
   */
  constructor(
    type: Envelope['type'],
    to: string,
    from: string,
    kind: string,
    id: number,
    causeId: number,
    trace: string,
    traceCount: number,
    sentAt: number,
    deadline: number | undefined,
    payload: unknown,
    receipt: Receipt | null,
  ) {
    this.to = to;
    this.from = from;
    this.kind = kind;
    this.type = type;
    this.id = id;
    this.causeId = causeId;
    this.#trace = trace;
    this.#traceCount = traceCount;
    this.sentAt = sentAt;
    if (deadline !== undefined) this.deadline = deadline;
    this.payload = payload;
    this.receipt = receipt;
  }

  get traceId(): string {
    if (this.#traceCount >= 0) {
      this.#trace = traceIdOf(this.#trace, this.#traceCount);
      this.#traceCount = -1;
    }
    return this.#trace;
  }

  /** The whole trace id, or the prefix of one that has a count. */
  get trace(): string {
    return this.#trace;
  }

  /** -1 when `trace` is whole. */
  get traceCount(): number {
    return this.#traceCount;
  }

  /** Gives the sending thread its credit back, unless a mailbox has taken that over. */
  settle(): void {
    const { receipt } = this;
    if (receipt === null) return;
    this.receipt = null;
    receipt.settle();
  }

  /** The same message with a payload that nobody else holds. */
  isolated(transfer?: readonly ArrayBuffer[]): Message {
    return this.copyFor(this.to, isolate(this.payload, transfer));
  }

  /** The same message for one more receiver. */
  copyFor(to: string, payload: unknown): Message {
    const { type, from, kind, id, causeId, trace, traceCount, sentAt, deadline } = this;
    return new Message(type, to, from, kind, id, causeId, trace, traceCount, sentAt, deadline, payload, null);
  }
}
