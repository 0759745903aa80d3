/**
 * Virtual time: a heap of what is to happen, and a clock that jumps to the next of it. What is due at one instant on
 * different threads happens in an order that the seed draws; on one thread, in the order it was scheduled.
 *
 * Between two steps the real event loop turns until every promise chain the step began has come to rest on something
 * that only a later step can settle. That is what makes actor code written with `await` deterministic here: nothing in
 * a simulated actor may wait for real I/O.
 */
import type { Cancel } from '../actor.js';
import type { SimulationRandom } from './random.js';

/** A thread, or the network: its own callbacks of one instant keep their order. */
export interface Owner {
  alive: boolean;
  lastAt: number;
  lastPriority: number;
}

export function newOwner(): Owner {
  return { alive: true, lastAt: -1, lastPriority: 0 };
}

interface Entry {
  readonly at: number;
  readonly priority: number;
  readonly order: number;
  readonly owner: Owner;
  callback: (() => void) | null;
}

export class VirtualScheduler {
  readonly #random: SimulationRandom;
  readonly #heap: Entry[] = [];
  #elapsedMs = 0;
  #order = 0;
  #steps = 0;

  constructor(random: SimulationRandom) {
    this.#random = random;
  }

  /** Virtual milliseconds since the start. */
  get elapsedMs(): number {
    return this.#elapsedMs;
  }

  get steps(): number {
    return this.#steps;
  }

  /** When the next thing happens; Infinity when nothing will. */
  get nextAt(): number {
    this.#dropDead();
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  after(delayMs: number, callback: () => void, owner: Owner): Cancel {
    return this.at(this.#elapsedMs + Math.max(0, delayMs), callback, owner);
  }

  /** At a moment of virtual time that has not passed. */
  at(at: number, callback: () => void, owner: Owner): Cancel {
    if (owner.lastAt !== at) {
      owner.lastAt = at;
      owner.lastPriority = this.#random.uint32();
    }
    const entry: Entry = { at, priority: owner.lastPriority, order: this.#order, owner, callback };
    this.#order += 1;
    this.#push(entry);
    return () => {
      entry.callback = null;
    };
  }

  /** Does the next thing and lets its consequences settle. */
  async step(): Promise<void> {
    this.#dropDead();
    const entry = this.#pop();
    if (entry === undefined) return;
    this.#elapsedMs = entry.at;
    this.#steps += 1;
    entry.callback?.();
    await settle();
  }

  /** Nothing happens until this moment, and then it is this moment. */
  advanceTo(elapsedMs: number): void {
    this.#elapsedMs = Math.max(this.#elapsedMs, elapsedMs);
  }

  #dropDead(): void {
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      if (top.callback !== null && top.owner.alive) return;
      this.#pop();
    }
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, entry)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let index = 0;
    for (;;) {
      const left = heap[2 * index + 1];
      const right = heap[2 * index + 2];
      const takesRight = left !== undefined && right !== undefined && isBefore(right, left);
      const child = takesRight ? right : left;
      if (child === undefined || isBefore(last, child)) break;
      heap[index] = child;
      index = 2 * index + (takesRight ? 2 : 1);
    }
    heap[index] = last;
    return top;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  if (a.at !== b.at) return a.at < b.at;
  return a.priority === b.priority ? a.order < b.order : a.priority < b.priority;
}

/**
 * Microtasks run out before an immediate runs. The second turn is for what a link puts off to the end of the first:
 * its last batch.
 */
export async function settle(): Promise<void> {
  await new Promise(setImmediate);
  await new Promise(setImmediate);
}
