/**
 * Transactions that wait for a block. Bounded in number and per sender. Those that may only become valid with a later
 * block (a vote that overtook the block with its optimum) are parked apart and tried again after each new head.
 */
import type { Hash, NodeId, Transaction } from './types.js';

const CAPACITY = 10_000;
const PARKED_CAPACITY = 1_024;
const PER_SENDER = 256;
/** Signed nonsense that "may become valid" costs a stranger nothing: he gets few places. */
const PARKED_PER_SENDER = 16;

export interface Pooled {
  readonly id: Hash;
  readonly transaction: Transaction;
  readonly bytes: Uint8Array;
  readonly own: boolean;
}

export type AddOutcome = 'added' | 'already-known' | 'mempool-full' | 'too-many-from-sender';

export class Mempool {
  readonly #ready = new Map<Hash, Pooled>();
  readonly #parked = new Map<Hash, Pooled>();
  readonly #perSender = new Map<NodeId, number>();

  get size(): number {
    return this.#ready.size;
  }

  has(id: Hash): boolean {
    return this.#ready.has(id) || this.#parked.has(id);
  }

  get(id: Hash): Pooled | undefined {
    return this.#ready.get(id) ?? this.#parked.get(id);
  }

  add(entry: Pooled): AddOutcome {
    if (this.#ready.has(entry.id)) return 'already-known';
    if (this.#ready.size >= CAPACITY) return 'mempool-full';
    const { sender } = entry.transaction;
    const count = this.#perSender.get(sender) ?? 0;
    if (count >= PER_SENDER && !entry.own) return 'too-many-from-sender';
    this.#parked.delete(entry.id);
    this.#ready.set(entry.id, entry);
    this.#perSender.set(sender, count + 1);
    return 'added';
  }

  /** Keeps it for later; the oldest of other nodes makes room. */
  park(entry: Pooled): void {
    if (this.has(entry.id)) return;
    const others = [...this.#parked.values()].filter((parked) => !parked.own);
    const { sender } = entry.transaction;
    const fromSender = others.filter((parked) => parked.transaction.sender === sender).length;
    if (!entry.own && fromSender >= PARKED_PER_SENDER) return;
    const [oldest] = others;
    if (this.#parked.size >= PARKED_CAPACITY && oldest !== undefined) this.#parked.delete(oldest.id);
    this.#parked.set(entry.id, entry);
  }

  /** Takes all parked ones out, to be tried again. */
  unpark(): readonly Pooled[] {
    const parked = [...this.#parked.values()];
    this.#parked.clear();
    return parked;
  }

  remove(id: Hash): void {
    this.#parked.delete(id);
    const entry = this.#ready.get(id);
    if (entry === undefined) return;
    this.#ready.delete(id);
    const { sender } = entry.transaction;
    const count = (this.#perSender.get(sender) ?? 1) - 1;
    if (count === 0) this.#perSender.delete(sender);
    else this.#perSender.set(sender, count);
  }

  /** In order of arrival. */
  entries(): readonly Pooled[] {
    return [...this.#ready.values()];
  }
}
