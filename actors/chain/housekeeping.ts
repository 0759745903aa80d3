/**
 * Keeps the store small and a restart short: now and then a snapshot of a final state, and, where the operator wants it,
 * the transactions of old blocks dropped. Works beside the chain and never holds it up.
 *
 * Snapshots are of anchor points, at heights that are the same for every node: so whoever joins can get one from many
 * nodes at once, and compare it with the anchors.
 */
import { Serial } from '../../runtime/serial.js';
import type { Blockchain } from './blockchain.js';
import { decodeBlock } from './codec.js';
import { takeSnapshot } from './state/snapshot.js';
import { GLOBALS } from './state/state.js';
import type { BlockStore } from './store.js';

/** Blocks between two snapshots, at least: a restart applies about as many again, which takes a second. */
export const SNAPSHOT_INTERVAL = 1_000;

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
    const due = this.#dueHeight();
    this.#newest ??= (await this.#store.snapshotManifests())[0]?.header.height ?? 0;
    if (due <= this.#newest) return;
    await this.#snapshot(due);
    this.#newest = due;
    if (this.#options.keepBlocks === null) return;
    // From the older snapshot on everything stays, so that `doin verify` can get from there to the newer one.
    const [, older] = await this.#store.snapshotManifests();
    const { height } = this.#chain.head.state.require(GLOBALS);
    const below = Math.min(height - this.#options.keepBlocks, (older?.header.height ?? 0) + 1);
    await this.#store.prune(below);
  }

  #dueHeight(): number {
    const { anchorInterval } = this.#chain.genesis.parameters;
    const interval = this.#options.snapshotInterval ?? SNAPSHOT_INTERVAL;
    const spacing = Math.ceil(interval / anchorInterval) * anchorInterval;
    const { height } = this.#chain.finalized;
    return height - (height % spacing);
  }

  async #snapshot(height: number): Promise<void> {
    const stored = await this.#store.canonicalAt(height);
    const tip = stored === null ? null : await this.#chain.tipOf(stored.hash);
    const block = stored === null ? null : decodeBlock(stored.bytes);
    if (tip === null || !block?.ok) return;
    await this.#store.saveSnapshot(takeSnapshot(block.value.header, tip.state));
  }
}
