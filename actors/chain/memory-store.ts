/**
 * The chain in memory: for simulations and for nodes that keep nothing. Behaves as the SQLite store does, which one
 * compliance test checks for both. Blocks are copied in and out: a caller's later writes change nothing here.
 */
import { decode } from '../../runtime/codec/canonical.js';
import { DoinError } from '../../runtime/errors.js';
import { blockCodec, headerBytesIn } from './codec.js';
import type { CoinMove, MovePosition, StoredMove } from './moves.js';
import type { Snapshot, SnapshotManifest } from './state/snapshot.js';
import {
  type BlockStore,
  type BlockToStore,
  type BranchBlock,
  type HeadChange,
  headerOnly,
  notEmpty,
  type StoredBlock,
} from './store.js';
import type { ChainRecord, Hash, NodeId } from './types.js';

interface Entry {
  readonly block: StoredBlock;
  /** As text, like the rows of the SQLite store: records come back as copies. */
  readonly records: string;
  readonly moves: readonly CoinMove[];
}

/** What survives the end of a process, as a file would: stores that are opened on it see what others wrote. */
export class MemoryBlocks {
  genesis: Hash | null = null;
  readonly entries = new Map<Hash, Entry>();
  /** Canonical hash by height; index 0 is the genesis, which no store holds. */
  readonly canonical: (Hash | undefined)[] = [];
  readonly snapshots: Snapshot[] = [];
  prunedBelow = 1;
  historyFrom = 1;
}

export class MemoryBlockStore implements BlockStore {
  readonly #blocks: MemoryBlocks;
  #closed = false;

  private constructor(blocks: MemoryBlocks) {
    this.#blocks = blocks;
  }

  /** Refuses blocks of another chain. */
  static open(genesis: Hash, blocks: MemoryBlocks = new MemoryBlocks()): MemoryBlockStore {
    blocks.genesis ??= genesis;
    if (blocks.genesis !== genesis) {
      throw new DoinError(
        { code: 'wrong-chain-store', file: 'memory', key: 'genesis', expected: genesis, found: blocks.genesis },
        `these blocks belong to another network (genesis ${blocks.genesis}, expected ${genesis})`,
      );
    }
    return new MemoryBlockStore(blocks);
  }

  async save(blocks: readonly BlockToStore[], change: HeadChange | null): Promise<void> {
    const { entries, canonical } = this.#open();
    const added = new Map(blocks.map(({ block }) => [block.hash, block.height]));
    const heightOf = (hash: Hash) => added.get(hash) ?? entries.get(hash)?.block.height;
    const { reverted = [], applied = [] } = change ?? {};
    for (const hash of applied) {
      const occupant = canonical[heightOf(hash) ?? -1];
      if (occupant !== undefined && occupant !== hash && !reverted.includes(occupant)) {
        throw new Error(`two canonical blocks at height ${heightOf(hash)}: ${occupant} and ${hash}`);
      }
    }
    for (const { block, records, moves } of blocks) {
      if (!entries.has(block.hash)) {
        entries.set(block.hash, { block: copyOf(block), records: JSON.stringify(records), moves: [...moves] });
      }
    }
    for (const hash of reverted) {
      const height = heightOf(hash);
      if (height !== undefined && canonical[height] === hash) canonical[height] = undefined;
    }
    for (const hash of applied) {
      const height = heightOf(hash);
      if (height !== undefined) canonical[height] = hash;
    }
  }

  async get(hash: Hash): Promise<StoredBlock | null> {
    const entry = this.#open().entries.get(hash);
    return entry === undefined ? null : copyOf(entry.block);
  }

  async getRecords(hash: Hash): Promise<readonly ChainRecord[]> {
    const entry = this.#open().entries.get(hash);
    return entry === undefined ? [] : (JSON.parse(entry.records) as ChainRecord[]);
  }

  async history(account: NodeId, before: MovePosition | null, limit: number): Promise<readonly StoredMove[]> {
    const { entries, canonical } = this.#open();
    const found: StoredMove[] = [];
    for (let height = Math.min(canonical.length - 1, before?.height ?? canonical.length); height >= 0; height -= 1) {
      const block = canonical[height] ?? '';
      const moves = (entries.get(block)?.moves ?? []).map((move, position) => ({ ...move, block, height, position }));
      const isBefore = ({ position }: StoredMove) => height !== before?.height || position < before.position;
      found.push(...moves.filter((move) => move.account === account && isBefore(move)).reverse());
      if (found.length >= limit) break;
    }
    return found.slice(0, limit);
  }

  async historyFrom(): Promise<number> {
    return this.#open().historyFrom;
  }

  async canonicalAt(height: number): Promise<StoredBlock | null> {
    const hash = this.#open().canonical[height];
    return hash === undefined ? null : this.get(hash);
  }

  async canonicalFrom(height: number, limit: number): Promise<readonly StoredBlock[]> {
    const { entries, canonical } = this.#open();
    const found: StoredBlock[] = [];
    for (let at = Math.max(0, height); at < canonical.length && found.length < limit; at += 1) {
      const entry = entries.get(canonical[at] ?? '');
      if (entry !== undefined) found.push(copyOf(entry.block));
    }
    return found;
  }

  async isCanonical(hash: Hash): Promise<boolean> {
    const { entries, canonical } = this.#open();
    const height = entries.get(hash)?.block.height;
    return height !== undefined && canonical[height] === hash;
  }

  async canonicalHeaders(height: number, limit: number): Promise<readonly Uint8Array[]> {
    return (await this.canonicalFrom(height, limit)).map(({ bytes }) => headerBytesIn(bytes));
  }

  async known(hashes: readonly Hash[]): Promise<ReadonlySet<Hash>> {
    const { entries } = this.#open();
    return new Set(hashes.filter((hash) => entries.has(hash)));
  }

  async branchesFrom(height: number, limit: number): Promise<readonly BranchBlock[]> {
    const { entries, canonical } = this.#open();
    return [...entries.values()]
      .map(({ block: { bytes: _, ...place } }) => ({ ...place, isCanonical: canonical[place.height] === place.hash }))
      .filter((place) => place.height >= height)
      .sort((a, b) => a.height - b.height || (a.hash < b.hash ? -1 : 1))
      .slice(0, limit);
  }

  async saveSnapshot(snapshot: Snapshot): Promise<void> {
    const { snapshots } = this.#open();
    const others = snapshots.filter(({ header }) => header.height !== snapshot.header.height);
    const kept = [snapshot, ...others].sort((a, b) => b.header.height - a.header.height).slice(0, 2);
    snapshots.splice(0, snapshots.length, ...kept);
  }

  async snapshotManifests(): Promise<readonly SnapshotManifest[]> {
    return this.#open().snapshots.map(({ header, chunks }) => ({
      header,
      chunkSizes: chunks.map(({ length }) => length),
    }));
  }

  async snapshotChunk(height: number, index: number): Promise<Uint8Array | null> {
    const snapshot = this.#open().snapshots.find(({ header }) => header.height === height);
    return snapshot?.chunks[index]?.slice() ?? null;
  }

  async adopt(snapshot: Snapshot): Promise<void> {
    const blocks = this.#open();
    if (blocks.entries.size > 0) throw notEmpty();
    const block = headerOnly(snapshot.header);
    blocks.entries.set(block.hash, { block, records: '[]', moves: [] });
    blocks.canonical[block.height] = block.hash;
    blocks.snapshots.push(snapshot);
    blocks.prunedBelow = block.height + 1;
    blocks.historyFrom = block.height + 1;
  }

  async prunedBelow(): Promise<number> {
    return this.#open().prunedBelow;
  }

  async prune(belowHeight: number): Promise<void> {
    const blocks = this.#open();
    const { entries, canonical } = blocks;
    for (const [hash, { block, ...derived }] of entries) {
      if (block.height >= belowHeight || block.height < blocks.prunedBelow) continue;
      if (canonical[block.height] !== hash) entries.delete(hash);
      else {
        const { bytes } = headerOnly(decode(blockCodec, block.bytes).header);
        entries.set(hash, { block: { ...block, bytes }, ...derived });
      }
    }
    blocks.prunedBelow = Math.max(blocks.prunedBelow, belowHeight);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #open(): MemoryBlocks {
    if (this.#closed) throw new Error('the block store is closed');
    return this.#blocks;
  }
}

function copyOf(block: StoredBlock): StoredBlock {
  return { ...block, bytes: block.bytes.slice() };
}
