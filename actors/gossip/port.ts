/**
 * The small async port behind which the network lives. Two implementations pass one compliance suite: libp2p
 * (libp2p-port.ts) and a seeded in-memory network for simulations (memory-port.ts). Peer ids are libp2p PeerIds in
 * their text form; addresses are multiaddrs.
 */
import { DoinError } from '../../runtime/errors.js';
import type { Logger } from '../../runtime/system/actor.js';
import type { RefusalCode } from './conduct.js';

export interface PeerInfo {
  readonly peerId: string;
  readonly address: string;
  readonly direction: 'inbound' | 'outbound';
  /** Round trip, when one was measured. */
  readonly latencyMs: number | null;
  /** Conduct score: 0 is neutral, lower is worse (conduct.ts). */
  readonly score: number;
}

export type Validation = 'accept' | 'ignore' | 'reject';

/** Judges a message of a topic. It is forwarded to other peers only after, and only if, this says `accept`. */
export type Validate = (bytes: Uint8Array, from: string) => Promise<Validation>;

/**
 * Answers one request. Throwing `malformed` (undecodable request) or a `RefusalCode` blames the peer; any other error
 * is ours, is counted, and costs the peer nothing.
 */
export type Respond = (bytes: Uint8Array, from: string) => Promise<Uint8Array>;

export interface RequestLimits {
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
}

export interface RespondLimits {
  readonly maxRequestBytes: number;
  /** GCRA per peer: sustained rate, and how many requests may come at once. */
  readonly ratePerSecond: number;
  readonly burst: number;
  /** From the opening of the stream to the end of the answer; default 30 s. */
  readonly timeoutMs?: number;
}

/**
 * `use`: be reached through relays that peers offer, and meet peers directly by hole punching where that works.
 * `serve`: offer that to others as well.
 */
export type RelayMode = 'off' | 'use' | 'serve';

export interface PortListener {
  connected(peer: PeerInfo): void;
  disconnected(peerId: string): void;
  /** Somebody announced himself, on the local network or in the DHT; the address can be dialled. */
  discovered(address: string): void;
}

export interface PortOptions {
  readonly chainId: string;
  /** 32-byte Ed25519 seed; the peer id is that of the same key. */
  readonly privateSeed: Uint8Array;
  /** Empty: only outbound connections. */
  readonly listen: readonly string[];
  readonly mdns: boolean;
  /** Find peers through a Kademlia DHT of this chain. */
  readonly dht: boolean;
  readonly relay: RelayMode;
  /** Topics that will be subscribed; peer scoring wants to know them at the start. */
  readonly topics: readonly string[];
  /** Topics whose subscribers are noted. Nothing is published there, so nobody is scored by them. */
  readonly membershipTopics: readonly string[];
  readonly listener: PortListener;
  readonly log: Logger;
  /** Monotonic milliseconds. */
  now(): number;
  /** Points a peer's reputation on the chain is worth, 0 for a stranger (standing.ts). */
  standing(peerId: string): number;
}

/** Gossip messages that peers brought, since the start. */
export interface Traffic {
  /** Every copy: the price of hearing each from several. */
  readonly copies: number;
  /** Judged by us: the first copy of each. */
  readonly judged: number;
}

export interface NetworkPort {
  /** Throws `address-in-use` when another process has the port. */
  start(): Promise<void>;
  stop(): Promise<void>;
  readonly peerId: string;
  /** Where this node can be dialled, with `/p2p/<peer id>` at the end. */
  addresses(): readonly string[];
  /** Resolves to the number of peers the message was handed to. */
  publish(topic: string, bytes: Uint8Array): Promise<number>;
  subscribe(topic: string, validate: Validate): void;
  /** Connected peers that follow the topic, as far as they have said so by now. */
  subscribers(topic: string): readonly string[];
  /** One request, one answer, one stream, to a connected peer. Throws `NetworkError`. */
  request(peerId: string, protocol: string, bytes: Uint8Array, limits: RequestLimits): Promise<Uint8Array>;
  respond(protocol: string, respond: Respond, limits: RespondLimits): void;
  /** Resolves to the id of the peer behind the address, once connected. */
  dial(address: string): Promise<string>;
  disconnect(peerId: string): Promise<void>;
  peers(): readonly PeerInfo[];
  /** Counts an offence of the peer and lowers his score; below the threshold he is disconnected. */
  refuse(peerId: string, code: RefusalCode): void;
  traffic(): Traffic;
  /** All refusals so far, by code. */
  refused(): Readonly<Record<string, number>>;
}

export type NetworkErrorCode =
  | 'address-in-use'
  | 'not-connected'
  | 'dial-failed'
  | 'request-timeout'
  | 'unsupported-protocol'
  | 'response-too-large'
  | 'request-refused'
  | 'rate-limited'
  | 'stream-failed';

export type NetworkError = DoinError<{ code: NetworkErrorCode; peerId: string }>;

export function networkError(code: NetworkErrorCode, peerId: string, message: string, cause?: unknown): NetworkError {
  return new DoinError({ code, peerId }, message, { cause });
}

/** First byte of a response: what became of the request. */
export const RESPONSE_STATUS = { ok: 0, refused: 1, rateLimited: 2, failed: 3 } as const;

/** Takes the status byte off an answer; anything but `ok` becomes an error. */
export function openResponse(frame: Uint8Array, peerId: string, protocol: string): Uint8Array {
  switch (frame[0]) {
    case RESPONSE_STATUS.ok:
      return frame.subarray(1);
    case RESPONSE_STATUS.rateLimited:
      throw networkError('rate-limited', peerId, `${peerId} asks us to slow down on ${protocol}`);
    case RESPONSE_STATUS.failed:
      throw networkError('request-refused', peerId, `${peerId} could not answer ${protocol}`);
    default:
      throw networkError('request-refused', peerId, `${peerId} refused our request on ${protocol}`);
  }
}
