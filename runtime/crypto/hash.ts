/**
 * SHA-256 with a domain tag per use, so that no hash made for one purpose can stand in for another. The preimage is
 * unambiguous: the tag and every part are preceded by their length.
 */
import { createHash, hash as digest } from 'node:crypto';

/** Every purpose a hash or a signature has in the system. */
export type HashTag =
  | 'doin/blob'
  | 'doin/blob-chunk'
  | 'doin/genesis'
  | 'doin/transaction'
  | 'doin/transaction-signing'
  | 'doin/header'
  | 'doin/header-signing'
  | 'doin/merkle-leaf'
  | 'doin/merkle-node'
  | 'doin/state-key'
  | 'doin/state-leaf'
  | 'doin/state-node'
  | 'doin/commitment'
  | 'doin/optimum'
  | 'doin/beacon'
  | 'doin/vrf-input'
  | 'doin/offence'
  | 'doin/rank'
  | 'doin/seat'
  | 'doin/training-seed'
  | 'doin/report-seed'
  | 'doin/data-seed'
  | 'doin/genome'
  | 'doin/domain'
  | 'doin/channel'
  | 'doin/channel-receipt'
  | 'doin/inference-request'
  | 'doin/inference-answer'
  | 'doin/evaluation-data'
  | 'doin/evaluation-trace'
  | 'doin/trace'
  | 'doin/audit'
  | 'doin/auditor'
  | 'doin/juror'
  | 'doin/shadow'
  | 'doin/stamp'
  | 'doin/registration'
  | 'doin/seat-bits'
  | 'doin/config'
  | 'doin/anchor-line';

const LENGTH_BYTES = 4;

/** A preimage up to this size is laid out here and hashed in one call, several times faster than piece by piece. */
const scratch = Buffer.allocUnsafe(16 * 1024);

/** How the preimages of each tag begin. A tag is ASCII. */
const prefixes = new Map<HashTag, Buffer>();

function prefixOf(tag: HashTag): Buffer {
  let prefix = prefixes.get(tag);
  if (prefix === undefined) {
    prefix = Buffer.concat([lengthBytes(tag.length), Buffer.from(tag, 'latin1')]);
    prefixes.set(tag, prefix);
  }
  return prefix;
}

export function hashBytes(tag: HashTag, parts: readonly Uint8Array[]): Uint8Array {
  const small = preimage(tag, parts);
  return small === null ? streamed(tag, parts).digest() : digest('sha256', small, 'buffer');
}

/** The same as lower-case hex. */
export function hash(tag: HashTag, parts: readonly Uint8Array[]): string {
  const small = preimage(tag, parts);
  return small === null ? streamed(tag, parts).digest('hex') : digest('sha256', small, 'hex');
}

/** Null when it does not fit. */
function preimage(tag: HashTag, parts: readonly Uint8Array[]): Buffer | null {
  const prefix = prefixOf(tag);
  let size = prefix.length;
  for (const part of parts) size += LENGTH_BYTES + part.length;
  if (size > scratch.length) return null;
  scratch.set(prefix);
  let at = prefix.length;
  for (const part of parts) {
    const { length } = part;
    scratch[at] = length >>> 24;
    scratch[at + 1] = length >>> 16;
    scratch[at + 2] = length >>> 8;
    scratch[at + 3] = length;
    scratch.set(part, at + LENGTH_BYTES);
    at += LENGTH_BYTES + length;
  }
  return scratch.subarray(0, at);
}

function streamed(tag: HashTag, parts: readonly Uint8Array[]): ReturnType<typeof createHash> {
  const hasher = createHash('sha256').update(prefixOf(tag));
  for (const part of parts) hasher.update(lengthBytes(part.length)).update(part);
  return hasher;
}

function lengthBytes(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES);
  bytes.writeUInt32BE(length);
  return bytes;
}
