/**
 * What one link knows of the messages it carries: their routes, whose names cross once, the credits of each route, and
 * the messages that wait for credits.
 */
import { SenderCredits } from './credits.js';
import type { Message } from './message.js';
import { CREDIT_SLOTS, HELD_LIMIT, kindPolicy, READY_AT, usesCredits } from './policy.js';
import type { MessageOptions } from './protocol.js';

/** Messages of one sender to one receiver in one lane keep their order: when one has to wait, so do those after it. */
interface Lane {
  held: HeldMessage[];
}

interface HeldMessage {
  readonly message: Message;
  readonly options: MessageOptions;
}

/** One kind of message from one role to another; events go to '', to whoever listens over there. */
export interface Route {
  readonly number: number;
  readonly type: Message['type'];
  readonly to: string;
  readonly from: string;
  readonly kind: string;
  /** Messages that may be on their way or wait over there; Infinity without credits. */
  readonly window: number;
  readonly lane: Lane;
  announced: boolean;
  /** Modulo 2^32. */
  sent: number;
}

interface Waiter {
  readonly route: Route;
  readonly resolve: () => void;
}

type Address = Pick<Message, 'type' | 'to' | 'from' | 'kind'>;

export class Outbound {
  credits = new SenderCredits();
  #routes = new Map<string, Route[]>();
  readonly #lanes = new Map<string, Lane>();
  #waiters: Waiter[] = [];
  #count = 0;
  #held = 0;

  /** Messages that wait for credits. */
  get held(): number {
    return this.#held;
  }

  get waits(): boolean {
    return this.#held > 0 || this.#waiters.length > 0;
  }

  route(address: Address, options: MessageOptions): Route {
    const known = this.#routes.get(address.kind);
    if (known !== undefined) {
      for (const route of known) {
        if (route.to === address.to && route.from === address.from && route.type === address.type) return route;
      }
    }
    return this.#newRoute(address, options, known);
  }

  hasCredit(route: Route): boolean {
    return this.#open(route) < route.window;
  }

  /** Whether a sender that paces itself should go on. */
  hasRoom(route: Route): boolean {
    return route.lane.held.length === 0 && this.hasCredit(route);
  }

  /** Resolves when half the window is free again, or the other thread is another one. */
  whenRoom(route: Route): Promise<void> {
    return new Promise((resolve) => {
      this.#waiters.push({ route, resolve });
    });
  }

  /** False when too many wait already. */
  hold(lane: Lane, message: Message, options: MessageOptions): boolean {
    if (lane.held.length >= HELD_LIMIT) return false;
    lane.held.push({ message, options });
    this.#held += 1;
    return true;
  }

  /** Gives out, in order, what credits have come for, and wakes senders. */
  release(write: (route: Route, message: Message) => void): void {
    if (this.#held > 0) for (const lane of this.#lanes.values()) this.#releaseLane(lane, write);
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) {
      const { route, resolve } = waiter;
      if (route.lane.held.length === 0 && this.#open(route) <= route.window * READY_AT) resolve();
      else this.#waiters.push(waiter);
    }
  }

  /** The other thread is gone: its successor knows no routes and owes nothing. What is held waits for it. */
  forget(): void {
    this.credits = new SenderCredits();
    this.#routes = new Map();
    this.#count = 0;
    for (const { resolve } of this.#waiters.splice(0)) resolve();
  }

  /** Takes out all that wait, when nobody will come for them. */
  abandon(): Message[] {
    const messages: Message[] = [];
    for (const lane of this.#lanes.values()) {
      for (const { message } of lane.held) messages.push(message);
      lane.held = [];
    }
    this.#held = 0;
    this.forget();
    return messages;
  }

  #releaseLane(lane: Lane, write: (route: Route, message: Message) => void): void {
    let released = 0;
    for (const { message, options } of lane.held) {
      const route = this.route(message, options);
      if (!this.hasCredit(route)) break;
      released += 1;
      write(route, message);
    }
    lane.held = lane.held.slice(released);
    this.#held -= released;
  }

  /** Sent and not yet worked off. */
  #open(route: Route): number {
    return route.window === Number.POSITIVE_INFINITY ? 0 : (route.sent - this.credits.settled(route.number)) | 0;
  }

  #newRoute({ type, to, from, kind }: Address, options: MessageOptions, known: Route[] | undefined): Route {
    const policy = kindPolicy(options);
    const number = this.#count;
    this.#count += 1;
    const credited = usesCredits(policy, type) && number < CREDIT_SLOTS;
    const window = credited ? policy.capacity : Number.POSITIVE_INFINITY;
    const lane = this.#lane(`${from}>${to}>${policy.lane}`);
    const route: Route = { number, type, to, from, kind, window, lane, announced: false, sent: 0 };
    if (known === undefined) this.#routes.set(kind, [route]);
    else known.push(route);
    return route;
  }

  #lane(key: string): Lane {
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { held: [] };
      this.#lanes.set(key, lane);
    }
    return lane;
  }
}
