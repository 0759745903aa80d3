/** Which of two chains is better: verified work, then accepted optimae, then height, then the lower hash. */
import type { Hash } from './types.js';

export interface ChainWeight {
  readonly totalWorkNano: bigint;
  readonly accepted: number;
  readonly height: number;
  readonly hash: Hash;
}

/** True when `candidate` is to be followed instead of `current`. Two different blocks never tie. */
export function isHeavier(candidate: ChainWeight, current: ChainWeight): boolean {
  if (candidate.totalWorkNano !== current.totalWorkNano) return candidate.totalWorkNano > current.totalWorkNano;
  if (candidate.accepted !== current.accepted) return candidate.accepted > current.accepted;
  if (candidate.height !== current.height) return candidate.height > current.height;
  return candidate.hash < current.hash;
}
