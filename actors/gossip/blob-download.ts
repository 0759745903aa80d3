/**
 * One blob from several holders at once. Each tells the hashes of its chunks, which its name proves right or wrong; then
 * each is asked for chunks nobody else was asked for, several at a time, and every chunk is compared with its hash: a
 * holder who lies is found at his first wrong one. What came stays on disk, and the next download goes on from there.
 */
import { errorMessage, isDoinError } from '../../runtime/errors.js';
import { blobHashOf, chunkCount, chunkHash, chunkRange } from '../../runtime/storage/blob-chunks.js';
import type { BlobPart, BlobStore } from '../../runtime/storage/blob-store.js';
import type { ActorContext } from '../../runtime/system/actor.js';
import { pause } from '../../runtime/system/pause.js';
import type { BlobReference } from '../chain/types.js';
import type { NetworkPort } from './port.js';
import { WIRE, type Wire } from './wire.js';

interface Modules {
  readonly ctx: ActorContext;
  readonly port: NetworkPort;
  readonly wire: Wire;
  readonly store: BlobStore;
}

/** Requests in hand with one holder: the line between is never empty. */
const IN_HAND = 4;
/** When nothing else is left to do, a chunk that somebody has had in hand for so long is asked of another, too. */
const LATE_MS = 1_000;
const RATE_LIMIT_PAUSE_MS = 100;

export class BlobDownload {
  readonly #modules: Modules;
  readonly #blob: BlobReference;
  readonly #deadline: number;
  /** Since when a chunk is in somebody's hand. */
  readonly #asked = new Map<number, number>();
  readonly #complete = Promise.withResolvers<void>();
  #part: Promise<BlobPart> | null = null;
  #isOver = false;

  constructor(modules: Modules, blob: BlobReference, deadline: number) {
    this.#modules = modules;
    this.#blob = blob;
    this.#deadline = deadline;
  }

  /** True when the blob is in the store. */
  async run(peerIds: readonly string[]): Promise<boolean> {
    const all = Promise.all(peerIds.map((peerId) => this.#supply(peerId)));
    const cancel = this.#modules.ctx.after(Math.max(0, this.#remainingMs()), () => this.#complete.resolve());
    await Promise.race([all, this.#complete.promise]);
    cancel();
    this.#isOver = true;
    const part = await this.#part;
    if (part === null) return false;
    if (part.missing.size === 0) await part.finish();
    else await part.close();
    return part.missing.size === 0;
  }

  #remainingMs(): number {
    return this.#deadline - this.#modules.ctx.now();
  }

  async #supply(peerId: string): Promise<void> {
    const { ctx, port, wire, store } = this.#modules;
    const { hash, sizeBytes } = this.#blob;
    try {
      if (this.#remainingMs() <= 0) return;
      const hashes = await wire.ask(peerId, WIRE.blobHashes, { hash }, this.#remainingMs());
      if (hashes === null || this.#isOver) return;
      if (blobHashOf(hashes) !== hash) {
        port.refuse(peerId, 'wrong-blob');
        return;
      }
      // The size on the chain is not that of these bytes: nobody's fault here.
      if (hashes.length !== chunkCount(sizeBytes)) return;
      this.#part ??= store.openPart(this.#blob, hashes);
      const part = await this.#part;
      if (part.missing.size === 0) this.#complete.resolve();
      await Promise.all(Array.from({ length: IN_HAND }, () => this.#carry(peerId, part, hashes)));
    } catch (error) {
      ctx.log.debug('blob not fetched', { peerId, hash, error: errorMessage(error) });
    }
  }

  /** One chunk after another, until there is none left, or he has none for us. */
  async #carry(peerId: string, part: BlobPart, hashes: readonly string[]): Promise<void> {
    const { ctx, port, wire } = this.#modules;
    const { hash, sizeBytes } = this.#blob;
    while (!this.#isOver && this.#remainingMs() > 0 && !ctx.signal.aborted) {
      const index = this.#next(part);
      if (index === null) {
        if (part.missing.size === 0) return;
        await pause(ctx, RATE_LIMIT_PAUSE_MS);
        continue;
      }
      this.#asked.set(index, ctx.monotonic());
      try {
        const chunk = await wire.ask(peerId, WIRE.blobChunk, { hash, index }, this.#remainingMs());
        if (chunk === null || this.#isOver || !part.missing.has(index)) {
          if (chunk === null) return;
          continue;
        }
        if (chunkHash(chunk) !== hashes[index]) {
          port.refuse(peerId, 'wrong-blob');
          return;
        }
        if (chunk.length !== chunkRange(sizeBytes, index).sizeBytes) return;
        await part.write(index, chunk);
        if (part.missing.size === 0) this.#complete.resolve();
      } catch (error) {
        if (!isDoinError(error, 'rate-limited')) throw error;
        await pause(ctx, RATE_LIMIT_PAUSE_MS);
      } finally {
        this.#asked.delete(index);
      }
    }
  }

  #next({ missing }: BlobPart): number | null {
    const lateBefore = this.#modules.ctx.monotonic() - LATE_MS;
    let late: number | null = null;
    for (const index of missing) {
      const askedAt = this.#asked.get(index);
      if (askedAt === undefined) return index;
      if (askedAt < lateBefore) late ??= index;
    }
    return late;
  }
}
