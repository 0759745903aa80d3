/**
 * What waits for one actor: first in, first out over all kinds, with a bound and a policy for each kind. Two linked
 * lists through the same nodes (all messages; those of one kind) make dropping the oldest of a kind as cheap as
 * taking the next message.
 */
import type { Envelope } from './actor.js';
import type { MessageOptions, OverflowPolicy } from './protocol.js';

const DEFAULT_CAPACITY = 1024;

interface Node {
  readonly envelope: Envelope;
  readonly queue: KindQueue;
  previous: Node | null;
  next: Node | null;
  nextOfKind: Node | null;
}

/** One kind's share of the mailbox. */
export class KindQueue {
  readonly kind: string;
  readonly capacity: number;
  readonly overflow: OverflowPolicy;
  readonly concurrent: boolean;
  /** Set while a tracer watches this kind: the one check that tracing costs when it is off. */
  traced = false;
  depth = 0;
  /** Handlers of a concurrent kind that are running now. */
  active = 0;
  dropped = 0;
  /** Messages that waited beyond the bound (`backpressure`). */
  overflowed = 0;
  first: Node | null = null;
  last: Node | null = null;

  constructor(kind: string, options: MessageOptions) {
    this.kind = kind;
    this.capacity = options.capacity ?? DEFAULT_CAPACITY;
    this.overflow = options.overflow ?? 'backpressure';
    this.concurrent = options.concurrent ?? false;
  }
}

export class Mailbox {
  #first: Node | null = null;
  #last: Node | null = null;
  depth = 0;

  /**
   * Takes a message in. Returns the message that had to go, which may be the new one, or null. An ask beyond a
   * `backpressure` bound is refused rather than queued: its caller can wait better than this mailbox can.
   */
  put(envelope: Envelope, queue: KindQueue): Envelope | null {
    let victim: Envelope | null = null;
    if (queue.depth + queue.active >= queue.capacity) {
      if (queue.overflow === 'drop-newest' || (queue.overflow === 'backpressure' && envelope.type === 'ask')) {
        queue.dropped += 1;
        return envelope;
      }
      if (queue.overflow === 'drop-oldest') {
        queue.dropped += 1;
        const oldest = queue.first;
        if (oldest === null) return envelope;
        this.#remove(oldest);
        victim = oldest.envelope;
      } else {
        queue.overflowed += 1;
      }
    }
    this.#append({ envelope, queue, previous: this.#last, next: null, nextOfKind: null });
    return victim;
  }

  take(): { readonly envelope: Envelope; readonly queue: KindQueue } | null {
    const node = this.#first;
    if (node !== null) this.#remove(node);
    return node;
  }

  /** Removes and returns what a crash or a stop must answer or count: all asks, or everything. */
  remove(which: 'asks' | 'all'): Envelope[] {
    const kept: Node[] = [];
    const removed: Envelope[] = [];
    for (let node = this.#first; node !== null; node = this.#first) {
      this.#remove(node);
      if (which === 'all' || node.envelope.type === 'ask') removed.push(node.envelope);
      else kept.push(node);
    }
    for (const { envelope, queue } of kept) {
      this.#append({ envelope, queue, previous: this.#last, next: null, nextOfKind: null });
    }
    return removed;
  }

  #append(node: Node): void {
    if (this.#last === null) this.#first = node;
    else this.#last.next = node;
    this.#last = node;
    const { queue } = node;
    if (queue.last === null) queue.first = node;
    else queue.last.nextOfKind = node;
    queue.last = node;
    queue.depth += 1;
    this.depth += 1;
  }

  /** The node is always the first of its kind: kinds are taken, and dropped, oldest first. */
  #remove(node: Node): void {
    if (node.previous === null) this.#first = node.next;
    else node.previous.next = node.next;
    if (node.next === null) this.#last = node.previous;
    else node.next.previous = node.previous;
    const { queue } = node;
    queue.first = node.nextOfKind;
    if (queue.first === null) queue.last = null;
    queue.depth -= 1;
    this.depth -= 1;
  }
}
