/**
 * Whom this node calls. Addresses from the config are kept connected for ever. Beyond them it keeps so many outbound
 * connections to peers of the book, in networks as different as there are: who calls us was chosen by himself, whom we
 * call was not, and an attacker with one network cannot surround a node that calls eight. From time to time a feeler
 * tries somebody we only heard of, so that the book holds proven addresses when they are needed.
 */
import { errorMessage } from '../../runtime/errors.js';
import type { ActorContext } from '../../runtime/system/actor.js';
import { networkGroup, peerOfAddress } from './addresses.js';
import type { KnownPeer, PeerBook } from './peer-book.js';
import type { NetworkPort, PeerInfo } from './port.js';
import { shuffled } from './shuffled.js';

/** Somebody the config or the user named. */
interface Target {
  readonly address: string;
  /** From `/p2p/...` in the address, or learnt by connecting. */
  peerId: string | null;
  failures: number;
  nextAttemptAt: number;
  dialling: boolean;
}

interface Modules {
  readonly ctx: ActorContext;
  readonly port: NetworkPort;
  readonly book: PeerBook;
}

export const TARGET_OUTBOUND = 8;
/** Those we were connected to longest are called first after a restart (Bitcoin's anchors, 2020). */
export const ANCHOR_PEERS = 2;
const FEELER_INTERVAL_MS = 60_000;
const FIRST_PAUSE_MS = 500;
/** Nodes that start together with a peer on a busy machine are up within a minute: they should then soon meet. */
const LONGEST_PAUSE_MS = 10_000;
const MAX_TARGETS = 512;

export class Dialer {
  readonly #modules: Modules;
  readonly #targets = new Map<string, Target>();
  /** Peers of the book that are being dialled. */
  readonly #dialling = new Set<string>();
  /** When an outbound connection began, by peer. */
  readonly #since = new Map<string, number>();
  #anchors: readonly string[] = [];
  #nextFeelerAt: number;

  constructor(modules: Modules) {
    this.#modules = modules;
    this.#nextFeelerAt = modules.ctx.monotonic() + FEELER_INTERVAL_MS;
  }

  /** Remembers the address for ever and tries it at once. */
  add(address: string): void {
    const peerId = peerOfAddress(address);
    if (peerId === this.#modules.port.peerId || this.#targets.has(address) || this.#targets.size >= MAX_TARGETS) return;
    this.#targets.set(address, { address, peerId, failures: 0, nextAttemptAt: 0, dialling: false });
    this.tick();
  }

  /** Those of the last run, who are tried before anybody else of the book. */
  prefer(anchors: readonly string[]): void {
    this.#anchors = anchors;
  }

  /** Whom to prefer after a restart; without any connection the old ones stay. */
  anchors(): readonly string[] {
    const longest = [...this.#since].sort(([, a], [, b]) => a - b).map(([peerId]) => peerId);
    return longest.length === 0 ? this.#anchors : longest.slice(0, ANCHOR_PEERS);
  }

  connected({ peerId, direction }: PeerInfo): void {
    if (direction === 'outbound') this.#since.set(peerId, this.#modules.ctx.monotonic());
  }

  disconnected(peerId: string): void {
    const { ctx, book } = this.#modules;
    this.#since.delete(peerId);
    // Who hangs up at once must not be dialled in a tight loop.
    book.rest(peerId, ctx.monotonic() + FIRST_PAUSE_MS * this.#jitter());
  }

  /** Dials what is due. Called on a timer, and when there is news. */
  tick(): void {
    const { ctx, port } = this.#modules;
    const now = ctx.monotonic();
    const peers = port.peers();
    const connected = new Set(peers.map(({ peerId }) => peerId));
    for (const target of this.#targets.values()) {
      const isConnected = target.peerId !== null && connected.has(target.peerId);
      if (!isConnected && !target.dialling && now >= target.nextAttemptAt) void this.#dialTarget(target);
    }
    const outbound = peers.filter(({ direction }) => direction === 'outbound');
    this.#fillUp(outbound, connected);
    if (outbound.length >= TARGET_OUTBOUND && now >= this.#nextFeelerAt) this.#feel(outbound, connected);
  }

  #fillUp(outbound: readonly PeerInfo[], connected: ReadonlySet<string>): void {
    const missing = TARGET_OUTBOUND - outbound.length - this.#dialling.size;
    if (missing <= 0) return;
    const groups = new Set(outbound.map(({ address }) => networkGroup(address)));
    const candidates = this.#candidates(connected);
    for (let count = 0; count < missing; count += 1) {
      const chosen = this.#choose(candidates, groups);
      if (chosen === undefined) return;
      candidates.splice(candidates.indexOf(chosen), 1);
      groups.add(groupOf(chosen));
      void this.#dialKnown(chosen);
    }
  }

  #candidates(connected: ReadonlySet<string>): KnownPeer[] {
    const { ctx, book } = this.#modules;
    const busy = new Set([...this.#targets.values()].flatMap(({ peerId, dialling }) => (dialling && peerId) || []));
    return book
      .due(ctx.monotonic())
      .filter(({ peerId }) => !connected.has(peerId) && !busy.has(peerId) && !this.#dialling.has(peerId));
  }

  /** An anchor; else somebody of a network we have no connection to, by the toss of a coin proven or heard of. */
  #choose(candidates: readonly KnownPeer[], groups: ReadonlySet<string>): KnownPeer | undefined {
    const anchor = candidates.find(({ peerId }) => this.#anchors.includes(peerId));
    if (anchor !== undefined) return anchor;
    const { ctx } = this.#modules;
    const fresh = candidates.filter((peer) => !groups.has(groupOf(peer)));
    const pool = shuffled(fresh.length > 0 ? fresh : candidates, ctx);
    const isHeads = (ctx.randomBytes(1)[0] ?? 0) < 128;
    return pool.find(({ provenAtMs }) => (provenAtMs !== null) === isHeads) ?? pool[0];
  }

  /**
   * A try of somebody nobody here has reached. He stays connected only in exchange for a peer whose network we reach
   * twice.
   */
  #feel(outbound: readonly PeerInfo[], connected: ReadonlySet<string>): void {
    const { ctx, port } = this.#modules;
    this.#nextFeelerAt = ctx.monotonic() + FEELER_INTERVAL_MS * this.#jitter();
    const heardOf = this.#candidates(connected).filter(({ provenAtMs }) => provenAtMs === null);
    const [feeler] = shuffled(heardOf, ctx);
    if (feeler === undefined) return;
    const groups = outbound.map(({ address }) => networkGroup(address));
    const double = outbound.find((_, index) => groups.indexOf(groups[index] ?? '') < index);
    const isFresh = !groups.includes(groupOf(feeler));
    void this.#dialKnown(feeler).then(async (reached) => {
      if (!reached) return;
      const leaving = double !== undefined && isFresh ? double.peerId : feeler.peerId;
      await port.disconnect(leaving).catch((error: unknown) => {
        ctx.log.debug('hang-up failed', { peerId: leaving, error: errorMessage(error) });
      });
    });
  }

  async #dialKnown({ peerId, addresses: [address = ''] }: KnownPeer): Promise<boolean> {
    const { ctx, port, book } = this.#modules;
    this.#dialling.add(peerId);
    try {
      await port.dial(address);
      book.proved(peerId, address, ctx.now());
      return true;
    } catch (error) {
      book.failed(peerId, ctx.monotonic(), { jitter: this.#jitter(), isolated: port.peers().length === 0 });
      ctx.log.debug('dial failed', { address, error: errorMessage(error) });
      return false;
    } finally {
      this.#dialling.delete(peerId);
    }
  }

  async #dialTarget(target: Target): Promise<void> {
    const { ctx, port, book } = this.#modules;
    target.dialling = true;
    try {
      target.peerId = await port.dial(target.address);
      target.failures = 0;
      target.nextAttemptAt = ctx.monotonic() + FIRST_PAUSE_MS;
      const isNamed = peerOfAddress(target.address) !== null;
      book.proved(target.peerId, isNamed ? target.address : `${target.address}/p2p/${target.peerId}`, ctx.now());
    } catch (error) {
      target.failures += 1;
      const pauseMs = Math.min(FIRST_PAUSE_MS * (1 << Math.min(target.failures - 1, 10)), LONGEST_PAUSE_MS);
      target.nextAttemptAt = ctx.monotonic() + pauseMs * this.#jitter();
      ctx.log.debug('dial failed', { address: target.address, error: errorMessage(error) });
    } finally {
      target.dialling = false;
    }
  }

  /** 0.75 to 1.25, so that nodes that lost each other at once do not dial in step. */
  #jitter(): number {
    return 0.75 + ((this.#modules.ctx.randomBytes(1)[0] ?? 0) / 255) * 0.5;
  }
}

function groupOf({ addresses: [address = ''] }: KnownPeer): string {
  return networkGroup(address);
}
