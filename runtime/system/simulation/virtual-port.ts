/**
 * A pair of message ports on virtual time. The links of the actor system are bound to them as they are to ports of
 * threads, so batching, encoding and mailboxes of a simulation are those of production; only the way between is not.
 */
import { EventEmitter } from 'node:events';
import type { MessagePort, Transferable } from 'node:worker_threads';

/** What is on its way from one thread to another: a batch of bytes or one message by itself. */
export type Parcel = unknown;

export interface Ends {
  /** To the port at the other end. */
  deliver(parcel: Parcel): void;
  /** To the port it came from. */
  answer(parcel: Parcel): void;
}

/** Takes a parcel and hands it over when its time has come; in the order given, per direction. */
export interface Route {
  carry(parcel: Parcel, ends: Ends): void;
  /** Runs after everything carried before. */
  end(done: () => void): void;
}

export class VirtualPort extends EventEmitter {
  readonly #route: Route;
  #peer: VirtualPort | null = null;
  #open = true;
  readonly #ends: Ends = {
    deliver: (parcel) => this.#peer?.receive(parcel),
    answer: (parcel) => this.receive(parcel),
  };

  private constructor(route: Route) {
    super();
    this.#route = route;
  }

  /** Routes: from the first port to the second, and back. */
  static pair(there: Route, back: Route): [VirtualPort, VirtualPort] {
    const first = new VirtualPort(there);
    const second = new VirtualPort(back);
    first.#peer = second;
    second.#peer = first;
    return [first, second];
  }

  /** As what a link binds to: it uses no more of a port than is here. */
  asMessagePort(): MessagePort {
    return this as unknown as MessagePort;
  }

  postMessage(parcel: Parcel, transfer: readonly Transferable[] = []): void {
    if (!this.#open) return;
    const moved = structuredClone(parcel, { transfer: [...transfer] as ArrayBuffer[] });
    this.#route.carry(moved, this.#ends);
  }

  receive(parcel: Parcel): void {
    if (this.#open) this.emit('message', parcel);
  }

  /** The other end hears of it after what was sent before. What is on the way to this end is lost. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#route.end(() => this.#peer?.closedByPeer());
  }

  closedByPeer(): void {
    if (!this.#open) return;
    this.#open = false;
    this.emit('close');
  }

  start(): void {}

  ref(): void {}

  unref(): void {}
}
