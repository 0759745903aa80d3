/** Finding peers and keeping them: the book of known ones, who is called, what peers tell each other, and the file. */
import { errorMessage } from '../../runtime/errors.js';
import type { StateFile } from '../../runtime/storage/state-file.js';
import type { ActorContext } from '../../runtime/system/actor.js';
import { peerOfAddress } from './addresses.js';
import { ANCHOR_PEERS, Dialer } from './dialer.js';
import { PeerBook } from './peer-book.js';
import { PeerExchange } from './peer-exchange.js';
import type { NetworkPort, PeerInfo } from './port.js';
import type { Wire } from './wire.js';

interface Modules {
  readonly ctx: ActorContext;
  readonly port: NetworkPort;
  readonly wire: Wire;
  readonly file: StateFile;
  /** False: peers are neither asked for others nor told of them. */
  readonly exchanges: boolean;
}

const TICK_MS = 250;
const STORE_INTERVAL_MS = 60_000;

export class Discovery {
  readonly #modules: Modules;
  readonly #book: PeerBook;
  readonly #dialer: Dialer;
  readonly #exchange: PeerExchange | null;
  #timers: readonly (() => void)[] = [];

  constructor(modules: Modules) {
    const { ctx, port, wire, exchanges } = modules;
    this.#modules = modules;
    this.#book = new PeerBook(port.peerId);
    this.#dialer = new Dialer({ ctx, port, book: this.#book });
    const onNews = () => this.#dialer.tick();
    this.#exchange = exchanges ? new PeerExchange({ ctx, port, wire, book: this.#book, onNews }) : null;
  }

  /** Peers known, connected or not. */
  get known(): number {
    return this.#book.size;
  }

  async start(bootstrapPeers: readonly string[]): Promise<void> {
    const { ctx } = this.#modules;
    await this.#restore();
    for (const address of bootstrapPeers) this.#dialer.add(address);
    this.#timers = [
      ctx.every(TICK_MS, () => {
        this.#dialer.tick();
        this.#exchange?.tick();
      }),
      ctx.every(STORE_INTERVAL_MS, () => this.#store()),
    ];
  }

  async stop(): Promise<void> {
    for (const cancel of this.#timers) cancel();
    await this.#store();
  }

  /** Connects to the address now and whenever it is not connected. */
  dial(address: string): void {
    this.#dialer.add(address);
  }

  /** Somebody announced himself, on the LAN or in the DHT. */
  discovered(address: string): void {
    const peerId = peerOfAddress(address);
    if (peerId !== null && this.#book.add(peerId, [address], 'discovery')) this.#dialer.tick();
  }

  connected(peer: PeerInfo): void {
    this.#dialer.connected(peer);
  }

  disconnected(peerId: string): void {
    this.#dialer.disconnected(peerId);
  }

  /** Asks a peer of our chain for others, and tells him where we are. */
  async exchange(peerId: string): Promise<void> {
    await this.#exchange?.exchange(peerId);
  }

  async #restore(): Promise<void> {
    const { ctx, file } = this.#modules;
    try {
      const stored = await file.load();
      if (typeof stored !== 'object' || stored === null) return;
      const { peers, anchors } = stored as { readonly peers?: unknown; readonly anchors?: unknown };
      this.#book.restore(peers);
      const named = Array.isArray(anchors)
        ? anchors.filter((peerId): peerId is string => typeof peerId === 'string')
        : [];
      this.#dialer.prefer(named.slice(0, ANCHOR_PEERS));
    } catch (error) {
      ctx.log.warn('the file of known peers is not readable; starting without it', { error: errorMessage(error) });
    }
  }

  async #store(): Promise<void> {
    const { ctx, file } = this.#modules;
    try {
      await file.save({ peers: this.#book.toStored(), anchors: this.#dialer.anchors() });
    } catch (error) {
      ctx.log.warn('known peers not stored', { error: errorMessage(error) });
    }
  }
}
