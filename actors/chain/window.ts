/**
 * The challenge window: opens with the provisional verdict, has seats recomputed by drawn auditors, and ends when its
 * blocks are over and nothing in it is undecided. Every wait in it has a deadline.
 */
import type { DomainSpec } from '../../gpu-workers/types.js';
import { ratioNano } from '../../runtime/fixed/nano.js';
import { drawAuditor, isSampled } from '../quorum/audit-rules.js';
import { eligibleEvaluators } from './eligibility.js';
import type { Execution } from './execution.js';
import { auditSeat, dutyOf } from './seats.js';
import { type OptimumState, type Reveal, SEAT_OPEN, SEAT_VOTED, type SeatState } from './state/state.js';
import type { Hash } from './types.js';
import type { Verdict } from './verdict.js';

/** Sets the end of the window and gives out the audits. Call when the verdict is as good as the seats so far make it. */
export function openWindow(
  execution: Execution,
  id: Hash,
  optimum: OptimumState,
  reveal: Reveal,
  verdict: Verdict,
  grossNano: bigint,
): Reveal {
  const { windowBlocks } = execution.genesis.parameters.challenge;
  const settlesAtHeight = execution.block.height + windowBlocks;
  const verifiedNano = verdict.kind === 'accepted' ? verdict.verifiedNano : null;
  const { genome, blob } = reveal;
  execution.records.push({
    type: 'PROVISIONAL',
    optimum: id,
    domain: optimum.domain,
    optimizer: optimum.optimizer,
    genome,
    blob,
    verifiedNano,
    settlesAtHeight,
  });
  const audits = drawAudits(execution, id, optimum, reveal, auditChanceNano(execution, verdict, grossNano));
  return { ...reveal, window: { settlesAtHeight, verifiedNano }, seats: [...reveal.seats, ...audits] };
}

/** How much better than the best so far, in steps of the domain's scale: what decides how closely a result is looked at. */
export function gainNano(spec: DomainSpec, bestNano: number, verifiedNano: number): bigint {
  const gain = BigInt(verifiedNano) - BigInt(bestNano);
  return ratioNano(spec.direction === 'maximize' ? gain : -gain, BigInt(spec.incrementScaleNano));
}

/** Large gains, disagreement and verdicts that cost the optimizer are looked at more closely than the daily small step. */
function auditChanceNano(execution: Execution, verdict: Verdict, grossNano: bigint): number {
  const { largeGainNano, auditLargeNano, auditSmallNano } = execution.genesis.parameters.challenge;
  if (verdict.kind === 'accepted') return grossNano >= BigInt(largeGainNano) ? auditLargeNano : auditSmallNano;
  return verdict.reason === 'not-better' ? auditSmallNano : auditLargeNano;
}

/**
 * One auditor for a drawn seat: somebody eligible who is neither its evaluator nor the optimizer. A shadow seat is
 * always recomputed, as its evaluator has nothing to lose by making numbers up; it does not count for the optimum, so
 * the optimizer may audit it, and a newcomer can rise in a network of two.
 */
function drawAudits(
  execution: Execution,
  id: Hash,
  { domain, optimizer }: OptimumState,
  { seats }: Reveal,
  chanceNano: number,
): readonly SeatState[] {
  const { beacon } = execution.block;
  const eligible = eligibleEvaluators(execution, domain);
  return seats.flatMap((seat, index) => {
    if (seat.status !== SEAT_VOTED || dutyOf(seat) === 'audit') return [];
    if (seats.some(({ audits }) => audits === index)) return [];
    const shadow = dutyOf(seat) === 'shadow';
    if (!shadow && !isSampled(beacon, id, index, chanceNano)) return [];
    const candidates = eligible.filter((node) => node !== seat.evaluator && (shadow || node !== optimizer));
    const auditor = drawAuditor(beacon, id, index, candidates);
    return auditor === undefined ? [] : [auditSeat(execution, seat, index, auditor)];
  });
}

/** Newcomers may vote after the quorum has: their seats get their auditors as they come, while there is time. */
export function auditLateShadows(execution: Execution, id: Hash, optimum: OptimumState, reveal: Reveal): Reveal {
  const { window, seats } = reveal;
  if (window === null || execution.block.height >= window.settlesAtHeight) return reveal;
  const late = seats.some(
    (seat, index) =>
      dutyOf(seat) === 'shadow' && seat.status === SEAT_VOTED && !seats.some(({ audits }) => audits === index),
  );
  if (!late) return reveal;
  const audits = drawAudits(execution, id, optimum, reveal, 0);
  return audits.length === 0 ? reveal : { ...reveal, seats: [...seats, ...audits] };
}

/** True when the window's blocks are over, the audits are in and the disputes are decided. */
export function windowIsOver(execution: Execution, { window, seats, disputes }: Reveal): boolean {
  if (window === null) return false;
  // Where nobody measured anything there is nothing to recompute.
  if (!seats.some(({ status }) => status === SEAT_VOTED)) return true;
  if (execution.block.height < window.settlesAtHeight) return false;
  if (disputes.some(({ decidedHeight }) => decidedHeight === null)) return false;
  return !seats.some((seat) => dutyOf(seat) === 'audit' && seat.status === SEAT_OPEN);
}
