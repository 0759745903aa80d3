/**
 * Which of two chains is better: the one with the higher justified checkpoint, then verified work, then accepted optimae,
 * then height, then the lower hash. Justified first is Casper's rule: attesters never have to contradict themselves to
 * follow it. That no chain replaces a final block is for blockchain.ts to see to.
 */
import type { Hash } from './types.js';

export interface ChainWeight {
  readonly justifiedHeight: number;
  readonly totalWorkNano: bigint;
  readonly accepted: number;
  readonly height: number;
  readonly hash: Hash;
}

/** True when `candidate` is to be followed instead of `current`. Two different blocks never tie. */
export function isHeavier(candidate: ChainWeight, current: ChainWeight): boolean {
  if (candidate.justifiedHeight !== current.justifiedHeight) return candidate.justifiedHeight > current.justifiedHeight;
  if (candidate.totalWorkNano !== current.totalWorkNano) return candidate.totalWorkNano > current.totalWorkNano;
  if (candidate.accepted !== current.accepted) return candidate.accepted > current.accepted;
  if (candidate.height !== current.height) return candidate.height > current.height;
  return candidate.hash < current.hash;
}
