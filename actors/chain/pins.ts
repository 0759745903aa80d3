/**
 * Blocks that ledgers outside say the network had (runtime/anchors). A chain that has another block at such a height is
 * a rewritten one: it is not opened, not imported, and the head never leaves one that has them.
 */
import { DoinError } from '../../runtime/errors.js';
import type { Hash } from './types.js';

export interface PinnedBlock {
  readonly height: number;
  readonly hash: Hash;
  /** Who says so, for messages. */
  readonly ledger: string;
}

/** Peers can make blocks for a height as they like; so many different ones are told of. */
const MAX_REPORTS = 100;

export class Pins {
  readonly #byHeight = new Map<number, PinnedBlock>();
  readonly #reported = new Set<Hash>();
  readonly #report: (message: string) => void;

  /** `report` is told of each block that contradicts, once. */
  constructor(blocks: readonly PinnedBlock[] = [], report: (message: string) => void = () => undefined) {
    for (const block of blocks) this.add(block);
    this.#report = report;
  }

  get blocks(): Iterable<PinnedBlock> {
    return this.#byHeight.values();
  }

  add(block: PinnedBlock): void {
    this.#byHeight.set(block.height, block);
  }

  /** Whether one of them is this very block. */
  vouchFor({ height, hash }: Pick<PinnedBlock, 'height' | 'hash'>): boolean {
    return this.#byHeight.get(height)?.hash === hash;
  }

  contradicts(height: number, hash: Hash): boolean {
    const pinned = this.#byHeight.get(height);
    if (pinned === undefined || pinned.hash === hash) return false;
    if (!this.#reported.has(hash) && this.#reported.size < MAX_REPORTS) {
      this.#reported.add(hash);
      this.#report(
        `refused block ${height}: it is ${hash}, but ${pinned.ledger} says ${pinned.hash}; the peers who follow it are on a rewritten branch, or the ledger is not this network's and has to leave the config (anchors)`,
      );
    }
    return true;
  }

  /** Whether the chain would lose one of them. */
  areAmong(hashes: readonly Hash[]): boolean {
    const leaving = new Set(hashes);
    return [...this.#byHeight.values()].some(({ hash }) => leaving.has(hash));
  }
}

export function contradicted(
  pinned: PinnedBlock,
  ours: Hash,
): DoinError<{ code: 'anchor-contradicted'; height: number; ours: Hash; anchored: Hash }> {
  const { height, hash: anchored, ledger } = pinned;
  return new DoinError(
    { code: 'anchor-contradicted', height, ours, anchored },
    `anchors: block ${height} of this chain is ${ours}, but ${ledger} says ${anchored}; if this node followed a rewritten branch, move chain.db away to sync again, and if the ledger is not this network's, take it out of the config`,
  );
}
