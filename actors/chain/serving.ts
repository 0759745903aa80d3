/** What this node hands out of its chain: where it stands, headers after a place in it, and blocks with what they did. */
import { decodeBlock } from './codec.js';
import { LIMITS } from './limits.js';
import type { BlockApplied, BlockView } from './messages.js';
import type { BlockStore, BranchBlock, StoredBlock } from './store.js';
import type { Block, Hash } from './types.js';
import { appliedEvent } from './views.js';

/** Headers in one answer at most. */
const MAX_HEADERS_PER_ANSWER = 1_024;
const MAX_BLOCKS_PER_ANSWER = 500;
/** More branches than this at the top of the tree and the picture of it is cut. */
const MAX_BRANCH_BLOCKS = 1000;
/** A list of blocks ends with the one that brings it to this size. */
const ENOUGH_BYTES = LIMITS.blockBytes;

export class Serving {
  readonly #store: BlockStore;
  readonly #genesisHash: Hash;

  constructor(store: BlockStore, genesisHash: Hash) {
    this.#store = store;
    this.#genesisHash = genesisHash;
  }

  /** From the head down: the ten newest, then with doubling gaps, and the genesis. */
  async locator(headHeight: number): Promise<Hash[]> {
    const hashes: Hash[] = [];
    let height = headHeight;
    for (let step = 1; height > 0; step = hashes.length < 10 ? 1 : step * 2) {
      const block = await this.#store.canonicalAt(height);
      if (block !== null) hashes.push(block.hash);
      height -= step;
    }
    return [...hashes, this.#genesisHash];
  }

  async headersAfter(locator: readonly Hash[], limit: number): Promise<readonly Uint8Array[]> {
    const count = Math.min(limit, MAX_HEADERS_PER_ANSWER);
    for (const hash of locator) {
      const known = (await this.#store.isCanonical(hash)) ? await this.#store.get(hash) : null;
      if (known !== null) return this.#store.canonicalHeaders(known.height + 1, count);
    }
    return locator.includes(this.#genesisHash) ? this.#store.canonicalHeaders(1, count) : [];
  }

  /** Blocks in the order of the hashes, null for those that are not here with their transactions. Ends when it is enough. */
  async blocks(hashes: readonly Hash[]): Promise<(Uint8Array | null)[]> {
    const bodiesFrom = await this.#store.prunedBelow();
    const found: (Uint8Array | null)[] = [];
    let sizeBytes = 0;
    for (const hash of hashes) {
      const stored = await this.#store.get(hash);
      const block = stored === null || stored.height < bodiesFrom ? null : stored.bytes;
      found.push(block);
      sizeBytes += block?.length ?? 0;
      if (sizeBytes >= ENOUGH_BYTES) break;
    }
    return found;
  }

  /** Blocks of the main branch as they were announced when they were applied. */
  async appliedFrom(height: number, limit: number): Promise<BlockApplied[]> {
    const blocks: BlockApplied[] = [];
    for (const stored of await this.#store.canonicalFrom(Math.max(1, height), Math.min(limit, MAX_BLOCKS_PER_ANSWER))) {
      const records = await this.#store.getRecords(stored.hash);
      blocks.push(
        appliedEvent({ block: blockOf(stored), hash: stored.hash, isProofBlock: stored.isProofBlock, records }),
      );
    }
    return blocks;
  }

  /** The blocks of all branches from this height on, cut when there are too many. */
  branches(fromHeight: number): Promise<readonly BranchBlock[]> {
    return this.#store.branchesFrom(fromHeight, MAX_BRANCH_BLOCKS);
  }

  async blockView(query: { readonly hash: Hash } | { readonly height: number }): Promise<BlockView | null> {
    const stored = 'hash' in query ? await this.#store.get(query.hash) : await this.#store.canonicalAt(query.height);
    if (stored === null) return null;
    const records = await this.#store.getRecords(stored.hash);
    return { hash: stored.hash, block: blockOf(stored), records, isProofBlock: stored.isProofBlock };
  }
}

function blockOf({ hash, bytes }: StoredBlock): Block {
  const decoded = decodeBlock(bytes);
  if (!decoded.ok) throw new Error(`stored block ${hash} does not decode: ${decoded.detail}`);
  return decoded.value;
}
