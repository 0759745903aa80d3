/**
 * One end of the direct port between two threads. What a callback sends leaves in one postMessage as soon as that
 * callback is done, so a lone ask waits for nothing; when callbacks follow each other closely, what they send is
 * gathered to the end of the event-loop turn. While the other thread is down, or has given no credit, messages wait here.
 */
import type { MessagePort } from 'node:worker_threads';
import { ReceiverCredits } from './credits.js';
import { type DeadLetter, deadLetter } from './dead-letters.js';
import type { Message } from './message.js';
import { Outbound, type Route } from './outbound.js';
import { type Batch, isBatch } from './packer.js';
import type { Platform } from './platform.js';
import type { MessageOptions } from './protocol.js';
import { SentLedger } from './sent-ledger.js';
import { CREDIT_ITEM, type Item, type ItemHandler, parcelOf, StreamReader, StreamWriter } from './wire.js';

/** A batch this big leaves before its callback ends, so that a burst is worked on while it is still being sent. */
const FLUSH_AT_BYTES = 32 * 1024;
/** Most bytes kept for a thread that is being restarted. */
const WAITING_LIMIT_BYTES = 64 * 1024 * 1024;
/** Batches closer than this are gathered: a fourth of what a postMessage and the other thread's waking cost (25 us). */
const GATHER_BELOW_MS = 0.006;

export interface LinkEvents extends ItemHandler {
  /** The other thread ended; these had gone to it, and it had not taken them in. */
  lost(letters: readonly DeadLetter[]): void;
}

type Address = Pick<Message, 'type' | 'to' | 'from' | 'kind'>;
type Transfer = readonly ArrayBuffer[] | undefined;

export class PortLink {
  readonly thread: string;
  readonly #platform: Platform;
  readonly #events: LinkEvents;
  readonly #stream = new StreamWriter();
  readonly #outbound = new Outbound();
  readonly #ledger = new SentLedger();
  #port: MessagePort | null = null;
  /** How many of the ledger's messages the other thread has taken in; null when it cannot say (main, which never dies). */
  #received: (() => number) | null = null;
  #flushArmed = false;
  #flushedAt = 0;
  #closed = false;

  constructor(thread: string, platform: Platform, events: LinkEvents) {
    this.thread = thread;
    this.#platform = platform;
    this.#events = events;
  }

  /** True once the thread is gone for good. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Attaches the port, or after a restart of the other thread its new port. */
  bind(port: MessagePort, received: (() => number) | null = null): void {
    const previous = this.#port;
    if (previous !== null) {
      // The news of the restart was faster than the close of the old port.
      this.#port = null;
      previous.close();
      this.#lost();
    }
    this.#port = port;
    this.#received = received;
    const reader = new StreamReader(this.#events, this.#release);
    port.on('message', (data: Batch | SharedArrayBuffer | readonly unknown[]) => {
      if (isBatch(data)) reader.batch(data);
      else if (data instanceof SharedArrayBuffer) reader.credits = new ReceiverCredits(data, this.#giveCredit);
      else reader.parcel(data);
    });
    port.on('close', () => {
      if (this.#port !== port || this.#closed) return;
      this.#port = null;
      this.#lost();
    });
    port.postMessage(this.#outbound.credits.buffer);
    this.flush();
    this.#release();
  }

  /**
   * Sends a message, or keeps it until there is credit for it. False when too many wait. Throws when the payload is
   * not plain data.
   */
  message(message: Message, options: MessageOptions, transfer: Transfer): boolean {
    if (this.#closed) return false;
    const route = this.#outbound.route(message, options);
    const { held } = route.lane;
    if (held.length > 0 || (this.#port !== null && !this.#outbound.hasCredit(route))) {
      if (!this.#outbound.hold(route.lane, message.isolated(transfer), options)) return false;
      this.#awaitCredit();
      return true;
    }
    if (this.#port === null && this.#stream.sizeBytes >= WAITING_LIMIT_BYTES) return false;
    if (transfer === undefined || transfer.length === 0) this.#write(route, message);
    else this.#handOver(route, message, transfer);
    return true;
  }

  /** Sends what is no message. False when it cannot be kept for a thread that is down. */
  send(item: Item): boolean {
    if (this.#closed) return false;
    if (this.#port === null && this.#stream.sizeBytes >= WAITING_LIMIT_BYTES) return false;
    this.#stream.item(item);
    this.#appended();
    return true;
  }

  /** Whether one more message of this kind can leave at once. */
  hasRoom(address: Address, options: MessageOptions): boolean {
    return !this.#closed && this.#outbound.hasRoom(this.#outbound.route(address, options));
  }

  whenRoom(address: Address, options: MessageOptions): Promise<void> {
    if (this.#closed) return Promise.resolve();
    const room = this.#outbound.whenRoom(this.#outbound.route(address, options));
    this.#awaitCredit();
    return room;
  }

  flush(): void {
    if (this.#port === null || this.#stream.sizeBytes === 0) return;
    const batch = this.#stream.take();
    if (typeof batch === 'string') this.#port.postMessage(batch);
    else this.#port.postMessage(batch, [batch]);
    this.#ledger.posted();
  }

  /** Ends it for good, when the other thread has ended: what it has not taken in is lost. */
  close(): void {
    if (this.#closed) return;
    this.flush();
    this.#closed = true;
    const had = this.#port !== null;
    this.#port?.close();
    this.#port = null;
    const now = this.#platform.now();
    if (had) this.#events.lost(this.#untaken());
    const unsent = this.#ledger.unsent(now);
    const held = this.#outbound.abandon().filter(({ type }) => type !== 'ask');
    this.#events.lost([...unsent, ...held.map((message) => deadLetter(message, 'stopped', now))]);
  }

  #write(route: Route, message: Message): void {
    this.#stream.message(route, message);
    this.#count(route, message);
    this.#appended();
  }

  #handOver(route: Route, message: Message, transfer: readonly ArrayBuffer[]): void {
    if (this.#port === null) {
      this.#write(route, message);
      // The sender loses what it hands over in every case, or its tests would pass on luck.
      structuredClone(null, { transfer: [...transfer] });
      return;
    }
    this.#stream.announce(route);
    this.flush();
    this.#port.postMessage(parcelOf(route.number, message), transfer);
    this.#count(route, message);
    this.#ledger.posted();
  }

  #count(route: Route, message: Message): void {
    route.sent = (route.sent + 1) | 0;
    if (route.type !== 'ask') this.#ledger.write(route, message);
  }

  #appended(): void {
    if (this.#stream.sizeBytes >= FLUSH_AT_BYTES) {
      this.flush();
    } else if (!this.#flushArmed) {
      this.#flushArmed = true;
      queueMicrotask(this.#endOfCallback);
    }
  }

  readonly #endOfCallback = (): void => {
    const now = this.#platform.monotonic();
    if (now - this.#flushedAt < GATHER_BELOW_MS) {
      setImmediate(this.#endOfTurn);
      return;
    }
    this.#flushedAt = now;
    this.#flushArmed = false;
    this.flush();
  };

  readonly #endOfTurn = (): void => {
    this.#flushArmed = false;
    this.flush();
  };

  readonly #giveCredit = (): void => {
    this.send(CREDIT_ITEM);
  };

  /** The flag first, then the counts: credit that came in between is seen. */
  #awaitCredit(): void {
    this.#outbound.credits.await();
    if (this.#port !== null) this.#outbound.release(this.#writeHeld);
  }

  readonly #release = (): void => {
    if (this.#port === null || !this.#outbound.waits) return;
    this.#outbound.release(this.#writeHeld);
    if (this.#outbound.waits) this.#awaitCredit();
  };

  readonly #writeHeld = (route: Route, message: Message): void => this.#write(route, message);

  #lost(): void {
    // What waited for the end of the turn is written in terms that only the dead thread knew: it goes with it.
    this.#ledger.posted();
    this.#stream.forget();
    this.#outbound.forget();
    this.#events.lost(this.#untaken());
  }

  #untaken(): readonly DeadLetter[] {
    const received = this.#received?.() ?? null;
    return received === null ? [] : this.#ledger.lost(received, this.#platform.now());
  }
}
