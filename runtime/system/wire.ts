/**
 * What travels between two threads, and its bytes: a stream of msgpack arrays. A message is an array of
 *
 *     [FIRST_ROUTE + route, id, causeId, trace, sentAt, payload, deadline?]
 *
 * where the route stands for its type, sender, receiver and kind, announced once, and the trace is the count of a trace
 * id that was made for this message (its prefix is announced once), or null for that of the message before, or a
 * string. All else is an array that begins with one of the tags below.
 *
 * The stream has a memory (routes, prefixes, msgpackr's records), so a batch must be read whole and in order.
 */
import { Unpackr } from 'msgpackr';
import type { Envelope } from './actor.js';
import type { ReceiverCredits } from './credits.js';
import type { WireError } from './errors.js';
import { Message, type Receipt } from './message.js';
import type { Route } from './outbound.js';
import { Packer } from './packer.js';
import type { TraceIds } from './story.js';

const ROUTE = 0;
const PREFIX = 1;
const REPLY = 2;
const FAILURE = 3;
const SUBSCRIBE = 4;
const REPORT = 5;
const CREDIT = 6;
const FIRST_ROUTE = 7;

export type ReportTopic = 'log' | 'trace' | 'escalation' | 'dead-letters' | 'news';
/** All but messages. */
export type Item =
  | readonly [tag: typeof REPLY, to: string, id: number, reply: unknown]
  | readonly [tag: typeof FAILURE, to: string, id: number, error: WireError]
  | readonly [tag: typeof SUBSCRIBE, event: string, on: boolean]
  | readonly [tag: typeof REPORT, topic: ReportTopic, value: unknown]
  | readonly [tag: typeof CREDIT];

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
export const CREDIT_ITEM: Item = [CREDIT];

/** What a thread does with what comes over its links. */
export interface ItemHandler {
  message(message: Message): void;
  reply(to: string, id: number, reply: unknown): void;
  failure(to: string, id: number, error: WireError): void;
  subscribe(event: string, on: boolean): void;
  report(topic: ReportTopic, value: unknown): void;
}

const TYPES: readonly Envelope['type'][] = ['tell', 'ask', 'event'];

/** A message as structured clone carries it when a part of it is handed over. */
export type MessageArray = readonly unknown[];

export class StreamWriter {
  readonly #packer = new Packer();
  readonly #traceIds: TraceIds;
  #prefix = '';
  #trace: string | null = null;

  constructor(traceIds: TraceIds) {
    this.#traceIds = traceIds;
  }

  get sizeBytes(): number {
    return this.#packer.sizeBytes;
  }

  take(): ArrayBuffer {
    return this.#packer.take();
  }

  /** Throws away what is not sent; the next reader is a new one. */
  forget(): void {
    this.#packer.clear();
    this.#packer.forget();
    this.#prefix = '';
    this.#trace = null;
  }

  item(item: Item): void {
    const start = this.#packer.begin();
    try {
      this.#packer.value(item);
    } catch (error) {
      this.#packer.undo(start);
      throw error;
    }
  }

  /**
   * `freshTrace` is the count of a trace id that was made for this message, -1 otherwise. Throws, leaving the stream as
   * it was, when the payload is not plain data.
   */
  message(route: Route, message: Message, freshTrace: number): void {
    const packer = this.#packer;
    this.announce(route);
    if (freshTrace >= 0 && this.#traceIds.prefix !== this.#prefix) this.#announcePrefix();
    const start = packer.begin();
    try {
      packer.arrayHeader(message.deadline === undefined ? 6 : 7);
      packer.number(FIRST_ROUTE + route.number);
      packer.number(message.id);
      packer.number(message.causeId);
      if (freshTrace >= 0) packer.number(freshTrace);
      else packer.value(message.traceId === this.#trace ? null : message.traceId);
      packer.number(message.sentAt);
      packer.value(message.payload);
      if (message.deadline !== undefined) packer.number(message.deadline);
    } catch (error) {
      packer.undo(start);
      throw error;
    }
    if (freshTrace < 0) this.#trace = message.traceId;
  }

  announce(route: Route): void {
    if (route.announced) return;
    const { number, type, to, from, kind, window } = route;
    this.#packer.value([ROUTE, number, TYPES.indexOf(type), to, from, kind, window !== Number.POSITIVE_INFINITY]);
    route.announced = true;
  }

  #announcePrefix(): void {
    this.#prefix = this.#traceIds.prefix;
    this.#packer.value([PREFIX, this.#prefix]);
  }
}

export function messageArray(route: Route, message: Message): MessageArray {
  const { id, causeId, traceId, sentAt, payload, deadline } = message;
  const parts = [FIRST_ROUTE + route.number, id, causeId, traceId, sentAt, payload];
  return deadline === undefined ? parts : [...parts, deadline];
}

interface KnownRoute {
  readonly type: Envelope['type'];
  readonly to: string;
  readonly from: string;
  readonly kind: string;
  readonly receipt: Receipt | null;
}

/** Bytes come from our own threads only, so their shape is trusted; peers' bytes go through the canonical codec. */
export class StreamReader {
  readonly #handler: ItemHandler;
  readonly #traceId: (prefix: string, count: number) => string;
  /** The other thread says that credits have come. */
  readonly #credit: () => void;
  readonly #routes: KnownRoute[] = [];
  #prefix = '';
  #trace = '';
  credits: ReceiverCredits | null = null;

  /**
   * `copyBuffers`: received bytes get a buffer of their own; views into the batch would be detached for every other
   * message of the batch as soon as one receiver transfers its bytes on.
   */
  readonly #unpackr = new Unpackr({
    sequential: true,
    structures: [],
    useBigIntExtension: true,
    copyBuffers: true,
    mapsAsObjects: true,
  });

  constructor(handler: ItemHandler, traceId: (prefix: string, count: number) => string, credit: () => void) {
    this.#handler = handler;
    this.#traceId = traceId;
    this.#credit = credit;
  }

  batch(batch: ArrayBuffer): void {
    // Read to its end before the first handler runs: handlers may use msgpackr too.
    for (const item of this.decode(batch)) this.one(item);
  }

  decode(batch: ArrayBuffer): readonly (readonly unknown[])[] {
    return this.#unpackr.unpackMultiple(new Uint8Array(batch)) as unknown[][];
  }

  one(item: readonly unknown[]): void {
    const tag = item[0] as number;
    if (tag >= FIRST_ROUTE) this.#message(item, tag - FIRST_ROUTE);
    else this.#other(item as readonly [number, never, never, never, ...unknown[]]);
  }

  #message(item: readonly unknown[], number: number): void {
    const route = this.#routes[number];
    if (route === undefined) throw new Error(`a message came over route ${number}, which was not announced`);
    const { type, to, from, kind, receipt } = route;
    const deadline = item.length > 6 ? (item[6] as number) : undefined;
    const id = item[1] as number;
    const causeId = item[2] as number;
    const sentAt = item[4] as number;
    const traceId = this.#readTrace(item[3]);
    this.#handler.message(new Message(type, to, from, kind, id, causeId, traceId, sentAt, deadline, item[5], receipt));
  }

  #readTrace(trace: unknown): string {
    if (typeof trace === 'number') return this.#traceId(this.#prefix, trace);
    if (trace !== null) this.#trace = trace as string;
    return this.#trace;
  }

  #other(item: readonly [number, never, never, never, ...unknown[]]): void {
    switch (item[0]) {
      case ROUTE: {
        const [, number, type, to, from, kind, credited] = item as readonly unknown[];
        this.#routes[number as number] = {
          type: TYPES[type as number] ?? 'tell',
          to: to as string,
          from: from as string,
          kind: kind as string,
          receipt: credited === true ? (this.credits?.receipt(number as number) ?? null) : null,
        };
        return;
      }
      case PREFIX:
        this.#prefix = item[1];
        return;
      case REPLY:
        this.#handler.reply(item[1], item[2], item[3]);
        return;
      case FAILURE:
        this.#handler.failure(item[1], item[2], item[3]);
        return;
      case SUBSCRIBE:
        this.#handler.subscribe(item[1], item[2]);
        return;
      case REPORT:
        this.#handler.report(item[1], item[2]);
        return;
      case CREDIT:
        this.#credit();
    }
  }
}
