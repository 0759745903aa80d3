/**
 * The request/response protocols: their bodies, and every limit that protects the one who answers. Paths carry chain
 * id and version, so a node of another chain has no protocol in common with us. Which versions a node speaks, it tells
 * in its status, whose own form never changes; two nodes use the newest that both speak. What software they run is
 * nobody's business.
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
import { BLOB_CHUNK_BYTES } from '../../runtime/storage/blob-chunks.js';
import { MAX_HEADER_BYTES } from '../chain/codec.js';
import { LIMITS } from '../chain/limits.js';
import { INFERENCE_BYTES, inferenceReplyCodec, inferenceRequestCodec } from '../evaluator/inference.js';
import { MAX_ADDRESS_BYTES } from './addresses.js';
import { MAX_ADDRESSES_PER_PEER } from './peer-book.js';
import type { NetworkPort, RespondLimits } from './port.js';

/** What this program speaks. */
export const WIRE_VERSIONS: VersionRange = { oldest: 1, newest: 1 };

export interface VersionRange {
  readonly oldest: number;
  readonly newest: number;
}

export interface WireProtocol<Q, R> {
  readonly name: string;
  readonly request: Codec<Q>;
  readonly response: Codec<R>;
  readonly limits: RespondLimits;
  readonly maxResponseBytes: number;
  readonly timeoutMs: number;
  /** Its path has no version: it is how the versions become known. */
  readonly isHandshake?: true;
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
export const MAX_BLOCKS_PER_REQUEST = 64;
export const MAX_HEADERS_PER_REQUEST = 256;
/** A locator grows with the logarithm of the height; 64 hashes cover any chain. */
const MAX_LOCATOR = 96;
export const MAX_IDS = 256;
/** Peers in one answer; the asker meets more by asking others. */
export const MAX_TOLD_PEERS = 64;
const MAX_PEER_ID_BYTES = 64;
/** In one answer; a node keeps two. */
const MAX_SNAPSHOTS = 8;
/** 33 million entries of a state. */
const MAX_SNAPSHOT_CHUNKS = 65_536;
/** 512 entries; the longest is a list of all members. */
const MAX_SNAPSHOT_CHUNK_BYTES = 8 * 1024 * 1024;
/** Of the largest blob. */
const MAX_BLOB_CHUNKS = 64;
const EMPTY = struct({});

const addressesCodec = array(text(MAX_ADDRESS_BYTES), MAX_ADDRESSES_PER_PEER);

const statusCodec = struct({
  oldest: u32,
  newest: u32,
  chainId: text(LIMITS.chainIdBytes),
  genesisHash: hash32,
  height: u53,
  hash: hash32,
  justifiedHeight: u53,
  totalWorkNano: u64,
  accepted: u53,
  bodiesFrom: u53,
});

export const WIRE = {
  /** Both sides tell where their chain stands. */
  status: define({
    name: 'status',
    isHandshake: true,
    request: statusCodec,
    response: statusCodec,
    limits: { maxRequestBytes: ENVELOPE_BYTES, ratePerSecond: 5, burst: 20 },
    maxResponseBytes: ENVELOPE_BYTES,
    timeoutMs: 5_000,
  }),
  /** Catch-up: headers of canonical blocks after the newest locator hash the answerer has. Short only at his tip. */
  headers: define({
    name: 'headers',
    request: struct({ locator: array(hash32, MAX_LOCATOR), limit: integer(1, MAX_HEADERS_PER_REQUEST) }),
    response: array(bytes(1, MAX_HEADER_BYTES), MAX_HEADERS_PER_REQUEST),
    limits: { maxRequestBytes: MAX_LOCATOR * HASH_BYTES + ENVELOPE_BYTES, ratePerSecond: 20, burst: 40 },
    maxResponseBytes: MAX_HEADERS_PER_REQUEST * (MAX_HEADER_BYTES + 5) + ENVELOPE_BYTES,
    timeoutMs: 5_000,
  }),
  /**
   * Whole blocks by hash, in the order asked for, null for those that the answerer lacks. Shorter than the list only
   * when it reaches `LIMITS.blockBytes`: less is a truncated answer.
   */
  blocks: define({
    name: 'blocks',
    request: struct({ hashes: array(hash32, MAX_BLOCKS_PER_REQUEST) }),
    response: array(nullable(bytes(1, LIMITS.blockBytes)), MAX_BLOCKS_PER_REQUEST),
    limits: { maxRequestBytes: MAX_BLOCKS_PER_REQUEST * HASH_BYTES + ENVELOPE_BYTES, ratePerSecond: 50, burst: 100 },
    maxResponseBytes: 2 * LIMITS.blockBytes + ENVELOPE_BYTES,
    timeoutMs: 10_000,
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
  /** Snapshots of states that the answerer has: the block's header, and in how many chunks. */
  snapshots: define({
    name: 'snapshots',
    request: EMPTY,
    response: array(
      struct({ block: hash32, header: bytes(1, MAX_HEADER_BYTES), chunks: integer(1, MAX_SNAPSHOT_CHUNKS) }),
      MAX_SNAPSHOTS,
    ),
    limits: { maxRequestBytes: ENVELOPE_BYTES, ratePerSecond: 1, burst: 5 },
    maxResponseBytes: MAX_SNAPSHOTS * ENVELOPE_BYTES,
    timeoutMs: 5_000,
  }),
  snapshotChunk: define({
    name: 'snapshot-chunk',
    request: struct({ block: hash32, index: integer(0, MAX_SNAPSHOT_CHUNKS - 1) }),
    response: nullable(bytes(1, MAX_SNAPSHOT_CHUNK_BYTES)),
    limits: { maxRequestBytes: ENVELOPE_BYTES, ratePerSecond: 50, burst: 100 },
    maxResponseBytes: MAX_SNAPSHOT_CHUNK_BYTES + ENVELOPE_BYTES,
    timeoutMs: 20_000,
  }),
  /** A prediction of a champion, for whoever pays what the answerer asks. */
  inference: define({
    name: 'inference',
    request: inferenceRequestCodec,
    response: inferenceReplyCodec,
    limits: { maxRequestBytes: INFERENCE_BYTES + ENVELOPE_BYTES, ratePerSecond: 5, burst: 20 },
    maxResponseBytes: INFERENCE_BYTES + ENVELOPE_BYTES,
    timeoutMs: 30_000,
  }),
  /** The hashes of a blob's chunks, null when the answerer lacks it. */
  blobHashes: define({
    name: 'blob-hashes',
    request: struct({ hash: hash32 }),
    response: nullable(array(hash32, MAX_BLOB_CHUNKS)),
    limits: { maxRequestBytes: ENVELOPE_BYTES, ratePerSecond: 10, burst: 40 },
    maxResponseBytes: MAX_BLOB_CHUNKS * HASH_BYTES + ENVELOPE_BYTES,
    timeoutMs: 10_000,
  }),
  /** At the full rate 100 MiB a second. */
  blobChunk: define({
    name: 'blob-chunk',
    request: struct({ hash: hash32, index: integer(0, MAX_BLOB_CHUNKS - 1) }),
    response: nullable(bytes(1, BLOB_CHUNK_BYTES)),
    limits: { maxRequestBytes: ENVELOPE_BYTES, ratePerSecond: 400, burst: 400 },
    maxResponseBytes: BLOB_CHUNK_BYTES + ENVELOPE_BYTES,
    timeoutMs: 10_000,
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

/**
 * What a peer may ask of gossipsub itself, in entries (rpc-guard.ts). Most are "I have it", one for each message: as many
 * as messages from a peer.
 */
export const CONTROL_LIMITS = { ratePerSecond: 400, burst: 2_000 } as const;

/** The protocols of one chain over one port. */
export class Wire {
  readonly versions: VersionRange;
  readonly #port: NetworkPort;
  readonly #chainId: string;
  /** By peer, the newest version both speak. */
  readonly #agreed = new Map<string, number>();

  constructor(port: NetworkPort, chainId: string, versions: VersionRange = WIRE_VERSIONS) {
    this.#port = port;
    this.#chainId = chainId;
    this.versions = versions;
  }

  /** What to speak with this peer from now on. False when there is nothing. */
  agree(peerId: string, theirs: VersionRange): boolean {
    const version = Math.min(theirs.newest, this.versions.newest);
    if (version < Math.max(theirs.oldest, this.versions.oldest)) return false;
    this.#agreed.set(peerId, version);
    return true;
  }

  forget(peerId: string): void {
    this.#agreed.delete(peerId);
  }

  /** Throws `NetworkError`, or `malformed` when the answer does not decode, for which the peer is blamed. */
  async ask<Q, R>(
    peerId: string,
    protocol: WireProtocol<Q, R>,
    request: Q,
    timeoutMs = protocol.timeoutMs,
  ): Promise<R> {
    // Before the handshake: the one that the next program, too, will speak longest.
    const version = this.#agreed.get(peerId) ?? this.versions.newest;
    const answer = await this.#port.request(peerId, this.#path(protocol, version), encode(protocol.request, request), {
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
    const { oldest, newest } = this.versions;
    for (let version = protocol.isHandshake ? newest : oldest; version <= newest; version += 1) {
      this.#port.respond(this.#path(protocol, version), respond, protocol.limits);
    }
  }

  #path({ name, isHandshake }: { readonly name: string; readonly isHandshake?: true }, version: number): string {
    const path = `/doin/${this.#chainId}/${name}`;
    return isHandshake ? path : `${path}/${version}`;
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
