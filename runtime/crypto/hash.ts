/**
 * SHA-256 with a domain tag per use, so that no hash made for one purpose can stand in for another. The preimage is
 * unambiguous: the tag and every part are preceded by their length.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { toHex, toUtf8 } from '../codec/bytes.js';

/** Every purpose a hash or a signature has in the system. */
export type HashTag =
  | 'doin/blob'
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
  | 'doin/beacon'
  | 'doin/vrf-input'
  | 'doin/rank'
  | 'doin/seat'
  | 'doin/training-seed'
  | 'doin/report-seed'
  | 'doin/data-seed'
  | 'doin/genome'
  | 'doin/domain'
  | 'doin/evaluation-data'
  | 'doin/evaluation-trace'
  | 'doin/trace'
  | 'doin/config';

const LENGTH_BYTES = 4;

export function hashBytes(tag: HashTag, parts: readonly Uint8Array[]): Uint8Array {
  const hasher = sha256.create();
  absorb(hasher, toUtf8(tag));
  for (const part of parts) absorb(hasher, part);
  return hasher.digest();
}

/** The same as lower-case hex. */
export function hash(tag: HashTag, parts: readonly Uint8Array[]): string {
  return toHex(hashBytes(tag, parts));
}

function absorb(hasher: { update(bytes: Uint8Array): unknown }, part: Uint8Array): void {
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setUint32(0, part.length);
  hasher.update(length);
  hasher.update(part);
}
