/**
 * Starts an empty chain at a snapshot instead of the genesis, where the owner wants it and a checkpoint or a ledger names
 * its block. All who offer that snapshot are asked for its chunks at once; each proves itself a part of the state of the
 * trusted block (actors/chain/snapshots.ts), so who lies is found at his first chunk. Blocks wait until then.
 */
import { errorMessage, isDoinError } from '../../runtime/errors.js';
import type { ActorContext } from '../../runtime/system/actor.js';
import { pause } from '../../runtime/system/pause.js';
import { chain } from '../chain/messages.js';
import type { NetworkPort } from './port.js';
import { WIRE, type Wire } from './wire.js';

interface Modules {
  readonly ctx: ActorContext;
  readonly port: NetworkPort;
  readonly wire: Wire;
  /** The chain has its start, or will have none: blocks may come from this peer. */
  onReady(peerId: string): void;
}

/** The snapshot that is being fetched, as some peers describe it. */
interface Fetch {
  /** The block and the number of chunks. */
  readonly key: string;
  readonly block: string;
  readonly holders: Set<string>;
  /** Indices that are not here yet. */
  readonly missing: Set<number>;
  readonly asked: Set<number>;
}

/** Requests in hand with one holder. */
const IN_HAND = 2;
/** Who finds nobody with a snapshot of a trusted block begins at the genesis after this time. */
export const PATIENCE_MS = 30_000;
const RATE_LIMIT_PAUSE_MS = 200;

export class SnapshotJoin {
  readonly #modules: Modules;
  /** Peers who are ahead and whose blocks wait. */
  readonly #waiting = new Set<string>();
  readonly #considered = new Set<string>();
  /** Peers who describe it differently come after it has no holder left: one of them is right. */
  #fetch: Fetch | null = null;
  /** Since when nothing came. */
  #since: number | null = null;
  #isOver: boolean;

  constructor(modules: Modules, isWanted: boolean) {
    this.#modules = modules;
    this.#isOver = !isWanted;
    const { ctx, wire } = modules;
    wire.serve(WIRE.snapshots, async () => {
      const { snapshots } = await ctx.ask(chain.getSnapshots, {});
      return snapshots.map(({ hash, header, chunkSizes }) => ({ block: hash, header, chunks: chunkSizes.length }));
    });
    wire.serve(WIRE.snapshotChunk, async (request) => (await ctx.ask(chain.getSnapshotChunk, request)).chunk);
  }

  /** A peer is ahead: `onReady` is told of him once blocks may be fetched. */
  async peerAhead(peerId: string): Promise<void> {
    const { ctx, onReady } = this.#modules;
    if (!this.#isOver) {
      const { points } = await ctx.ask(chain.getJoinPoints, {});
      const now = ctx.monotonic();
      this.#since ??= now;
      if (points.length === 0) this.#end();
      else if (now - this.#since > PATIENCE_MS) {
        ctx.log.warn('nobody has a snapshot of a trusted block: the chain is fetched from its beginning');
        this.#end();
      } else {
        this.#waiting.add(peerId);
        return this.#consider(peerId, new Set(points.map(({ hash }) => hash)));
      }
    }
    onReady(peerId);
  }

  disconnected(peerId: string): void {
    this.#waiting.delete(peerId);
    this.#fetch?.holders.delete(peerId);
  }

  async #consider(peerId: string, trusted: ReadonlySet<string>): Promise<void> {
    const { ctx, wire } = this.#modules;
    if (this.#considered.has(peerId)) return;
    this.#considered.add(peerId);
    try {
      const offers = await wire.ask(peerId, WIRE.snapshots, {});
      const offer = offers.find(({ block }) => trusted.has(block));
      const fetch = offer === undefined ? null : await this.#begin(peerId, offer);
      if (fetch !== null) await Promise.all(Array.from({ length: IN_HAND }, () => this.#carry(peerId, fetch)));
    } catch (error) {
      ctx.log.debug('no snapshot fetched', { peerId, error: errorMessage(error) });
    } finally {
      // Asked again when he is looked at the next time.
      this.#considered.delete(peerId);
      this.#fetch?.holders.delete(peerId);
    }
  }

  /** Null when another one is being fetched, or when it is not to be had from him. */
  async #begin(
    peerId: string,
    { block, header, chunks }: { readonly block: string; readonly header: Uint8Array; readonly chunks: number },
  ): Promise<Fetch | null> {
    const { ctx, port } = this.#modules;
    const key = `${block}:${chunks}`;
    if (this.#fetch === null || (this.#fetch.key !== key && this.#fetch.holders.size === 0)) {
      const missing = new Set(Array.from({ length: chunks }, (_, index) => index));
      this.#fetch = { key, block, holders: new Set(), missing, asked: new Set() };
    }
    const fetch = this.#fetch;
    if (fetch.key !== key) return null;
    fetch.holders.add(peerId);
    const { action, code } = await ctx.ask(chain.beginSnapshot, { header, chunks });
    if (action === 'reject') port.refuse(peerId, 'invalid');
    if (code !== 'ok') return null;
    ctx.log.info('a peer has the snapshot to start from', { peerId, block, chunks });
    return fetch;
  }

  /** One chunk after another from one holder, until there is none left or he has none for us. */
  async #carry(peerId: string, fetch: Fetch): Promise<void> {
    const { ctx, port, wire } = this.#modules;
    const { block, missing, asked, holders } = fetch;
    while (!this.#isOver && holders.has(peerId) && !ctx.signal.aborted) {
      const index = firstOf(missing, asked);
      if (index === undefined) return;
      asked.add(index);
      try {
        const bytes = await wire.ask(peerId, WIRE.snapshotChunk, { block, index });
        if (bytes === null) return;
        const { action, code } = await ctx.ask(chain.receiveSnapshotChunk, { block, index, bytes });
        if (code === 'bad-chunk') {
          port.refuse(peerId, 'invalid');
          return;
        }
        missing.delete(index);
        this.#since = ctx.monotonic();
        if (code === 'adopted') this.#adopted(block);
        else if (action === 'reject') this.#incomplete(fetch);
      } catch (error) {
        if (!isDoinError(error, 'rate-limited')) throw error;
        await pause(ctx, RATE_LIMIT_PAUSE_MS);
      } finally {
        asked.delete(index);
      }
    }
  }

  #adopted(block: string): void {
    this.#modules.ctx.log.info('the chain starts at a snapshot', { block });
    this.#end();
  }

  /** All chunks are parts of the state, and together they are not all of it: the number was a lie. */
  #incomplete({ holders }: Fetch): void {
    for (const peerId of holders) this.#modules.port.refuse(peerId, 'invalid');
    holders.clear();
    this.#fetch = null;
  }

  #end(): void {
    this.#isOver = true;
    this.#fetch = null;
    for (const peerId of this.#waiting) this.#modules.onReady(peerId);
    this.#waiting.clear();
  }
}

/** The first that nobody was asked for. */
function firstOf(missing: ReadonlySet<number>, asked: ReadonlySet<number>): number | undefined {
  for (const index of missing) if (!asked.has(index)) return index;
  return undefined;
}
