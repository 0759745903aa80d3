/**
 * Block announcements: a signed header with the ids of its transactions. The signature does not cover the ids, so
 * whoever has a header can dress it in ids of his own. Therefore an announcement goes on only once the chain has the
 * whole block and the ids are the block's own. What it takes to find out is pulled, from the sender first, and at most
 * one pull runs for a header.
 */
import { encode, tryDecode } from '../../runtime/codec/canonical.js';
import { errorMessage } from '../../runtime/errors.js';
import { blobHash } from '../../runtime/storage/blob-store.js';
import type { ActorContext } from '../../runtime/system/actor.js';
import { inStoryOf } from '../../runtime/trace/story-id.js';
import { announcementCodec, decodeBlock, headerHash, transactionId } from '../chain/codec.js';
import { chain, type Verdict } from '../chain/messages.js';
import type { Block } from '../chain/types.js';
import type { NetworkPort, Validation } from './port.js';
import { remember } from './remember.js';
import { WIRE, type Wire } from './wire.js';

interface Modules {
  readonly ctx: ActorContext;
  readonly port: NetworkPort;
  readonly wire: Wire;
  /** The peer knows blocks we lack the ancestors of. */
  onUnknownParent(peerId: string): void;
  /** Asks the peer for these transactions and gives what comes to the chain. */
  fetchTransactions(peerId: string, ids: readonly string[]): Promise<unknown>;
}

/** The sender and so many others are asked for what an announcement lacks. */
const SOURCES = 3;
/** A header whose block nobody delivers is tried so often, each time for another sender; then catch-up has to do. */
const MAX_PULLS = 3;
const MAX_HEADERS = 256;

interface Announcement {
  readonly bytes: Uint8Array;
  readonly from: string;
  readonly hash: string;
  readonly ids: readonly string[];
}

/** A header some of whose announced transactions were not here. */
interface Incomplete {
  readonly senders: Set<string>;
  pulls: number;
  running: Promise<Validation> | null;
}

export class Announcements {
  readonly #modules: Modules;
  /** By header hash, newest last. */
  readonly #incomplete = new Map<string, Incomplete>();
  /** Right announcements, by digest, of blocks that a bogus one made us pull: when they come, they may still go on. */
  readonly #overtaken = new Set<string>();

  constructor(modules: Modules) {
    this.#modules = modules;
  }

  async receive(bytes: Uint8Array, from: string): Promise<Validation> {
    const { ctx } = this.#modules;
    const decoded = tryDecode(announcementCodec, bytes);
    // Garbage has no story; the chain counts it.
    if (!decoded.ok) return (await ctx.ask(chain.receiveAnnouncement, { bytes, from })).action;
    const { header, transactionIds } = decoded.value;
    const announcement = { bytes, from, hash: headerHash(header), ids: transactionIds };
    let missing = await this.#judge(announcement);
    if (typeof missing === 'string') return missing;
    const entry = this.#entry(announcement.hash);
    // Identical copies do not get here, and no honest peer sends two versions.
    if (entry.senders.has(from)) return 'ignore';
    entry.senders.add(from);
    while (entry.running !== null) {
      await entry.running;
      missing = await this.#judge(announcement);
      if (typeof missing === 'string') return missing;
    }
    if (entry.pulls === MAX_PULLS) return 'ignore';
    entry.pulls += 1;
    entry.running = this.#pull(announcement, missing).finally(() => {
      entry.running = null;
    });
    return entry.running;
  }

  #entry(hash: string): Incomplete {
    const entry = this.#incomplete.get(hash) ?? { senders: new Set(), pulls: 0, running: null };
    this.#incomplete.delete(hash);
    this.#incomplete.set(hash, entry);
    for (const oldest of this.#incomplete.keys()) {
      if (this.#incomplete.size <= MAX_HEADERS) break;
      this.#incomplete.delete(oldest);
    }
    return entry;
  }

  /** What to do with it, or the ids of the transactions without which the chain cannot tell. */
  async #judge({ bytes, from, hash }: Announcement): Promise<Validation | readonly string[]> {
    const { ctx } = this.#modules;
    const verdict = await ctx.ask(chain.receiveAnnouncement, { bytes, from }, inStoryOf(hash));
    const { action, code, missing = [] } = verdict;
    if (code === 'already-known' && this.#overtaken.delete(blobHash(bytes))) return 'accept';
    if (code === 'unknown-parent') this.#modules.onUnknownParent(from);
    return code === 'unknown-parent' || missing.length === 0 ? action : missing;
  }

  async #pull(announcement: Announcement, ids: readonly string[]): Promise<Validation> {
    const { ctx, fetchTransactions } = this.#modules;
    let missing = ids;
    for (const peerId of this.#sources(announcement.from)) {
      try {
        await fetchTransactions(peerId, missing);
        const judged = await this.#judge(announcement);
        if (typeof judged === 'string') return judged;
        missing = judged;
        const verdict = await this.#pullBlock(peerId, announcement);
        if (verdict !== null) return verdict;
      } catch (error) {
        ctx.log.debug('announced block not fetched', { peerId, error: errorMessage(error) });
      }
    }
    return 'ignore';
  }

  /** For transactions that are not handed out one by one, and for ids that no transaction has. Null: try the next peer. */
  async #pullBlock(peerId: string, { hash, ids, from }: Announcement): Promise<Validation | null> {
    const { ctx, wire, port } = this.#modules;
    const [bytes = null] = await wire.ask(peerId, WIRE.blocks, { hashes: [hash] });
    if (bytes === null) {
      if (peerId === from) port.refuse(peerId, 'not-delivered');
      return null;
    }
    const block = decodeBlock(bytes);
    const isAsked = block.ok && headerHash(block.value.header) === hash;
    const verdict: Pick<Verdict, 'action'> = isAsked
      ? await ctx.ask(chain.receiveBlock, { bytes, from: peerId }, inStoryOf(hash))
      : { action: 'reject' };
    if (verdict.action === 'reject') port.refuse(peerId, 'invalid');
    if (!block.ok || verdict.action !== 'accept') return verdict.action === 'ignore' ? 'ignore' : null;
    const right = announcementOf(block.value);
    if (right.transactionIds.join() === ids.join()) return 'accept';
    remember(this.#overtaken, blobHash(encode(announcementCodec, right)), MAX_HEADERS);
    return 'reject';
  }

  #sources(from: string): readonly string[] {
    const others = this.#modules.port.peers().map((peer) => peer.peerId);
    return [from, ...others.filter((peerId) => peerId !== from)].slice(0, SOURCES);
  }
}

function announcementOf({ header, transactions }: Block) {
  return { header, transactionIds: transactions.map(transactionId) };
}
