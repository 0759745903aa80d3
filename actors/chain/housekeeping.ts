/**
 * Keeps the store small and a restart short: now and then a snapshot of a state deep enough to stay, and, where the
 * operator wants it, the transactions of old blocks dropped. Works beside the chain and never holds it up.
 */
import { Serial } from '../../runtime/serial.js';
import type { Blockchain } from './blockchain.js';
import { decodeBlock } from './codec.js';
import { takeSnapshot } from './state/snapshot.js';
import { GLOBALS } from './state/state.js';
import type { BlockStore } from './store.js';

/** Blocks between two snapshots: a restart applies about as many again, which takes a second. */
export const SNAPSHOT_INTERVAL = 1_000;
/** Blocks on top of a snapshot's: the confirmation depth (DESIGN section 5). */
const DEPTH = 6;

export interface HousekeepingOptions {
  /** Blocks behind the head that keep their transactions; null for all. */
  readonly keepBlocks: number | null;
  readonly snapshotInterval?: number;
}

export class Housekeeping {
  readonly #chain: Blockchain;
  readonly #store: BlockStore;
  readonly #options: HousekeepingOptions;
  readonly #serial = new Serial();
  #newest: number | null = null;

  constructor(chain: Blockchain, store: BlockStore, options: HousekeepingOptions) {
    this.#chain = chain;
    this.#store = store;
    this.#options = options;
  }

  /** To be called after the head moved. Resolves when everything due is on disk. */
  run(): Promise<void> {
    return this.#serial.run(() => this.#run());
  }

  async #run(): Promise<void> {
    const { height } = this.#chain.head.state.require(GLOBALS);
    this.#newest ??= (await this.#store.snapshotHeights())[0] ?? 0;
    const interval = this.#options.snapshotInterval ?? SNAPSHOT_INTERVAL;
    if (height - DEPTH < this.#newest + interval) return;
    await this.#snapshot(height - DEPTH);
    this.#newest = height - DEPTH;
    if (this.#options.keepBlocks === null) return;
    // From the older snapshot on everything stays, so that a switch below the newest one still has its blocks.
    const [, older = 0] = await this.#store.snapshotHeights();
    const below = Math.min(height - this.#options.keepBlocks, older + 1);
    await this.#store.prune(below);
  }

  async #snapshot(height: number): Promise<void> {
    const stored = await this.#store.canonicalAt(height);
    const tip = stored === null ? null : this.#chain.recentTip(stored.hash);
    const block = stored === null ? null : decodeBlock(stored.bytes);
    if (tip === null || !block?.ok) return;
    await this.#store.saveSnapshot(takeSnapshot(block.value.header, tip.state));
  }
}
