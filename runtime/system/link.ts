/**
 * One end of the direct port between two threads. What the first callback of an event-loop turn sends leaves in one
 * postMessage as soon as that callback is done (a lone ask waits for nothing); what the rest of the turn sends leaves
 * in another at its end. While the other thread is down, items wait here for its successor.
 */
import type { MessagePort } from 'node:worker_threads';
import { BatchWriter, decodeBatch, type Item } from './wire.js';

/** A batch this big leaves before its turn ends, so that a burst is worked on while it is still being sent. */
const FLUSH_AT_BYTES = 128 * 1024;
/** Most bytes kept for a thread that is being restarted. */
const WAITING_LIMIT_BYTES = 64 * 1024 * 1024;

export interface LinkEvents {
  item(item: Item): void;
  /** The other thread ended. A link that is closed from this side reports nothing. */
  lost(): void;
}

export class PortLink {
  readonly thread: string;
  readonly #events: LinkEvents;
  readonly #batch = new BatchWriter();
  #port: MessagePort | null = null;
  #turnArmed = false;
  #closed = false;

  constructor(thread: string, events: LinkEvents) {
    this.thread = thread;
    this.#events = events;
  }

  /** True once the thread is gone for good. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Attaches the port, or after a restart of the other thread its new port. */
  bind(port: MessagePort): void {
    const previous = this.#port;
    this.#port = port;
    if (previous !== null) {
      // The news of the restart was faster than the close of the old port.
      previous.close();
      this.#events.lost();
    }
    port.on('message', (data: ArrayBuffer | Item) => {
      if (data instanceof ArrayBuffer) {
        for (const item of decodeBatch(data)) this.#events.item(item);
      } else {
        this.#events.item(data);
      }
    });
    port.on('close', () => {
      if (this.#port !== port || this.#closed) return;
      this.#port = null;
      this.#events.lost();
    });
    this.flush();
  }

  /** False when the item cannot be kept for a thread that is down. Throws when the payload is not plain data. */
  send(item: Item, transfer?: readonly ArrayBuffer[]): boolean {
    if (this.#closed) return false;
    if (this.#port === null) return this.#keep(item, transfer);
    if (transfer !== undefined && transfer.length > 0) {
      this.flush();
      this.#port.postMessage(item, transfer);
      return true;
    }
    this.#batch.append(item);
    if (this.#batch.sizeBytes >= FLUSH_AT_BYTES) {
      this.flush();
    } else if (!this.#turnArmed) {
      this.#turnArmed = true;
      queueMicrotask(this.#endOfCallback);
    }
    return true;
  }

  flush(): void {
    if (this.#port === null || this.#batch.sizeBytes === 0) return;
    const batch = this.#batch.take();
    this.#port.postMessage(batch, [batch]);
  }

  close(): void {
    this.flush();
    this.#closed = true;
    this.#port?.close();
    this.#port = null;
  }

  readonly #endOfCallback = (): void => {
    this.flush();
    setImmediate(this.#endOfTurn);
  };

  readonly #endOfTurn = (): void => {
    this.#turnArmed = false;
    this.flush();
  };

  #keep(item: Item, transfer: readonly ArrayBuffer[] | undefined): boolean {
    if (this.#batch.sizeBytes >= WAITING_LIMIT_BYTES) return false;
    this.#batch.append(item);
    // The sender loses what it hands over in every case, or its tests would pass on luck.
    if (transfer !== undefined) structuredClone(null, { transfer: [...transfer] });
    return true;
  }
}
