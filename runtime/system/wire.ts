/**
 * Items that travel between two threads, and their bytes. Each item is packed when it is sent (what the sender does to
 * its object afterwards changes nothing) and appended to the batch of the turn; one copy makes the exactly sized
 * ArrayBuffer that is transferred, because msgpackr's own buffers are pooled and may not leave the thread.
 *
 * Plain maps, not msgpackr records: its record streams save bytes, but one item that fails to pack leaves the two
 * sides with different tables for good.
 */
import { Packr } from 'msgpackr';
import type { Envelope } from './actor.js';
import type { WireError } from './errors.js';

export const TELL = 0;
export const ASK = 1;
export const EVENT = 2;
const REPLY = 3;
const FAILURE = 4;
const SUBSCRIBE = 5;
const REPORT = 6;

type MessageTag = typeof TELL | typeof ASK | typeof EVENT;

/** Positional, because names of fields would be a third of a small message. `deadline` 0 = none; events go to ''. */
type MessageItem = readonly [
  tag: MessageTag,
  to: string,
  from: string,
  kind: string,
  id: number,
  causeId: number,
  traceId: string,
  sentAt: number,
  deadline: number,
  payload: unknown,
];
export type ReportTopic = 'log' | 'trace' | 'escalation';
export type Item =
  | MessageItem
  | readonly [tag: typeof REPLY, to: string, id: number, reply: unknown]
  | readonly [tag: typeof FAILURE, to: string, id: number, error: WireError]
  | readonly [tag: typeof SUBSCRIBE, event: string, on: boolean]
  | readonly [tag: typeof REPORT, topic: ReportTopic, value: unknown];

export function messageItem(envelope: Envelope): Item {
  const { type, to, from, kind, id, causeId, traceId, sentAt, deadline = 0, payload } = envelope;
  const tag = type === 'tell' ? TELL : type === 'ask' ? ASK : EVENT;
  return [tag, to, from, kind, id, causeId, traceId, sentAt, deadline, payload];
}
export function replyItem(to: string, id: number, reply: unknown): Item {
  return [REPLY, to, id, reply];
}
export function failureItem(to: string, id: number, error: WireError): Item {
  return [FAILURE, to, id, error];
}
export function subscribeItem(event: string, on: boolean): Item {
  return [SUBSCRIBE, event, on];
}
export function reportItem(topic: ReportTopic, value: unknown): Item {
  return [REPORT, topic, value];
}

/** What a thread does with the items of its links. */
export interface ItemHandler {
  message(envelope: Envelope): void;
  reply(to: string, id: number, reply: unknown): void;
  failure(to: string, id: number, error: WireError): void;
  subscribe(event: string, on: boolean): void;
  report(topic: ReportTopic, value: unknown): void;
}

const TYPES = ['tell', 'ask', 'event'] as const;

export function dispatchItem(item: Item, handler: ItemHandler): void {
  switch (item[0]) {
    case TELL:
    case ASK:
    case EVENT: {
      const [tag, to, from, kind, id, causeId, traceId, sentAt, deadline, payload] = item;
      const type = TYPES[tag];
      if (tag === ASK) handler.message({ to, from, kind, type, id, causeId, traceId, sentAt, deadline, payload });
      else handler.message({ to, from, kind, type, id, causeId, traceId, sentAt, payload });
      return;
    }
    case REPLY:
      handler.reply(item[1], item[2], item[3]);
      return;
    case FAILURE:
      handler.failure(item[1], item[2], item[3]);
      return;
    case SUBSCRIBE:
      handler.subscribe(item[1], item[2]);
      return;
    case REPORT:
      handler.report(item[1], item[2]);
  }
}

/**
 * `copyBuffers`: received bytes get a buffer of their own; views into the batch would be detached for every other
 * message of the batch as soon as one receiver transfers its bytes on.
 */
const packr = new Packr({ useRecords: false, useBigIntExtension: true, copyBuffers: true, variableMapSize: true });

const FIRST_BATCH_BYTES = 16 * 1024;
/** A batch buffer grown beyond this by a burst is given back after use. */
const KEPT_BATCH_BYTES = 1024 * 1024;

export class BatchWriter {
  #bytes = new Uint8Array(FIRST_BATCH_BYTES);
  #length = 0;

  get sizeBytes(): number {
    return this.#length;
  }

  /** Throws, leaving the batch as it was, when the item holds what msgpack cannot carry. */
  append(item: Item): void {
    const packed = packr.pack(item);
    const needed = this.#length + packed.length;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(packed, this.#length);
    this.#length = needed;
  }

  /** The batch as a buffer of exactly its size; the writer is empty afterwards. */
  take(): ArrayBuffer {
    const batch = this.#bytes.buffer.slice(0, this.#length);
    this.#length = 0;
    if (this.#bytes.length > KEPT_BATCH_BYTES) this.#bytes = new Uint8Array(FIRST_BATCH_BYTES);
    return batch;
  }
}

/** Bytes come from our own threads only, so their shape is trusted; peers' bytes go through the canonical codec. */
export function decodeBatch(batch: ArrayBuffer): Item[] {
  return packr.unpackMultiple(new Uint8Array(batch)) as Item[];
}
