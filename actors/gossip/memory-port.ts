/**
 * An in-memory network for simulations: same port, no sockets. Everything random comes from the seed and all waiting
 * from the scheduler it is given, so a run repeats exactly. Gossip floods along connections, judged before it is
 * forwarded, as in the real network.
 */
import { keyPairFromSeed } from '../../runtime/crypto/ed25519.js';
import { peerIdOf } from '../../runtime/crypto/peer-id.js';
import { blobHash } from '../../runtime/storage/blob-store.js';
import type { Cancel } from '../../runtime/system/actor.js';
import { Conduct, type RefusalCode } from './conduct.js';
import {
  type NetworkErrorCode,
  type NetworkPort,
  networkError,
  openResponse,
  type PeerInfo,
  type PortOptions,
  type RequestLimits,
  type Respond,
  type RespondLimits,
  type Traffic,
  type Validate,
} from './port.js';
import { Responders } from './responders.js';

export interface MemoryNetworkOptions {
  readonly seed: number;
  schedule(delayMs: number, callback: () => void): Cancel;
  /** One-way delay of a message, drawn evenly; default 1 to 2. */
  readonly delayMs?: readonly [low: number, high: number];
  /** Share of gossip messages lost on each link; default 0. */
  readonly lossRate?: number;
}

/** The wires between the ports of one simulation. */
export class MemoryNetwork {
  readonly #options: MemoryNetworkOptions;
  readonly #ports = new Map<string, MemoryPort>();
  #groups = new Map<string, number>();
  #random: number;

  constructor(options: MemoryNetworkOptions) {
    this.#options = options;
    this.#random = options.seed >>> 0;
  }

  createPort(options: PortOptions): NetworkPort {
    return new MemoryPort(this, options);
  }

  /** Cuts the network into groups that cannot reach each other; peers not named form one more group. */
  partition(groups: readonly (readonly string[])[]): void {
    this.#groups = new Map(groups.flatMap((peers, index) => peers.map((peer) => [peer, index + 1] as const)));
    for (const port of this.#ports.values()) {
      for (const peer of port.peers()) if (!this.reachable(port.peerId, peer.peerId)) port.unlink(peer.peerId);
    }
  }

  heal(): void {
    this.#groups = new Map();
  }

  reachable(from: string, to: string): boolean {
    return this.#ports.has(to) && (this.#groups.get(from) ?? 0) === (this.#groups.get(to) ?? 0);
  }

  join(port: MemoryPort): void {
    this.#ports.set(port.peerId, port);
  }

  leave(port: MemoryPort): void {
    this.#ports.delete(port.peerId);
  }

  port(peerId: string): MemoryPort | undefined {
    return this.#ports.get(peerId);
  }

  loses(): boolean {
    return this.#draw() < (this.#options.lossRate ?? 0);
  }

  after(delayMs: number, callback: () => void): Cancel {
    return this.#options.schedule(delayMs, callback);
  }

  transit(callback: () => void): void {
    const [low, high] = this.#options.delayMs ?? [1, 2];
    this.#options.schedule(low + this.#draw() * (high - low), callback);
  }

  /** Mulberry32 (Tommy Ettinger): one 32-bit word of state is enough for delays and losses. */
  #draw(): number {
    this.#random = (this.#random + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#random ^ (this.#random >>> 15), this.#random | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  }
}

class MemoryPort implements NetworkPort {
  readonly peerId: string;
  readonly #network: MemoryNetwork;
  readonly #options: PortOptions;
  readonly #conduct = new Conduct();
  readonly #responders: Responders;
  readonly #validators = new Map<string, Validate>();
  readonly #links = new Map<string, PeerInfo['direction']>();
  readonly #seen = new Set<string>();
  readonly #traffic = { copies: 0, judged: 0 };

  constructor(network: MemoryNetwork, options: PortOptions) {
    this.#network = network;
    this.#options = options;
    this.peerId = peerIdOf(keyPairFromSeed(options.privateSeed).publicKey);
    this.#responders = new Responders({
      log: options.log,
      now: () => options.now(),
      refuse: (peerId, code) => this.refuse(peerId, code),
    });
  }

  async start(): Promise<void> {
    this.#network.join(this);
  }

  async stop(): Promise<void> {
    for (const peerId of [...this.#links.keys()]) this.unlink(peerId);
    this.#network.leave(this);
  }

  addresses(): readonly string[] {
    return this.#network.port(this.peerId) === this ? [addressOf(this.peerId)] : [];
  }

  async publish(topic: string, bytes: Uint8Array): Promise<number> {
    this.#seen.add(blobHash(bytes));
    return this.#forward(topic, bytes, this.peerId);
  }

  subscribe(topic: string, validate: Validate): void {
    this.#validators.set(topic, validate);
  }

  subscribers(topic: string): readonly string[] {
    return [...this.#links.keys()].filter((peerId) => this.#peer(peerId).carries(topic));
  }

  #forward(topic: string, bytes: Uint8Array, except: string): number {
    const targets = this.subscribers(topic).filter((peer) => peer !== except);
    for (const peerId of targets) {
      if (this.#network.loses()) continue;
      const copy = bytes.slice();
      this.#network.transit(() => void this.#network.port(peerId)?.receive(topic, copy, this.peerId));
    }
    return targets.length;
  }

  carries(topic: string): boolean {
    return this.#validators.has(topic);
  }

  async receive(topic: string, bytes: Uint8Array, from: string): Promise<void> {
    const validate = this.#validators.get(topic);
    const name = blobHash(bytes);
    if (validate === undefined || !this.#links.has(from)) return;
    this.#traffic.copies += 1;
    if (this.#seen.has(name)) return;
    this.#seen.add(name);
    this.#traffic.judged += 1;
    const action = await this.#responders.judge(validate, bytes, from);
    if (action === 'accept') this.#forward(topic, bytes, from);
  }

  request(peerId: string, protocol: string, bytes: Uint8Array, limits: RequestLimits): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const fail = (code: NetworkErrorCode) => reject(networkError(code, peerId, `${protocol} to ${peerId}: ${code}`));
      if (!this.#links.has(peerId)) return fail('not-connected');
      const cancel = this.#network.after(limits.timeoutMs, () => fail('request-timeout'));
      const settle = (frame: Uint8Array) => {
        cancel();
        if (frame.length > limits.maxResponseBytes + 1) {
          this.refuse(peerId, 'oversize');
          return fail('response-too-large');
        }
        try {
          resolve(openResponse(frame, peerId, protocol));
        } catch (error) {
          reject(error);
        }
      };
      const copy = bytes.slice();
      this.#network.transit(() => {
        const peer = this.#links.has(peerId) ? this.#network.port(peerId) : undefined;
        if (peer === undefined) return;
        if (!peer.answers(protocol)) return fail('unsupported-protocol');
        void peer.serve(protocol, this.peerId, copy).then((frame) => {
          if (frame === null) fail('stream-failed');
          else this.#network.transit(() => settle(frame));
        });
      });
    });
  }

  answers(protocol: string): boolean {
    return this.#responders.get(protocol) !== undefined;
  }

  /** Null when the request breaks the cap and the stream is cut. */
  async serve(protocol: string, from: string, request: Uint8Array): Promise<Uint8Array | null> {
    const limits = this.#responders.get(protocol)?.limits;
    if (limits === undefined || request.length > limits.maxRequestBytes) {
      this.refuse(from, 'oversize');
      return null;
    }
    return this.#responders.answer(protocol, from, request);
  }

  respond(protocol: string, respond: Respond, limits: RespondLimits): void {
    this.#responders.add(protocol, respond, limits);
  }

  async dial(address: string): Promise<string> {
    const peerId = address.split('/').at(-1) ?? '';
    const peer = this.#network.port(peerId);
    const reachable = peer !== undefined && peer !== this && this.#network.reachable(this.peerId, peerId);
    if (!reachable || peer.bans(this.peerId) || this.bans(peerId)) {
      throw networkError('dial-failed', peerId, `cannot connect to ${address}`);
    }
    this.link(peerId, 'outbound');
    peer.link(this.peerId, 'inbound');
    return peerId;
  }

  bans(peerId: string): boolean {
    return this.#conduct.isBanned(peerId, this.#options.now());
  }

  link(peerId: string, direction: PeerInfo['direction']): void {
    if (this.#links.has(peerId)) return;
    this.#links.set(peerId, direction);
    this.#options.listener.connected(this.#peerInfo(peerId, direction));
  }

  unlink(peerId: string): void {
    if (!this.#links.delete(peerId)) return;
    this.#options.listener.disconnected(peerId);
    this.#network.port(peerId)?.unlink(this.peerId);
  }

  async disconnect(peerId: string): Promise<void> {
    this.unlink(peerId);
  }

  peers(): readonly PeerInfo[] {
    return [...this.#links].map(([peerId, direction]) => this.#peerInfo(peerId, direction));
  }

  refuse(peerId: string, code: RefusalCode): void {
    if (this.#conduct.refuse(peerId, code, this.#options.now())) this.unlink(peerId);
  }

  traffic(): Traffic {
    return { ...this.#traffic };
  }

  refused(): Readonly<Record<string, number>> {
    return this.#conduct.refused();
  }

  #peerInfo(peerId: string, direction: PeerInfo['direction']): PeerInfo {
    const score = this.#conduct.score(peerId, this.#options.now());
    return { peerId, address: addressOf(peerId), direction, latencyMs: null, score };
  }

  #peer(peerId: string): MemoryPort {
    const port = this.#network.port(peerId);
    if (port === undefined) throw new Error(`linked peer ${peerId} has left without unlinking`);
    return port;
  }
}

function addressOf(peerId: string): string {
  return `/memory/0/p2p/${peerId}`;
}
