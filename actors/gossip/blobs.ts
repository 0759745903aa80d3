/** Blobs by hash: served from the store, fetched from connected peers in turn until found or out of time. */
import { errorMessage } from '../../runtime/errors.js';
import { type BlobStore, blobHash } from '../../runtime/storage/blob-store.js';
import type { ActorContext } from '../../runtime/system/actor.js';
import { LIMITS } from '../chain/limits.js';
import type { BlobReference } from '../chain/types.js';
import { gossip } from './messages.js';
import type { NetworkPort } from './port.js';
import { WIRE, type Wire } from './wire.js';

interface Modules {
  readonly ctx: ActorContext;
  readonly port: NetworkPort;
  readonly wire: Wire;
  readonly store: BlobStore;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

export class BlobFetcher {
  readonly #modules: Modules;
  readonly #running = new Map<string, Promise<boolean>>();

  constructor(modules: Modules) {
    this.#modules = modules;
    modules.wire.serve(WIRE.blob, ({ hash }) => modules.store.get(hash));
  }

  /** True once the blob is in the store. Several callers share one search. */
  async fetch(blob: BlobReference, deadline: number): Promise<boolean> {
    if (await this.#modules.store.has(blob.hash)) return true;
    if (blob.sizeBytes > LIMITS.blobBytes) return false;
    const shared = this.#running.get(blob.hash);
    if (shared !== undefined) {
      if (await shared) return true;
      return this.#modules.ctx.now() < deadline ? this.fetch(blob, deadline) : false;
    }
    const search = this.#search(blob, deadline).finally(() => this.#running.delete(blob.hash));
    this.#running.set(blob.hash, search);
    return search;
  }

  async #search(blob: BlobReference, deadline: number): Promise<boolean> {
    const { ctx, port } = this.#modules;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      for (const { peerId } of port.peers()) {
        const remainingMs = deadline - ctx.now();
        if (remainingMs <= 0 || ctx.signal.aborted) return false;
        if (await this.#fetchFrom(peerId, blob, remainingMs)) return true;
      }
      if (ctx.now() + pauseMs >= deadline || ctx.signal.aborted) return false;
      await new Promise<void>((resolve) => ctx.after(pauseMs, resolve));
    }
  }

  async #fetchFrom(peerId: string, blob: BlobReference, timeoutMs: number): Promise<boolean> {
    const { ctx, port, wire, store } = this.#modules;
    try {
      const bytes = await wire.ask(peerId, WIRE.blob, { hash: blob.hash }, timeoutMs);
      if (bytes === null) return false;
      if (bytes.length !== blob.sizeBytes || blobHash(bytes) !== blob.hash) {
        port.refuse(peerId, 'wrong-blob');
        return false;
      }
      await store.put(bytes);
      ctx.emit(gossip.blobReceived, { hash: blob.hash, sizeBytes: bytes.length });
      return true;
    } catch (error) {
      ctx.log.debug('blob not fetched', { peerId, hash: blob.hash, error: errorMessage(error) });
      return false;
    }
  }
}
