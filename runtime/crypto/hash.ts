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
  | 'doin/seat-bits'
  | 'doin/config'
  | 'doin/anchor-line';

const LENGTH_BYTES = 4;

/** A preimage up to this size is laid out here and hashed in one call, several times faster than piece by piece. */
const scratch = Buffer.allocUnsafe(16 * 1024);

export function hashBytes(tag: HashTag, parts: readonly Uint8Array[]): Uint8Array {
  const small = preimage(tag, parts);
  return small === null ? streamed(tag, parts).digest() : digest('sha256', small, 'buffer');
}

/** The same as lower-case hex. */
export function hash(tag: HashTag, parts: readonly Uint8Array[]): string {
  const small = preimage(tag, parts);
  return small === null ? streamed(tag, parts).digest('hex') : digest('sha256', small, 'hex');
}

/** Null when it does not fit. A tag is ASCII. */
function preimage(tag: HashTag, parts: readonly Uint8Array[]): Buffer | null {
  let size = LENGTH_BYTES + tag.length;
  for (const part of parts) size += LENGTH_BYTES + part.length;
  if (size > scratch.length) return null;
  let at = scratch.writeUInt32BE(tag.length, 0);
  at += scratch.write(tag, at, 'latin1');
  for (const part of parts) {
    at = scratch.writeUInt32BE(part.length, at);
    scratch.set(part, at);
    at += part.length;
  }
  return scratch.subarray(0, at);
}

function streamed(tag: HashTag, parts: readonly Uint8Array[]): ReturnType<typeof createHash> {
  const hasher = createHash('sha256');
  const length = Buffer.allocUnsafe(LENGTH_BYTES);
  for (const part of [Buffer.from(tag, 'latin1'), ...parts]) {
    length.writeUInt32BE(part.length);
    hasher.update(length).update(part);
  }
  return hasher;
}
