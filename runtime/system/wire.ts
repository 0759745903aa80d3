/**
 * What travels between two threads, and its bytes: a stream of msgpack arrays. A message is one of
 *
 *     [FIRST_ROUTE + route, payload]            follows the message before: the same cause and time, the next id and trace
 *     [FIRST_ROUTE + route, payload, sentAt]    the same at another time
 *     [FIRST_ROUTE + route, payload, sentAt, id, causeId, trace, deadline?]
 *
 * where the route stands for its type, sender, receiver and kind, announced once, and the trace is the count of a trace
 * id that was made for this message (its prefix is announced once), or null for that of the message before, or a
 * string. What one handler sends in a row is mostly of the first kind. All else is an array that begins with one of the
 * tags below.
 *
 * The stream has a memory (routes, prefixes, the message before, msgpackr's records), so a batch must be read whole and
 * in order. A parcel goes beside the stream, when a part of it is handed over: a message of the last kind with its whole
 * trace id, which needs nothing of that memory but the route.
 */
import { Unpackr } from 'msgpackr';
import type { Envelope } from './actor.js';
import type { ReceiverCredits } from './credits.js';
import type { WireError } from './errors.js';
import { Message, type Receipt, THREADS } from './message.js';
import type { Route } from './outbound.js';
import { type Batch, bytesOf, Packer } from './packer.js';

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

/** What the next message is measured against: the one before in the stream. */
class Before {
  id = -1;
  causeId = -1;
  sentAt = -1;
  /** A whole trace id with a count of -1, or a prefix with its count; like `Message`. */
  trace = '';
  traceCount = -1;

  set(id: number, causeId: number, sentAt: number, trace: string, traceCount: number): void {
    this.id = id;
    this.causeId = causeId;
    this.sentAt = sentAt;
    this.trace = trace;
    this.traceCount = traceCount;
  }

  isFollowedBy({ id, causeId, trace, traceCount, deadline }: Message): boolean {
    if (id !== this.id + THREADS || causeId !== this.causeId || trace !== this.trace || deadline !== undefined)
      return false;
    return traceCount === (this.traceCount < 0 ? -1 : this.traceCount + 1);
  }
}

export class StreamWriter {
  readonly #packer = new Packer();
  #prefix = '';
  #before = new Before();

  get sizeBytes(): number {
    return this.#packer.sizeBytes;
  }

  take(): Batch {
    return this.#packer.take();
  }

  /** Throws away what is not sent; the next reader is a new one. */
  forget(): void {
    this.#packer.clear();
    this.#packer.forget();
    this.#prefix = '';
    this.#before = new Before();
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

  /** Throws, leaving the stream as it was, when the payload is not plain data. */
  message(route: Route, message: Message): void {
    const packer = this.#packer;
    const before = this.#before;
    this.announce(route);
    const { trace, traceCount, sentAt } = message;
    if (traceCount >= 0 && trace !== this.#prefix) this.#announcePrefix(trace);
    const follows = before.isFollowedBy(message);
    const start = packer.begin();
    try {
      if (follows) packer.arrayHeader(sentAt === before.sentAt ? 2 : 3);
      else packer.arrayHeader(message.deadline === undefined ? 6 : 7);
      packer.number(FIRST_ROUTE + route.number);
      packer.value(message.payload);
      if (!follows) this.#details(message);
      else if (sentAt !== before.sentAt) packer.number(sentAt);
    } catch (error) {
      packer.undo(start);
      throw error;
    }
    before.set(message.id, message.causeId, sentAt, trace, traceCount);
  }

  announce(route: Route): void {
    if (route.announced) return;
    const { number, type, to, from, kind, window } = route;
    this.#packer.value([ROUTE, number, TYPES.indexOf(type), to, from, kind, window !== Number.POSITIVE_INFINITY]);
    route.announced = true;
  }

  #details({ sentAt, id, causeId, trace, traceCount, deadline }: Message): void {
    const packer = this.#packer;
    const { trace: known, traceCount: knownCount } = this.#before;
    packer.number(sentAt);
    packer.number(id);
    packer.number(causeId);
    if (traceCount >= 0) packer.number(traceCount);
    else packer.value(knownCount < 0 && trace === known ? null : trace);
    if (deadline !== undefined) packer.number(deadline);
  }

  #announcePrefix(prefix: string): void {
    this.#prefix = prefix;
    this.#packer.value([PREFIX, prefix]);
  }
}

/** As structured clone carries it beside the stream. */
export function parcelOf(
  route: number,
  { id, causeId, traceId, sentAt, payload, deadline }: Message,
): readonly unknown[] {
  const parts = [FIRST_ROUTE + route, payload, sentAt, id, causeId, traceId];
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
  /** The other thread says that credits have come. */
  readonly #credit: () => void;
  readonly #routes: KnownRoute[] = [];
  #prefix = '';
  readonly #before = new Before();
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

  constructor(handler: ItemHandler, credit: () => void) {
    this.#handler = handler;
    this.#credit = credit;
  }

  batch(batch: Batch): void {
    // Read to its end before the first handler runs: handlers may use msgpackr too.
    for (const item of this.decode(batch)) this.one(item);
  }

  decode(batch: Batch): readonly (readonly unknown[])[] {
    return this.#unpackr.unpackMultiple(bytesOf(batch)) as unknown[][];
  }

  /** The next item of the stream. */
  one(item: readonly unknown[]): void {
    const tag = item[0] as number;
    if (tag >= FIRST_ROUTE) this.#handler.message(this.#inStream(item, this.#route(tag - FIRST_ROUTE)));
    else this.#other(item as readonly [number, never, never, never, ...unknown[]]);
  }

  /** What came beside the stream. */
  parcel(item: readonly unknown[]): void {
    const tag = item[0] as number;
    if (tag >= FIRST_ROUTE) this.#handler.message(whole(item, this.#route(tag - FIRST_ROUTE), item[5] as string, -1));
    else this.one(item);
  }

  /** An item of the stream as one that can go beside it. Messages reach the handler. */
  parcelFrom(item: readonly unknown[]): readonly unknown[] {
    const tag = item[0] as number;
    if (tag < FIRST_ROUTE) {
      this.one(item);
      return item;
    }
    const number = tag - FIRST_ROUTE;
    const message = this.#inStream(item, this.#route(number));
    this.#handler.message(message);
    return parcelOf(number, message);
  }

  #route(number: number): KnownRoute {
    const route = this.#routes[number];
    if (route === undefined) throw new Error(`a message came over route ${number}, which was not announced`);
    return route;
  }

  #inStream(item: readonly unknown[], route: KnownRoute): Message {
    const before = this.#before;
    if (item.length <= 3) {
      const { type, to, from, kind, receipt } = route;
      before.id += THREADS;
      if (item.length === 3) before.sentAt = item[2] as number;
      if (before.traceCount >= 0) before.traceCount += 1;
      const { id, causeId, trace, traceCount, sentAt } = before;
      return new Message(type, to, from, kind, id, causeId, trace, traceCount, sentAt, undefined, item[1], receipt);
    }
    const trace = item[5];
    const message =
      typeof trace === 'number'
        ? whole(item, route, this.#prefix, trace)
        : whole(item, route, trace === null ? before.trace : (trace as string), -1);
    before.set(message.id, message.causeId, message.sentAt, message.trace, message.traceCount);
    return message;
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

function whole(item: readonly unknown[], route: KnownRoute, trace: string, traceCount: number): Message {
  const { type, to, from, kind, receipt } = route;
  const [, payload, sentAt, id, causeId, , deadline] = item as readonly [
    ...[number, unknown, number, number, number, unknown, number?],
  ];
  return new Message(type, to, from, kind, id, causeId, trace, traceCount, sentAt, deadline, payload, receipt);
}
