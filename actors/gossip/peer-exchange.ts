/**
 * Peer exchange: two connected peers tell each other where others can be reached. Only those in good standing are asked,
 * answered and passed on. Nothing needs a signature: an address carries a peer id, and the handshake of a dial proves it.
 */
import { errorMessage } from '../../runtime/errors.js';
import type { ActorContext } from '../../runtime/system/actor.js';
import { sharedWith } from './addresses.js';
import { type KnownPeer, MAX_ADDRESSES_PER_PEER, type PeerBook } from './peer-book.js';
import type { NetworkPort, PeerInfo } from './port.js';
import { shuffled } from './shuffled.js';
import { MAX_TOLD_PEERS, WIRE, type Wire } from './wire.js';

interface Modules {
  readonly ctx: ActorContext;
  readonly port: NetworkPort;
  readonly wire: Wire;
  readonly book: PeerBook;
  /** The book has grown. */
  onNews(): void;
}

/** After news somebody else is asked soon, so that a new network knows itself within seconds; without, less often. */
const FIRST_INTERVAL_MS = 1_000;
/** An answer is at most some kilobytes, and this is how late a newcomer elsewhere is heard of. */
const LONGEST_INTERVAL_MS = 5_000;
/** A peer reached within this time is passed on although he is not connected now. */
const RECENT_MS = 24 * 3_600_000;

export class PeerExchange {
  readonly #modules: Modules;
  #intervalMs = FIRST_INTERVAL_MS;
  #nextAt = 0;

  constructor(modules: Modules) {
    this.#modules = modules;
    modules.wire.serve(WIRE.peers, async ({ addresses }, from) => {
      const asking = this.#inGoodStanding().find(({ peerId }) => peerId === from);
      if (asking === undefined) return [];
      this.#learn(asking, [{ peerId: from, addresses }]);
      return this.#tell(asking);
    });
  }

  /** Asks a random peer when it is time. Called on a timer. */
  tick(): void {
    const { ctx } = this.#modules;
    if (ctx.monotonic() < this.#nextAt) return;
    const [peer] = shuffled(this.#inGoodStanding(), ctx);
    if (peer === undefined) return;
    this.#nextAt = ctx.monotonic() + this.#intervalMs;
    this.#intervalMs = Math.min(2 * this.#intervalMs, LONGEST_INTERVAL_MS);
    void this.exchange(peer.peerId);
  }

  async exchange(peerId: string): Promise<void> {
    const { ctx, port, wire } = this.#modules;
    const peer = this.#inGoodStanding().find((candidate) => candidate.peerId === peerId);
    if (peer === undefined) return;
    try {
      const addresses = sharedWith(peer.address, port.addresses()).slice(0, MAX_ADDRESSES_PER_PEER);
      this.#learn(peer, await wire.ask(peerId, WIRE.peers, { addresses }));
    } catch (error) {
      ctx.log.debug('peers not exchanged', { peerId, error: errorMessage(error) });
    }
  }

  #inGoodStanding(): readonly PeerInfo[] {
    return this.#modules.port.peers().filter(({ score }) => score >= 0);
  }

  #learn(informant: PeerInfo, told: readonly Pick<KnownPeer, 'peerId' | 'addresses'>[]): void {
    const { ctx, book, onNews } = this.#modules;
    let news = false;
    for (const { peerId, addresses } of told) {
      if (book.add(peerId, sharedWith(informant.address, addresses), informant.peerId)) news = true;
    }
    if (!news) return;
    this.#intervalMs = FIRST_INTERVAL_MS;
    this.#nextAt = Math.min(this.#nextAt, ctx.monotonic() + FIRST_INTERVAL_MS);
    onNews();
  }

  #tell(asking: PeerInfo): readonly Pick<KnownPeer, 'peerId' | 'addresses'>[] {
    const { ctx, book } = this.#modules;
    const connected = new Set(this.#inGoodStanding().map(({ peerId }) => peerId));
    const isWorthTelling = ({ peerId, provenAtMs }: KnownPeer) =>
      peerId !== asking.peerId &&
      (connected.has(peerId) || (provenAtMs !== null && ctx.now() - provenAtMs < RECENT_MS));
    const told = book.all().filter(isWorthTelling);
    return shuffled(told, ctx)
      .map(({ peerId, addresses }) => ({ peerId, addresses: sharedWith(asking.address, addresses) }))
      .filter(({ addresses }) => addresses.length > 0)
      .slice(0, MAX_TOLD_PEERS);
  }
}
