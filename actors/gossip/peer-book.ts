/**
 * The peers we know of, connected or not. An address is hearsay until we connected to it ourselves; nobody may bring
 * more than a share of the hearsay, so that one informant cannot fill the book with addresses of his own (the "new"
 * and "tried" tables of Bitcoin's address manager: Heilman et al., "Eclipse Attacks on Bitcoin's Peer-to-Peer
 * Network", 2015).
 */
import { MAX_ADDRESS_BYTES, peerOfAddress } from './addresses.js';

export interface KnownPeer {
  readonly peerId: string;
  /** The one that worked last, or is tried next, comes first. */
  readonly addresses: readonly string[];
  /** Wall clock; null while nobody here has reached him. */
  readonly provenAtMs: number | null;
}

interface Entry {
  readonly peerId: string;
  addresses: readonly string[];
  provenAtMs: number | null;
  readonly informant: string;
  failures: number;
  /** Monotonic. */
  nextAttemptAt: number;
}

export const MAX_KNOWN_PEERS = 1024;
export const MAX_ADDRESSES_PER_PEER = 6;
/** Peers one informant may bring that we have not reached yet. */
const MAX_HEARSAY_PER_INFORMANT = 64;
/** Hearsay that fails is soon forgotten; somebody we met is given up after a day at the longest pause. */
const HEARSAY_FAILURES = 4;
const PROVEN_FAILURES = 1_500;
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
const MAX_STORED = 256;

export class PeerBook {
  readonly #self: string;
  readonly #entries = new Map<string, Entry>();

  constructor(self: string) {
    this.#self = self;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(peerId: string): KnownPeer | undefined {
    return this.#entries.get(peerId);
  }

  all(): readonly KnownPeer[] {
    return [...this.#entries.values()];
  }

  /** Notes what an informant says of a peer. True when that peer is new here. */
  add(peerId: string, addresses: readonly string[], informant: string): boolean {
    const told = addresses.filter(
      (address) => address.length <= MAX_ADDRESS_BYTES && peerOfAddress(address) === peerId,
    );
    if (told.length === 0 || peerId === this.#self) return false;
    const known = this.#entries.get(peerId);
    if (known !== undefined) {
      known.addresses = merged(known.addresses, told);
      return false;
    }
    if (this.#hearsayOf(informant) >= MAX_HEARSAY_PER_INFORMANT || !this.#makeRoom()) return false;
    const addressList = merged([], told);
    this.#entries.set(peerId, {
      peerId,
      addresses: addressList,
      provenAtMs: null,
      informant,
      failures: 0,
      nextAttemptAt: Number.NEGATIVE_INFINITY,
    });
    return true;
  }

  /** We reached him there ourselves. */
  proved(peerId: string, address: string, wallMs: number): void {
    this.add(peerId, [address], peerId);
    const entry = this.#entries.get(peerId);
    if (entry === undefined) return;
    entry.addresses = merged([address], entry.addresses);
    entry.provenAtMs = wallMs;
    entry.failures = 0;
    entry.nextAttemptAt = Number.NEGATIVE_INFINITY;
  }

  /**
   * The first address did not answer: the next one is tried, later. While we reach nobody at all the fault may be ours,
   * and nobody is forgotten for it. `jitter` is about 1.
   */
  failed(peerId: string, nowMs: number, options: { readonly jitter: number; readonly isolated: boolean }): void {
    const entry = this.#entries.get(peerId);
    if (entry === undefined) return;
    entry.failures += 1;
    const patience = entry.provenAtMs === null ? HEARSAY_FAILURES : PROVEN_FAILURES;
    if (entry.failures >= patience && !options.isolated) {
      this.#entries.delete(peerId);
      return;
    }
    const [first, ...others] = entry.addresses;
    if (first !== undefined) entry.addresses = [...others, first];
    const pauseMs = Math.min(FIRST_PAUSE_MS * (1 << Math.min(entry.failures - 1, 20)), LONGEST_PAUSE_MS);
    entry.nextAttemptAt = nowMs + pauseMs * options.jitter;
  }

  /** He hung up on us or we on him: not at once again. */
  rest(peerId: string, untilMs: number): void {
    const entry = this.#entries.get(peerId);
    if (entry !== undefined) entry.nextAttemptAt = Math.max(entry.nextAttemptAt, untilMs);
  }

  /** Who may be dialled now. */
  due(nowMs: number): readonly KnownPeer[] {
    return [...this.#entries.values()].filter((entry) => entry.nextAttemptAt <= nowMs);
  }

  /** What is kept over a restart: those we reached, newest first. */
  toStored(): readonly KnownPeer[] {
    const proven = this.all().filter(({ provenAtMs }) => provenAtMs !== null);
    proven.sort((a, b) => (b.provenAtMs ?? 0) - (a.provenAtMs ?? 0));
    return proven.slice(0, MAX_STORED).map(({ peerId, addresses, provenAtMs }) => ({ peerId, addresses, provenAtMs }));
  }

  /** Takes back what `toStored` gave; anything else in the file is left out. */
  restore(stored: unknown): void {
    for (const peer of Array.isArray(stored) ? stored.slice(0, MAX_STORED) : []) {
      if (!isRecord(peer) || typeof peer.peerId !== 'string' || !Array.isArray(peer.addresses)) continue;
      const addresses = peer.addresses.filter((address): address is string => typeof address === 'string');
      this.add(peer.peerId, addresses, peer.peerId);
      const entry = this.#entries.get(peer.peerId);
      if (entry !== undefined && typeof peer.provenAtMs === 'number') entry.provenAtMs = peer.provenAtMs;
    }
  }

  #hearsayOf(informant: string): number {
    let count = 0;
    for (const entry of this.#entries.values()) {
      if (entry.provenAtMs === null && entry.informant === informant) count += 1;
    }
    return count;
  }

  /** The hearsay that failed most makes room; those we reached never do for those we only hear of. */
  #makeRoom(): boolean {
    if (this.#entries.size < MAX_KNOWN_PEERS) return true;
    let worst: Entry | null = null;
    for (const entry of this.#entries.values()) {
      if (entry.provenAtMs === null && entry.failures >= (worst?.failures ?? 0)) worst = entry;
    }
    return worst !== null && this.#entries.delete(worst.peerId);
  }
}

function merged(first: readonly string[], then: readonly string[]): readonly string[] {
  return [...new Set([...first, ...then])].slice(0, MAX_ADDRESSES_PER_PEER);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
