/** An envelope inside the actor system: what actors see, and what its way through the system has to remember. */
import type { Envelope } from './actor.js';
import { isolate } from './isolate.js';

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
  readonly traceId: string;
  readonly sentAt: number;
  declare readonly deadline?: number;
  /** Replaced by a copy for a receiver on the same thread. */
  payload: unknown;
  /** Owed to the thread that sent it. The mailbox takes it over; whoever else ends the message settles it. */
  receipt: Receipt | null;

  constructor(
    type: Envelope['type'],
    to: string,
    from: string,
    kind: string,
    id: number,
    causeId: number,
    traceId: string,
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
    this.traceId = traceId;
    this.sentAt = sentAt;
    if (deadline !== undefined) this.deadline = deadline;
    this.payload = payload;
    this.receipt = receipt;
  }

  /** The same message with a payload that nobody else holds. */
  isolated(transfer?: readonly ArrayBuffer[]): Message {
    return this.copyFor(this.to, isolate(this.payload, transfer));
  }

  /** The same message for one more receiver. */
  copyFor(to: string, payload: unknown): Message {
    const { type, from, kind, id, causeId, traceId, sentAt, deadline } = this;
    return new Message(type, to, from, kind, id, causeId, traceId, sentAt, deadline, payload, null);
  }
}
