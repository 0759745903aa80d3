/**
 * The request/response protocols: their bodies, and every limit that protects the one who answers. Paths carry chain
 * id and version, so a node of another chain has no protocol in common with us.
 */
import {
  array,
  bytes,
  type Codec,
  decode,
  encode,
  hash32,
  integer,
  nullable,
  struct,
  text,
  u32,
  u53,
  u64,
} from '../../runtime/codec/canonical.js';
import { isDoinError } from '../../runtime/errors.js';
import { LIMITS } from '../chain/limits.js';
import { MAX_ADDRESS_BYTES } from './addresses.js';
import { MAX_ADDRESSES_PER_PEER } from './peer-book.js';
import type { NetworkPort, RespondLimits } from './port.js';

export const WIRE_VERSION = 1;

export interface WireProtocol<Q, R> {
  readonly name: string;
  readonly request: Codec<Q>;
  readonly response: Codec<R>;
  readonly limits: RespondLimits;
  readonly maxResponseBytes: number;
  readonly timeoutMs: number;
}

/** Gives a protocol its types from its codecs. */
function define<Q, R>(protocol: WireProtocol<Q, R>): WireProtocol<Q, R> {
  return protocol;
}

const ENVELOPE_BYTES = 1024;
const HASH_BYTES = 34;
const MAX_ADDRESSES_BYTES = MAX_ADDRESSES_PER_PEER * MAX_ADDRESS_BYTES + 64;
/** Blocks or transactions in one response together; at least one object is always sent. */
export const MAX_BATCH_BYTES = 2 * 1024 * 1024;
export const MAX_BLOCKS_PER_REQUEST = 256;
/** A locator grows with the logarithm of the height; 64 hashes cover any chain. */
const MAX_LOCATOR = 96;
export const MAX_IDS = 256;
/** Peers in one answer; the asker meets more by asking others. */
export const MAX_TOLD_PEERS = 64;
const MAX_PEER_ID_BYTES = 64;
const EMPTY = struct({});

const addressesCodec = array(text(MAX_ADDRESS_BYTES), MAX_ADDRESSES_PER_PEER);

const statusCodec = struct({
  version: u32,
  chainId: text(LIMITS.chainIdBytes),
  genesisHash: hash32,
  height: u53,
  hash: hash32,
  justifiedHeight: u53,
  totalWorkNano: u64,
  accepted: u53,
});

export const WIRE = {
  /** Both sides tell where their chain stands. */
  status: define({
    name: 'status',
    request: statusCodec,
    response: statusCodec,
    limits: { maxRequestBytes: ENVELOPE_BYTES, ratePerSecond: 5, burst: 20 },
    maxResponseBytes: ENVELOPE_BYTES,
    timeoutMs: 5_000,
  }),
  block: define({
    name: 'block',
    request: struct({ hash: hash32 }),
    response: nullable(bytes(1, LIMITS.blockBytes)),
    limits: { maxRequestBytes: ENVELOPE_BYTES, ratePerSecond: 50, burst: 100 },
    maxResponseBytes: LIMITS.blockBytes + ENVELOPE_BYTES,
    timeoutMs: 10_000,
  }),
  /** Catch-up: canonical blocks after the newest locator hash the answerer has. */
  blocksAfter: define({
    name: 'blocks-after',
    request: struct({ locator: array(hash32, MAX_LOCATOR), limit: integer(1, MAX_BLOCKS_PER_REQUEST) }),
    response: array(bytes(1, LIMITS.blockBytes), MAX_BLOCKS_PER_REQUEST),
    limits: { maxRequestBytes: MAX_LOCATOR * HASH_BYTES + ENVELOPE_BYTES, ratePerSecond: 20, burst: 40 },
    maxResponseBytes: MAX_BATCH_BYTES + LIMITS.blockBytes / 2 + ENVELOPE_BYTES,
    timeoutMs: 15_000,
  }),
  transactions: define({
    name: 'transactions',
    request: struct({ ids: array(hash32, MAX_IDS) }),
    response: array(bytes(1, LIMITS.transactionBytes), MAX_IDS),
    limits: { maxRequestBytes: MAX_IDS * HASH_BYTES + ENVELOPE_BYTES, ratePerSecond: 50, burst: 100 },
    maxResponseBytes: MAX_BATCH_BYTES + ENVELOPE_BYTES,
    timeoutMs: 5_000,
  }),
  /** Ids of transactions the answerer accepted lately: repairs what gossip lost. */
  recentTransactions: define({
    name: 'recent-transactions',
    request: EMPTY,
    response: array(hash32, MAX_IDS),
    limits: { maxRequestBytes: ENVELOPE_BYTES, ratePerSecond: 2, burst: 10 },
    maxResponseBytes: MAX_IDS * HASH_BYTES + ENVELOPE_BYTES,
    timeoutMs: 5_000,
  }),
  blob: define({
    name: 'blob',
    request: struct({ hash: hash32 }),
    response: nullable(bytes(0, LIMITS.blobBytes)),
    limits: { maxRequestBytes: ENVELOPE_BYTES, ratePerSecond: 10, burst: 40 },
    maxResponseBytes: LIMITS.blobBytes + ENVELOPE_BYTES,
    timeoutMs: 30_000,
  }),
  /** Peer exchange: the asker's own addresses for those of others (peer-exchange.ts). */
  peers: define({
    name: 'peers',
    request: struct({ addresses: addressesCodec }),
    response: array(struct({ peerId: text(MAX_PEER_ID_BYTES), addresses: addressesCodec }), MAX_TOLD_PEERS),
    limits: { maxRequestBytes: MAX_ADDRESSES_BYTES + ENVELOPE_BYTES, ratePerSecond: 1, burst: 10 },
    maxResponseBytes: MAX_TOLD_PEERS * (MAX_PEER_ID_BYTES + MAX_ADDRESSES_BYTES) + ENVELOPE_BYTES,
    timeoutMs: 5_000,
  }),
} as const;

/**
 * Gossip messages by topic. What a peer brings above `fromPeer` is dropped and costs him points (gossipsub has dropped
 * duplicates before, so all peers together bring each message once). A node forwards at most `forwarded`, from whomever
 * it comes; the rest is left to repair and catch-up. That is half of `fromPeer`, with the delays of a link to spare, so
 * that many peers who flood together cannot make a node look like one to its neighbours.
 */
export const GOSSIP_LIMITS = {
  /** A full block in each slot of the fastest chain (1 s); the burst is five of them, what a healed partition sends. */
  transactions: {
    forwarded: { ratePerSecond: 200, burst: 1_000 },
    fromPeer: { ratePerSecond: 400, burst: 2_000 },
  },
  /** A slot has one proposer and a few who stand in for him. */
  blocks: {
    forwarded: { ratePerSecond: 20, burst: 100 },
    fromPeer: { ratePerSecond: 40, burst: 200 },
  },
} as const;

/** The protocols of one chain over one port. */
export class Wire {
  readonly #port: NetworkPort;
  readonly #chainId: string;

  constructor(port: NetworkPort, chainId: string) {
    this.#port = port;
    this.#chainId = chainId;
  }

  /** Throws `NetworkError`, or `malformed` when the answer does not decode, for which the peer is blamed. */
  async ask<Q, R>(
    peerId: string,
    protocol: WireProtocol<Q, R>,
    request: Q,
    timeoutMs = protocol.timeoutMs,
  ): Promise<R> {
    const answer = await this.#port.request(peerId, this.#path(protocol.name), encode(protocol.request, request), {
      timeoutMs: Math.min(timeoutMs, protocol.timeoutMs),
      maxResponseBytes: protocol.maxResponseBytes,
    });
    try {
      return decode(protocol.response, answer);
    } catch (error) {
      if (isDoinError(error, 'malformed')) this.#port.refuse(peerId, 'malformed');
      throw error;
    }
  }

  serve<Q, R>(protocol: WireProtocol<Q, R>, handler: (request: Q, from: string) => Promise<R>): void {
    const respond = async (request: Uint8Array, from: string) =>
      encode(protocol.response, await handler(decode(protocol.request, request), from));
    this.#port.respond(this.#path(protocol.name), respond, protocol.limits);
  }

  #path(name: string): string {
    return `/doin/${this.#chainId}/${name}/${WIRE_VERSION}`;
  }
}

/** As many objects from the front as fit a response, and always the first. */
export function withinBatch(objects: readonly Uint8Array[], maxCount: number): readonly Uint8Array[] {
  let size = 0;
  let count = 0;
  for (const object of objects.slice(0, maxCount)) {
    size += object.length + 5;
    if (count > 0 && size > MAX_BATCH_BYTES) break;
    count += 1;
  }
  return objects.slice(0, count);
}
