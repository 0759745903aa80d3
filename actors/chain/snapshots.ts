/**
 * Snapshots between nodes: what this one gives out, and its own start from what others give it. A node starts only at a
 * block that a pin names, takes each chunk only when it proves itself a part of that block's state, and moves its head
 * when all are there. So it does not matter who sends them, in which order, or how many of them lie.
 */
import { encode, tryDecode } from '../../runtime/codec/canonical.js';
import { isDoinError } from '../../runtime/errors.js';
import type { AppliedBlock, Blockchain } from './blockchain.js';
import { headerCodec, headerHash, headerSigningBytes } from './codec.js';
import type { SnapshotOffer, Verdict } from './messages.js';
import type { PinnedBlock } from './pins.js';
import { readChunk } from './state/snapshot.js';
import type { BlockStore } from './store.js';
import type { BlockHeader, Hash } from './types.js';
import type { SignatureCheck } from './verifier.js';

/** Half a terabyte of state; a smaller number would only limit what this program is good for. */
const MAX_CHUNKS = 1_048_576;

interface Download {
  readonly header: BlockHeader;
  readonly chunks: number;
  readonly received: Map<number, Uint8Array>;
  /** First keys of what was received: no part is taken twice. */
  readonly parts: Set<string>;
}

export class SnapshotExchange {
  readonly #chain: Blockchain;
  readonly #store: BlockStore;
  readonly #verify: SignatureCheck;
  readonly #adopted: (block: AppliedBlock) => void;
  /** Of the snapshots as they were last looked at, by block: they are asked for chunk by chunk. */
  #heights: ReadonlyMap<Hash, number> = new Map();
  #download: { readonly hash: Hash; readonly state: Download } | null = null;

  /** `adopted` is told of the block that the chain started at. */
  constructor(
    modules: { readonly chain: Blockchain; readonly store: BlockStore; readonly verify: SignatureCheck },
    adopted: (block: AppliedBlock) => void,
  ) {
    this.#chain = modules.chain;
    this.#store = modules.store;
    this.#verify = modules.verify;
    this.#adopted = adopted;
  }

  async offers(): Promise<readonly SnapshotOffer[]> {
    const offers = (await this.#store.snapshotManifests()).map(({ header, chunkSizes }) => ({
      height: header.height,
      hash: headerHash(header),
      header: encode(headerCodec, header),
      chunkSizes,
    }));
    this.#heights = new Map(offers.map(({ hash, height }) => [hash, height]));
    return offers;
  }

  async chunk(block: Hash, index: number): Promise<Uint8Array | null> {
    if (!this.#heights.has(block)) await this.offers();
    const height = this.#heights.get(block);
    return height === undefined ? null : this.#store.snapshotChunk(height, index);
  }

  /** Where this chain may start, newest first; nowhere once it has a block. */
  joinPoints(): readonly PinnedBlock[] {
    return this.#isEmpty() ? this.#chain.pinned : [];
  }

  /** Begins anew when it names another block or another number of chunks than before. */
  begin(bytes: Uint8Array, chunks: number): Verdict {
    const decoded = tryDecode(headerCodec, bytes);
    if (!decoded.ok || !Number.isSafeInteger(chunks) || chunks < 1 || chunks > MAX_CHUNKS) return reject('malformed');
    const header = decoded.value;
    const hash = headerHash(header);
    if (!this.#isEmpty()) return ignore('chain-not-empty');
    if (!this.#chain.pinned.some((pin) => pin.height === header.height && pin.hash === hash)) {
      return reject('untrusted-snapshot');
    }
    if (!this.#verify(header.proposer, headerSigningBytes(header), header.signature)) return reject('bad-signature');
    if (this.#download?.hash !== hash || this.#download.state.chunks !== chunks) {
      this.#download = { hash, state: { header, chunks, received: new Map(), parts: new Set() } };
    }
    return { action: 'accept', code: 'ok' };
  }

  /** With the last chunk the chain starts at the snapshot: then the code is `adopted`. */
  async receive(block: Hash, index: number, bytes: Uint8Array): Promise<Verdict> {
    const download = this.#download?.hash === block ? this.#download.state : null;
    if (download === null) return ignore('not-asked-for');
    const { header, chunks, received, parts } = download;
    if (!Number.isSafeInteger(index) || index < 0 || index >= chunks) return reject('malformed');
    if (received.has(index)) return ignore('already-known');
    const part = readChunk(bytes, header.stateRoot)?.leaves[0]?.key;
    if (part === undefined || parts.has(part)) return reject('bad-chunk');
    parts.add(part);
    received.set(index, bytes);
    return received.size < chunks ? { action: 'accept', code: 'ok' } : this.#complete(download);
  }

  async #complete({ header, received }: Download): Promise<Verdict> {
    this.#download = null;
    try {
      this.#adopted(await this.#chain.adopt({ header, chunks: [...received.values()] }));
      return { action: 'accept', code: 'adopted' };
    } catch (error) {
      // Whoever said how many chunks there are left some out.
      if (isDoinError(error, 'snapshot-invalid')) return reject('incomplete-snapshot');
      if (isDoinError(error, 'store-not-empty')) return ignore('chain-not-empty');
      throw error;
    }
  }

  #isEmpty(): boolean {
    return this.#chain.head.hash === this.#chain.genesisHash;
  }
}

function reject(code: string): Verdict {
  return { action: 'reject', code };
}

function ignore(code: string): Verdict {
  return { action: 'ignore', code };
}
