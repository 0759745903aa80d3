/** Reputation: what is added and taken, how it fades, and how much it counts. DESIGN section 5. */

import { decay, log2Q64 } from '../../runtime/fixed/elementary.js';
import { clampBig, NANO_BIG } from '../../runtime/fixed/nano.js';

export const MICRO = 1_000_000;

/** The score at a later block time: halved every half life. */
export function decayed(
  entry: { readonly scoreMicro: number; readonly updatedMs: number },
  atMs: number,
  halfLifeMs: number,
): number {
  return Number(decay(BigInt(entry.scoreMicro), BigInt(atMs - entry.updatedMs), BigInt(halfLifeMs)));
}

/** Adds or takes away; never below zero. */
export function adjusted(scoreMicro: number, deltaMicro: number): number {
  return Math.max(0, scoreMicro + deltaMicro);
}

const LOG2_OF_11 = log2Q64(11n, 1n);

/** min(1, ln(1 + reputation) / ln 11) in nano: 0 without reputation, 1 from a reputation of 10 on. */
export function reputationFactorNano(scoreMicro: number): bigint {
  if (scoreMicro <= 0) return 0n;
  const factor = (log2Q64(BigInt(MICRO + scoreMicro), BigInt(MICRO)) * NANO_BIG) / LOG2_OF_11;
  return clampBig(factor, 0n, NANO_BIG);
}
