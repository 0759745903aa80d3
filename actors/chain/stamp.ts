/**
 * Client puzzle (Dwork & Naor 1992, as in Hashcash): a number that makes a hash start with so many zero bits. Whoever
 * has no coins for a commitment or a registration pays with the work of finding it; checking it is one hash.
 */
import { fromHex, toUtf8, uint64Bytes } from '../../runtime/codec/bytes.js';
import { hash, hashBytes } from '../../runtime/crypto/hash.js';
import type { Hash, NodeId } from './types.js';

/** What a stamp is for, and whose it is: it is worth nothing for anything or anybody else. */
export interface Stamped {
  /** The commitment, or `registrationHash`. */
  readonly about: Hash;
  readonly sender: NodeId;
}

/** Of a list of domains to evaluate, on one chain. */
export function registrationHash(chainId: string, domains: readonly string[]): Hash {
  return hash('doin/registration', [toUtf8(chainId), ...domains.map(toUtf8)]);
}

export function isGoodStamp({ about, sender }: Stamped, stamp: number, bits: number): boolean {
  return startsWithZeros(hashBytes('doin/stamp', [fromHex(about), fromHex(sender), uint64Bytes(stamp)]), bits);
}

/** The first good stamp of a range, or null. */
export function findStamp(
  { about, sender }: Stamped,
  bits: number,
  range: { readonly from: number; readonly count: number },
): number | null {
  const fixed = [fromHex(about), fromHex(sender)];
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
