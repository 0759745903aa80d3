/**
 * What gossip carries: transactions and block announcements (announcements.ts). The chain judges each before it is
 * forwarded, and what peers bring and we forward has a rate. Every node needs both, whatever it works on: the state root
 * of a block covers the transactions of all domains. A domain has a topic besides, to which those subscribe who carry its
 * blobs. Nothing is published there: blobs are pulled, and the subscription says from whom.
 */
import { tryDecode } from '../../runtime/codec/canonical.js';
import { errorMessage } from '../../runtime/errors.js';
import type { ActorContext } from '../../runtime/system/actor.js';
import { transactionCodec, transactionId } from '../chain/codec.js';
import { chain, type Verdict } from '../chain/messages.js';
import { storyOfTransaction } from '../chain/story.js';
import { Announcements } from './announcements.js';
import { gossipFrame, openGossipFrame } from './frames.js';
import { Gcra } from './gcra.js';
import type { NetworkPort, Validate, Validation } from './port.js';
import { remember } from './remember.js';
import { GOSSIP_LIMITS, MAX_IDS, WIRE, type Wire } from './wire.js';

interface Modules {
  readonly ctx: ActorContext;
  readonly port: NetworkPort;
  readonly wire: Wire;
  readonly chainId: string;
  /** Domains whose blobs this node carries. */
  readonly domains: readonly string[];
  /** The peer knows blocks we lack the ancestors of. */
  onUnknownParent(peerId: string): void;
}

/** Transactions remembered as recent or already judged. */
const MAX_RECENT = MAX_IDS;
const MAX_JUDGED = 8192;

export function topicsOf(chainId: string): { readonly transactions: string; readonly blocks: string } {
  return { transactions: `doin/${chainId}/transactions`, blocks: `doin/${chainId}/blocks` };
}

export function domainTopic(chainId: string, domain: string): string {
  return `doin/${chainId}/domain/${domain}`;
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
    const fetchTransactions = (peerId: string, ids: readonly string[]) => this.#fetchTransactions(peerId, ids);
    const announcements = new Announcements({ ...modules, fetchTransactions });
    this.#subscribe('transactions', async (bytes, from) => (await this.#receiveTransaction(bytes, from)).action);
    this.#subscribe('blocks', (bytes, from) => announcements.receive(bytes, from));
    for (const domain of modules.domains) this.#carry(domain);
    modules.wire.serve(WIRE.recentTransactions, async () => [...this.#recent]);
  }

  transactionAccepted(id: string, bytes: Uint8Array, publish: boolean): Promise<void> {
    remember(this.#judged, id, MAX_JUDGED);
    remember(this.#recent, id, MAX_RECENT);
    return publish ? this.#publish(this.#topics.transactions, bytes) : Promise.resolve();
  }

  blockProduced(announcement: Uint8Array): Promise<void> {
    return this.#publish(this.#topics.blocks, announcement);
  }

  /** Pulls transactions that the peer accepted lately and gossip did not bring here, and passes them on. */
  async repairTransactions(peerId: string): Promise<void> {
    const { ctx, wire } = this.#modules;
    const ids = await wire.ask(peerId, WIRE.recentTransactions, {});
    const unknown = ids.filter((id) => !this.#judged.has(id));
    if (unknown.length === 0) return;
    const accepted = await this.#fetchTransactions(peerId, unknown);
    for (const bytes of accepted) await this.#publish(this.#topics.transactions, bytes);
    ctx.log.debug('transactions repaired', { peerId, listed: unknown.length, accepted: accepted.length });
  }

  /**
   * Transactions by id from one peer, each judged by the chain as it comes; returns the accepted ones. What came is
   * not fetched again, whatever the verdict. What did not come is: another peer may have it.
   */
  async #fetchTransactions(peerId: string, ids: readonly string[]): Promise<readonly Uint8Array[]> {
    const { wire, port } = this.#modules;
    const missing = new Set(ids.slice(0, MAX_IDS));
    const accepted: Uint8Array[] = [];
    for (const bytes of await wire.ask(peerId, WIRE.transactions, { ids: [...missing] })) {
      const decoded = tryDecode(transactionCodec, bytes);
      const id = decoded.ok ? transactionId(decoded.value) : '';
      const isAsked = missing.delete(id);
      const { action } = isAsked ? await this.#receiveTransaction(bytes, peerId) : { action: 'reject' as const };
      if (isAsked) remember(this.#judged, id, MAX_JUDGED);
      if (action === 'accept') accepted.push(bytes);
      if (action === 'reject') port.refuse(peerId, 'invalid');
    }
    return accepted;
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

  #subscribe(topic: keyof typeof GOSSIP_LIMITS, receive: Validate): void {
    const { ctx, port } = this.#modules;
    const fromPeer = new Gcra(GOSSIP_LIMITS[topic].fromPeer);
    const forwarded = new Gcra(GOSSIP_LIMITS[topic].forwarded);
    port.subscribe(this.#topics[topic], async (framed, from) => {
      if (!fromPeer.allow(from, ctx.monotonic())) {
        port.refuse(from, 'gossip-flood');
        return 'ignore';
      }
      const action = await this.#judge(framed, from, receive);
      return action === 'accept' && !forwarded.allow('', ctx.monotonic()) ? 'ignore' : action;
    });
  }

  #carry(domain: string): void {
    const { port, chainId } = this.#modules;
    port.subscribe(domainTopic(chainId, domain), async (_bytes, from) => {
      port.refuse(from, 'invalid');
      return 'reject';
    });
  }

  async #judge(framed: Uint8Array, from: string, receive: Validate): Promise<Validation> {
    const opened = openGossipFrame(framed);
    if (!opened.ok) {
      this.#modules.port.refuse(from, opened.code);
      return 'reject';
    }
    const action = await receive(opened.body, from);
    if (action === 'reject') this.#modules.port.refuse(from, 'invalid');
    return action;
  }

  async #receiveTransaction(bytes: Uint8Array, from: string): Promise<Verdict> {
    const decoded = tryDecode(transactionCodec, bytes);
    const story = decoded.ok ? storyOfTransaction(decoded.value.body) : {};
    const verdict = await this.#modules.ctx.ask(chain.receiveTransaction, { bytes, from }, story);
    if (verdict.action === 'accept' && decoded.ok) remember(this.#judged, transactionId(decoded.value), MAX_JUDGED);
    return verdict;
  }
}
