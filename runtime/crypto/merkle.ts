/**
 * Binary Merkle tree in the shape of RFC 9162 section 2.1: leaves and inner nodes have different tags, and an odd
 * level is split at the largest power of two instead of repeating its last leaf, so no two lists share a root.
 */
import { toHex } from '../codec/bytes.js';
import { hashBytes } from './hash.js';

export function merkleRoot(leaves: readonly Uint8Array[]): string {
  return toHex(leaves.length === 0 ? hashBytes('doin/merkle-leaf', []) : subtree(leaves));
}

function subtree(leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves;
  if (leaves.length === 1 && first !== undefined) return hashBytes('doin/merkle-leaf', [first]);
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return hashBytes('doin/merkle-node', [subtree(leaves.slice(0, split)), subtree(leaves.slice(split))]);
}
