/**
 * Transactions that wait for a block, in two lanes: unpaid ones by what the chain needs most, paid ones by what they
 * offer the proposer. Each lane is bounded by itself, so that neither can push out the other, and a full one gives up
 * its least wanted entry for a better one. Those that may only become valid with a later block (a vote that overtook
 * the block with its optimum, an offer below the base fee) are parked apart and tried again after each new head.
 */
import { isUnpaid, placePriceUnits } from './base-fee.js';
import { unpaidRank } from './fees.js';
import { isCause } from './transition.js';
import type { Fee, Hash, NodeId, Transaction } from './types.js';

const CAPACITY = { paid: 10_000, unpaid: 4_000 } as const;
const PARKED_CAPACITY = 1_024;
const PER_SENDER = 256;
/** Signed nonsense that "may become valid" costs a stranger nothing: he gets few places. */
const PARKED_PER_SENDER = 16;
/** An offer must rise by this much to replace another, in percent: each replacement crosses the whole network. */
const REPLACEMENT_PERCENT = 110;

export interface Pooled {
  readonly id: Hash;
  readonly transaction: Transaction;
  readonly bytes: Uint8Array;
  readonly own: boolean;
}

export type AddOutcome =
  | 'added'
  | 'already-known'
  | 'mempool-full'
  | 'too-many-from-sender'
  | 'replacement-underpriced';
type Lane = keyof typeof CAPACITY;

export class Mempool {
  readonly #ready = new Map<Hash, Pooled>();
  readonly #parked = new Map<Hash, Pooled>();
  readonly #perSender = new Map<NodeId, number>();
  /** By sender and nonce: only one of these can ever be in a block. */
  readonly #byNonce = new Map<string, Pooled>();
  readonly #inLane = { paid: 0, unpaid: 0 };
  #causes = 0;

  get size(): number {
    return this.#ready.size;
  }

  /** How many of them are reason enough for a block. */
  get causes(): number {
    return this.#causes;
  }

  has(id: Hash): boolean {
    return this.#ready.has(id) || this.#parked.has(id);
  }

  get(id: Hash): Pooled | undefined {
    return this.#ready.get(id) ?? this.#parked.get(id);
  }

  add(entry: Pooled, baseFeeUnits: number): AddOutcome {
    if (this.#ready.has(entry.id)) return 'already-known';
    const { sender, fee } = entry.transaction;
    const rival = this.#byNonce.get(nonceKey(entry.transaction));
    if (rival !== undefined && !replaces(fee, rival.transaction.fee)) return 'replacement-underpriced';
    const count = this.#perSender.get(sender) ?? 0;
    if (rival === undefined && count >= PER_SENDER && !entry.own) return 'too-many-from-sender';
    const lane = laneOf(entry);
    const freed = rival !== undefined && laneOf(rival) === lane ? 1 : 0;
    if (this.#inLane[lane] - freed >= CAPACITY[lane]) {
      const victim = this.#leastWanted(lane, baseFeeUnits);
      if (victim === undefined) return 'mempool-full';
      if (!entry.own && wantOf(entry, baseFeeUnits) <= wantOf(victim, baseFeeUnits)) return 'mempool-full';
      this.remove(victim.id);
    }
    if (rival !== undefined) this.remove(rival.id);
    this.#parked.delete(entry.id);
    this.#ready.set(entry.id, entry);
    this.#byNonce.set(nonceKey(entry.transaction), entry);
    this.#perSender.set(sender, (this.#perSender.get(sender) ?? 0) + 1);
    this.#inLane[lane] += 1;
    if (isCause(entry.transaction)) this.#causes += 1;
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
    this.#byNonce.delete(nonceKey(entry.transaction));
    this.#inLane[laneOf(entry)] -= 1;
    if (isCause(entry.transaction)) this.#causes -= 1;
    const { sender } = entry.transaction;
    const count = (this.#perSender.get(sender) ?? 1) - 1;
    if (count === 0) this.#perSender.delete(sender);
    else this.#perSender.set(sender, count);
  }

  /** In order of arrival. */
  entries(): readonly Pooled[] {
    return [...this.#ready.values()];
  }

  /**
   * What a block should hold, best first: unpaid ones, of which a block takes `unpaidPlaces`, then the paid ones by
   * what the proposer gets of them at this base fee.
   */
  candidates(baseFeeUnits: number, unpaidPlaces: number): readonly Transaction[] {
    const byWant = (lane: Lane) =>
      this.entries()
        .filter((entry) => laneOf(entry) === lane)
        .map((entry) => ({ entry, want: wantOf(entry, baseFeeUnits) }))
        .sort((a, b) => b.want - a.want)
        .map(({ entry }) => entry.transaction);
    // Twice as many as fit: some may shut each other out.
    return [...byWant('unpaid').slice(0, 2 * unpaidPlaces), ...byWant('paid')];
  }

  /** Of equals the one that came last. Never one of this node's own. */
  #leastWanted(lane: Lane, baseFeeUnits: number): Pooled | undefined {
    let least: { entry: Pooled; want: number } | undefined;
    for (const entry of this.#ready.values()) {
      if (entry.own || laneOf(entry) !== lane) continue;
      const want = wantOf(entry, baseFeeUnits);
      if (least === undefined || want <= least.want) least = { entry, want };
    }
    return least?.entry;
  }
}

function laneOf({ transaction }: Pooled): Lane {
  return isUnpaid(transaction.fee) ? 'unpaid' : 'paid';
}

/** Higher is better; comparable within a lane. */
function wantOf({ transaction }: Pooled, baseFeeUnits: number): number {
  if (isUnpaid(transaction.fee)) return -unpaidRank(transaction.body);
  return placePriceUnits(transaction.fee, baseFeeUnits)?.tipUnits ?? -1;
}

function replaces(offer: Fee, known: Fee): boolean {
  const raised = (to: number, from: number) => 100 * to >= REPLACEMENT_PERCENT * from;
  return (
    offer.maxUnits > known.maxUnits && raised(offer.maxUnits, known.maxUnits) && raised(offer.tipUnits, known.tipUnits)
  );
}

function nonceKey({ sender, nonce }: Transaction): string {
  return `${sender}/${nonce}`;
}
