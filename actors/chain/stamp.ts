/**
 * Client puzzle of a commitment (Dwork & Naor 1992, as in Hashcash): a number that makes a hash start with so many zero
 * bits. Whoever has no coins to stake pays with the work of finding it; checking it is one hash.
 */
import { fromHex, uint64Bytes } from '../../runtime/codec/bytes.js';
import { hashBytes } from '../../runtime/crypto/hash.js';
import type { Hash, NodeId } from './types.js';

export interface StampedCommitment {
  readonly commitment: Hash;
  readonly sender: NodeId;
}

export function isGoodStamp({ commitment, sender }: StampedCommitment, stamp: number, bits: number): boolean {
  return startsWithZeros(hashBytes('doin/stamp', [fromHex(commitment), fromHex(sender), uint64Bytes(stamp)]), bits);
}

/** The first good stamp of a range, or null. */
export function findStamp(
  { commitment, sender }: StampedCommitment,
  bits: number,
  range: { readonly from: number; readonly count: number },
): number | null {
  const fixed = [fromHex(commitment), fromHex(sender)];
  for (let stamp = range.from; stamp < range.from + range.count; stamp += 1) {
    if (startsWithZeros(hashBytes('doin/stamp', [...fixed, uint64Bytes(stamp)]), bits)) return stamp;
  }
  return null;
}

function startsWithZeros(digest: Uint8Array, bits: number): boolean {
  const whole = bits >> 3;
  for (let index = 0; index < whole; index += 1) if (digest[index] !== 0) return false;
  const rest = bits & 7;
  return rest === 0 || (digest[whole] ?? 0) >> (8 - rest) === 0;
}
