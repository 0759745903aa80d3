/**
 * What gossip carries: transactions and block announcements. The chain judges each before it is forwarded; what an
 * announcement lacks is pulled from the sender first, from others after, while the message waits for its verdict.
 */
import { decode, tryDecode } from '../../runtime/codec/canonical.js';
import { errorMessage } from '../../runtime/errors.js';
import type { ActorContext } from '../../runtime/system/actor.js';
import { announcementCodec, headerHash, transactionCodec, transactionId } from '../chain/codec.js';
import { chain, type Verdict } from '../chain/messages.js';
import { gossipFrame, openGossipFrame } from './frames.js';
import type { NetworkPort, Validation } from './port.js';
import { MAX_IDS, WIRE, type Wire } from './wire.js';

interface Modules {
  readonly ctx: ActorContext;
  readonly port: NetworkPort;
  readonly wire: Wire;
  readonly chainId: string;
  /** The peer knows blocks we lack the ancestors of. */
  onUnknownParent(peerId: string): void;
}

/** The sender and so many others are asked for what an announcement lacks. */
const SOURCES = 3;
/** Transactions remembered as recent or already judged. */
const MAX_RECENT = MAX_IDS;
const MAX_JUDGED = 8192;

export function topicsOf(chainId: string): { readonly transactions: string; readonly blocks: string } {
  return { transactions: `doin/${chainId}/transactions`, blocks: `doin/${chainId}/blocks` };
}

export class GossipTopics {
  readonly #modules: Modules;
  readonly #topics: ReturnType<typeof topicsOf>;
  /** Ids the chain has judged, newest last, so that repair fetches nothing twice. */
  readonly #judged = new Set<string>();
  readonly #recent = new Set<string>();

  constructor(modules: Modules) {
    this.#modules = modules;
    this.#topics = topicsOf(modules.chainId);
    modules.port.subscribe(this.#topics.transactions, (framed, from) =>
      this.#judge(framed, from, async (bytes) => (await this.#receiveTransaction(bytes, from)).action),
    );
    modules.port.subscribe(this.#topics.blocks, (framed, from) =>
      this.#judge(framed, from, (bytes) => this.#receiveAnnouncement(bytes, from)),
    );
    modules.wire.serve(WIRE.recentTransactions, async () => [...this.#recent]);
  }

  transactionAccepted(id: string, bytes: Uint8Array, own: boolean): Promise<void> {
    remember(this.#judged, id, MAX_JUDGED);
    remember(this.#recent, id, MAX_RECENT);
    return own ? this.#publish(this.#topics.transactions, bytes) : Promise.resolve();
  }

  blockProduced(announcement: Uint8Array): Promise<void> {
    return this.#publish(this.#topics.blocks, announcement);
  }

  /** Pulls transactions that the peer accepted lately and gossip did not bring here, and passes them on. */
  async repairTransactions(peerId: string): Promise<void> {
    const { ctx, wire, port } = this.#modules;
    const ids = await wire.ask(peerId, WIRE.recentTransactions, {});
    const unknown = ids.filter((id) => !this.#judged.has(id));
    if (unknown.length === 0) return;
    for (const bytes of await wire.ask(peerId, WIRE.transactions, { ids: unknown })) {
      const { action } = await this.#receiveTransaction(bytes, peerId);
      if (action === 'accept') await this.#publish(this.#topics.transactions, bytes);
      if (action === 'reject') port.refuse(peerId, 'invalid');
    }
    // Whatever did not come, or was judged old, is not asked for again.
    for (const id of unknown) remember(this.#judged, id, MAX_JUDGED);
    ctx.log.debug('transactions repaired', { peerId, fetched: unknown.length });
  }

  async #publish(topic: string, bytes: Uint8Array): Promise<void> {
    const { ctx, port } = this.#modules;
    try {
      await port.publish(topic, gossipFrame(bytes));
    } catch (error) {
      // Too large for gossip, or no network: pull and anti-entropy still carry it.
      ctx.log.warn('not published', { topic, sizeBytes: bytes.length, error: errorMessage(error) });
    }
  }

  async #judge(
    framed: Uint8Array,
    from: string,
    receive: (body: Uint8Array) => Promise<Validation>,
  ): Promise<Validation> {
    const opened = openGossipFrame(framed);
    if (!opened.ok) {
      this.#modules.port.refuse(from, opened.code);
      return 'reject';
    }
    const action = await receive(opened.body);
    if (action === 'reject') this.#modules.port.refuse(from, 'invalid');
    return action;
  }

  async #receiveTransaction(bytes: Uint8Array, from: string): Promise<Verdict> {
    const verdict = await this.#modules.ctx.ask(chain.receiveTransaction, { bytes, from });
    if (verdict.action !== 'accept') return verdict;
    remember(this.#judged, transactionId(decode(transactionCodec, bytes)), MAX_JUDGED);
    return verdict;
  }

  async #receiveAnnouncement(bytes: Uint8Array, from: string): Promise<Validation> {
    const { ctx } = this.#modules;
    const first = await ctx.ask(chain.receiveAnnouncement, { bytes, from });
    if (first.missing === undefined || first.missing.length === 0) return first.action;
    if (first.code === 'unknown-parent') {
      this.#modules.onUnknownParent(from);
      return first.action;
    }
    await this.#pullTransactions(first.missing, from);
    const second = await ctx.ask(chain.receiveAnnouncement, { bytes, from });
    if (second.missing === undefined || second.missing.length === 0) return second.action;
    return this.#pullBlock(bytes, from);
  }

  /** From the sender, then others, until nothing is missing. Each transaction is judged by the chain as it comes. */
  async #pullTransactions(ids: readonly string[], from: string): Promise<void> {
    const { ctx, wire } = this.#modules;
    let missing = new Set(ids.slice(0, MAX_IDS));
    for (const peerId of this.#sources(from)) {
      try {
        for (const bytes of await wire.ask(peerId, WIRE.transactions, { ids: [...missing] })) {
          const decoded = tryDecode(transactionCodec, bytes);
          const id = decoded.ok ? transactionId(decoded.value) : '';
          const isAsked = missing.delete(id);
          const { action } = isAsked ? await this.#receiveTransaction(bytes, peerId) : { action: 'reject' as const };
          if (action === 'reject') this.#modules.port.refuse(peerId, 'invalid');
        }
      } catch (error) {
        ctx.log.debug('transactions not fetched', { peerId, error: errorMessage(error) });
      }
      if (missing.size === 0) return;
      missing = new Set(missing);
    }
  }

  /** Last resort for an announcement whose transactions nobody hands out one by one. */
  async #pullBlock(announcement: Uint8Array, from: string): Promise<Validation> {
    const { ctx, wire } = this.#modules;
    const { header } = decode(announcementCodec, announcement);
    for (const peerId of this.#sources(from)) {
      try {
        const block = await wire.ask(peerId, WIRE.block, { hash: headerHash(header) });
        if (block === null) continue;
        const verdict = await ctx.ask(chain.receiveBlock, { bytes: block, from: peerId });
        if (verdict.action === 'reject') this.#modules.port.refuse(peerId, 'invalid');
        if (verdict.action === 'accept') return 'accept';
      } catch (error) {
        ctx.log.debug('block not fetched', { peerId, error: errorMessage(error) });
      }
    }
    return 'ignore';
  }

  #sources(from: string): readonly string[] {
    const others = this.#modules.port.peers().map((peer) => peer.peerId);
    return [from, ...others.filter((peerId) => peerId !== from)].slice(0, SOURCES);
  }
}

function remember(set: Set<string>, id: string, maximum: number): void {
  set.delete(id);
  set.add(id);
  for (const oldest of set) {
    if (set.size <= maximum) return;
    set.delete(oldest);
  }
}
