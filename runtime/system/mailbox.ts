/**
 * What waits for one actor: a lane for each priority, first in, first out over all kinds of the lane, with a bound and
 * a policy for each kind. Two linked lists through the same nodes (all messages of a lane; those of one kind) make
 * dropping the oldest of a kind as cheap as taking the next message.
 */
import type { Envelope } from './actor.js';
import type { Message, Receipt } from './message.js';
import { type KindPolicy, kindPolicy, OVERTAKES_IN_A_ROW, PRIORITIES, READY_AT } from './policy.js';
import type { MessageOptions, OverflowPolicy } from './protocol.js';

interface Node {
  readonly envelope: Envelope;
  readonly queue: KindQueue;
  /** Settled when the message leaves: its sender may send one more. */
  readonly receipt: Receipt | null;
  previous: Node | null;
  next: Node | null;
  nextOfKind: Node | null;
}

interface Lane {
  first: Node | null;
  last: Node | null;
}

/** One kind's share of the mailbox. */
export class KindQueue {
  readonly kind: string;
  readonly capacity: number;
  readonly overflow: OverflowPolicy;
  readonly concurrent: boolean;
  readonly lane: number;
  /** Set while a tracer watches this kind: the one check that tracing costs when it is off. */
  traced = false;
  /** Place among the actor's kinds, as the thread's vitals name it. */
  index = 0;
  depth = 0;
  /** Handlers of a concurrent kind that are running now. */
  active = 0;
  dropped = 0;
  /** Messages that waited beyond the bound (`backpressure`). */
  overflowed = 0;
  first: Node | null = null;
  last: Node | null = null;
  /** Co-located senders that wait for room. */
  waiting: (() => void)[] = [];

  constructor(kind: string, options: MessageOptions) {
    const policy: KindPolicy = kindPolicy(options);
    this.kind = kind;
    this.capacity = policy.capacity;
    this.overflow = policy.overflow;
    this.concurrent = policy.concurrent;
    this.lane = policy.lane;
  }

  get hasRoom(): boolean {
    return this.depth + this.active < this.capacity;
  }

  whenRoom(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** After one has left. */
  wake(): void {
    if (this.waiting.length === 0 || this.depth > this.capacity * READY_AT) return;
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

export class Mailbox {
  readonly #lanes: readonly Lane[] = PRIORITIES.map(() => ({ first: null, last: null }));
  /** Messages taken from a lane while one below it had some too. */
  #overtakes = 0;
  depth = 0;

  /**
   * Takes a message in. Returns the message that had to go, which may be the new one, or null. An ask beyond a
   * `backpressure` bound is refused rather than queued: its caller can wait better than this mailbox can.
   */
  put(envelope: Envelope, queue: KindQueue): Envelope | null {
    let victim: Envelope | null = null;
    if (!queue.hasRoom) {
      if (queue.overflow === 'drop-newest' || (queue.overflow === 'backpressure' && envelope.type === 'ask')) {
        queue.dropped += 1;
        return envelope;
      }
      if (queue.overflow === 'drop-oldest') {
        queue.dropped += 1;
        const oldest = queue.first;
        if (oldest === null) return envelope;
        this.#remove(oldest);
        oldest.receipt?.settle();
        victim = oldest.envelope;
      } else {
        queue.overflowed += 1;
      }
    }
    this.#append(envelope, queue, takeReceipt(envelope));
    return victim;
  }

  /** The oldest of the most urgent lane; now and then of the next one, so that nobody waits for ever. */
  take(): { readonly envelope: Envelope; readonly queue: KindQueue } | null {
    if (this.depth === 0) return null;
    const node = this.#next();
    if (node === null) return null;
    this.#remove(node);
    node.receipt?.settle();
    if (node.queue.waiting.length > 0) node.queue.wake();
    return node;
  }

  /** Removes and returns what a crash or a stop must answer or count: all asks, or everything. */
  remove(which: 'asks' | 'all'): Envelope[] {
    const removed: Envelope[] = [];
    for (const lane of this.#lanes) {
      const kept: Node[] = [];
      for (let node = lane.first; node !== null; node = lane.first) {
        this.#remove(node);
        if (which === 'asks' && node.envelope.type !== 'ask') {
          kept.push(node);
          continue;
        }
        node.receipt?.settle();
        node.queue.wake();
        removed.push(node.envelope);
      }
      for (const { envelope, queue, receipt } of kept) this.#append(envelope, queue, receipt);
    }
    return removed;
  }

  #next(): Node | null {
    let urgent: Node | null = null;
    for (const { first } of this.#lanes) {
      if (first === null) continue;
      if (urgent === null) {
        urgent = first;
        continue;
      }
      this.#overtakes += 1;
      if (this.#overtakes <= OVERTAKES_IN_A_ROW) return urgent;
      this.#overtakes = 0;
      return first;
    }
    return urgent;
  }

  #append(envelope: Envelope, queue: KindQueue, receipt: Receipt | null): void {
    const lane = this.#laneOf(queue);
    const node: Node = { envelope, queue, receipt, previous: lane.last, next: null, nextOfKind: null };
    if (lane.last === null) lane.first = node;
    else lane.last.next = node;
    lane.last = node;
    if (queue.last === null) queue.first = node;
    else queue.last.nextOfKind = node;
    queue.last = node;
    queue.depth += 1;
    this.depth += 1;
  }

  /** The node is always the first of its kind: kinds are taken, and dropped, oldest first. */
  #remove(node: Node): void {
    const { queue } = node;
    const lane = this.#laneOf(queue);
    if (node.previous === null) lane.first = node.next;
    else node.previous.next = node.next;
    if (node.next === null) lane.last = node.previous;
    else node.next.previous = node.previous;
    queue.first = node.nextOfKind;
    if (queue.first === null) queue.last = null;
    queue.depth -= 1;
    this.depth -= 1;
  }

  #laneOf(queue: KindQueue): Lane {
    const lane = this.#lanes[queue.lane];
    if (lane === undefined) throw new RangeError(`kind ${queue.kind} has no lane ${queue.lane}`);
    return lane;
  }
}

function takeReceipt(envelope: Envelope & Partial<Pick<Message, 'receipt'>>): Receipt | null {
  const { receipt } = envelope;
  if (receipt === undefined || receipt === null) return null;
  envelope.receipt = null;
  return receipt;
}
