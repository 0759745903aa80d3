/**
 * Draws of the challenge window: which seats are recomputed, by whom, and who sits on a jury. Each is a hash over the
 * beacon of the block that opens it, so nobody knows before his vote whether somebody will look.
 */

import { fromHex, uint64Bytes } from '../../runtime/codec/bytes.js';
import { encode } from '../../runtime/codec/canonical.js';
import { type HashTag, hash } from '../../runtime/crypto/hash.js';
import { NANO_BIG } from '../../runtime/fixed/nano.js';
import { seatMeasurementCodec } from '../chain/codec.js';
import type { Ballot } from '../chain/state/state.js';
import type { SeatMeasurement } from '../chain/types.js';

/** Whether a seat falls under the given chance (1e9 = always). */
export function isSampled(beacon: string, optimum: string, seat: number, chanceNano: number): boolean {
  const digest = hash('doin/audit', [fromHex(beacon), fromHex(optimum), uint64Bytes(seat)]);
  return BigInt(`0x${digest}`) % NANO_BIG < BigInt(chanceNano);
}

/** Who recomputes a seat; undefined when there is nobody. */
export function drawAuditor(
  beacon: string,
  optimum: string,
  seat: number,
  candidates: readonly string[],
): string | undefined {
  return ordered('doin/auditor', beacon, optimum, seat, candidates)[0];
}

export function drawJury(
  beacon: string,
  optimum: string,
  seat: number,
  candidates: readonly string[],
  size: number,
): readonly string[] {
  return ordered('doin/juror', beacon, optimum, seat, candidates).slice(0, size);
}

/** Which newcomers measure on the side. */
export function drawShadows(
  beacon: string,
  optimum: string,
  candidates: readonly string[],
  count: number,
): readonly string[] {
  return ordered('doin/shadow', beacon, optimum, 0, candidates).slice(0, count);
}

function ordered(
  tag: HashTag,
  beacon: string,
  optimum: string,
  seat: number,
  candidates: readonly string[],
): readonly string[] {
  return candidates
    .map((node) => ({
      node,
      order: hash(tag, [fromHex(beacon), fromHex(optimum), uint64Bytes(seat), fromHex(node)]),
    }))
    .sort((a, b) => (a.order < b.order ? -1 : 1))
    .map(({ node }) => node);
}

/** Everything a seat's evaluator claims, in one hash: equal exactly when every bit is. */
export function seatBits(measurement: SeatMeasurement): string {
  return hash('doin/seat-bits', [encode(seatMeasurementCodec, measurement)]);
}

export type JuryDecision =
  | { readonly kind: 'undecided' }
  /** `bits` is what the majority found. */
  | { readonly kind: 'decided'; readonly bits: string };

/**
 * More than half of the drawn must have recomputed the seat, and more than half of those must have found the same
 * bits. Honest jurors cannot differ; those who agree by arrangement need a majority of a random draw.
 */
export function decideJury(drawn: number, ballots: readonly Ballot[]): JuryDecision {
  const counts = new Map<string, number>();
  for (const { bits } of ballots) if (bits !== null) counts.set(bits, (counts.get(bits) ?? 0) + 1);
  const answered = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (2 * answered <= drawn) return { kind: 'undecided' };
  const [winner] = [...counts].filter(([, count]) => 2 * count > answered);
  return winner === undefined ? { kind: 'undecided' } : { kind: 'decided', bits: winner[0] };
}
