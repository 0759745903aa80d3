/**
 * Blobs by name: served from the store in chunks, fetched from connected peers until found or out of time. Asked are
 * those who carry the blob's domain; others, who would not have it, only while nobody has said that he carries it.
 */
import type { BlobStore } from '../../runtime/storage/blob-store.js';
import type { ActorContext } from '../../runtime/system/actor.js';
import { pause } from '../../runtime/system/pause.js';
import { LIMITS } from '../chain/limits.js';
import type { BlobReference } from '../chain/types.js';
import { BlobDownload } from './blob-download.js';
import { gossip } from './messages.js';
import type { NetworkPort } from './port.js';
import { domainTopic } from './topics.js';
import { WIRE, type Wire } from './wire.js';

interface Modules {
  readonly ctx: ActorContext;
  readonly port: NetworkPort;
  readonly wire: Wire;
  readonly chainId: string;
  readonly store: BlobStore;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** Peers asked in one round; the next round begins with those after them. */
const ASKED_AT_A_TIME = 16;

export class BlobFetcher {
  readonly #modules: Modules;
  readonly #running = new Map<string, Promise<boolean>>();

  constructor(modules: Modules) {
    this.#modules = modules;
    const { wire, store } = modules;
    wire.serve(WIRE.blobHashes, ({ hash }) => store.chunkHashes(hash));
    wire.serve(WIRE.blobChunk, ({ hash, index }) => store.chunk(hash, index));
  }

  /** True once the blob is in the store. Several callers share one search. */
  async fetch(blob: BlobReference, domain: string, deadline: number): Promise<boolean> {
    if (await this.#modules.store.has(blob.hash)) return true;
    if (blob.sizeBytes > LIMITS.blobBytes) return false;
    const shared = this.#running.get(blob.hash);
    if (shared !== undefined) {
      if (await shared) return true;
      return this.#modules.ctx.now() < deadline ? this.fetch(blob, domain, deadline) : false;
    }
    const search = this.#search(blob, domain, deadline).finally(() => this.#running.delete(blob.hash));
    this.#running.set(blob.hash, search);
    return search;
  }

  async #search(blob: BlobReference, domain: string, deadline: number): Promise<boolean> {
    const { ctx, store } = this.#modules;
    let pauseMs = FIRST_PAUSE_MS;
    for (let first = 0; ; first += ASKED_AT_A_TIME) {
      const peers = this.#holders(domain);
      const from = first < peers.length ? first : 0;
      const download = new BlobDownload(this.#modules, blob, deadline);
      const isFound = await download.run(peers.slice(from, from + ASKED_AT_A_TIME));
      if (isFound) {
        ctx.emit(gossip.blobReceived, { hash: blob.hash, sizeBytes: blob.sizeBytes });
        return true;
      }
      if (from + ASKED_AT_A_TIME < peers.length) continue;
      if (ctx.now() + pauseMs >= deadline || ctx.signal.aborted) return false;
      await pause(ctx, pauseMs);
      // The node itself may have made it meanwhile.
      if (await store.has(blob.hash)) return true;
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      first = -ASKED_AT_A_TIME;
    }
  }

  #holders(domain: string): readonly string[] {
    const { port, chainId } = this.#modules;
    const carriers = port.subscribers(domainTopic(chainId, domain));
    return carriers.length > 0 ? carriers : port.peers().map(({ peerId }) => peerId);
  }
}
