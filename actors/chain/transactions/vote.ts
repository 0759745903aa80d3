import { tally, traceDigestOf } from '../../quorum/rules.js';
import type { Execution } from '../execution.js';
import { writeReveal } from '../seats.js';
import { OPTIMUM, type OptimumState, SEAT_FAILED, SEAT_OPEN, SEAT_VOTED } from '../state/state.js';
import type { NodeId, SeatMeasurement, TransactionBody } from '../types.js';
import type { Refusal } from './refusal.js';

type Vote = Extract<TransactionBody, { type: 'vote' }>;

/** Fills the sender's own seat. The verdict follows at the start of the next block (settlement.ts). */
export function applyVote(execution: Execution, sender: NodeId, vote: Vote): Refusal | null {
  const optimum = execution.state.get(OPTIMUM, vote.optimum);
  if (optimum === undefined || optimum.reveal === null) return { code: 'unknown-optimum', later: true };
  const seat = optimum.reveal.seats[vote.seat];
  if (seat === undefined) return { code: 'unknown-seat', later: true };
  if (seat.evaluator !== sender) return { code: 'not-your-seat' };
  if (seat.dataSeed !== vote.dataSeed) return { code: 'wrong-data-seed' };
  if (seat.status !== SEAT_OPEN) return { code: 'seat-closed' };
  if (execution.block.height > seat.deadlineHeight) return { code: 'vote-too-late' };
  const outcome = seat.audits === null ? vote.measurement : auditOutcome(execution, optimum, seat.audits, vote);
  if (outcome === 'differs') return { code: 'audit-differs' };
  const status = outcome === null ? SEAT_FAILED : SEAT_VOTED;
  const seats = optimum.reveal.seats.with(vote.seat, { ...seat, status, measurement: outcome });
  writeReveal(execution, vote.optimum, optimum, { ...optimum.reveal, seats });
  return null;
}

/**
 * An auditor certifies the other's numbers by what only the evaluation itself gives: the trace whose salted digest the
 * other published. Whoever finds other numbers sends a challenge. In a statistical domain he states numbers of his own,
 * and certifies when the two agree as votes do; nobody can prove anything there.
 */
function auditOutcome(
  execution: Execution,
  { domain, reveal }: OptimumState,
  index: number,
  { measurement }: Vote,
): SeatMeasurement | null | 'differs' {
  const audited = reveal?.seats[index];
  const spec = execution.domain(domain);
  if (measurement === null) return null;
  if (!audited?.measurement || spec === undefined) return 'differs';
  if (spec.verification === 'exact') return repeats(audited.evaluator, audited.measurement, measurement);
  const { toleranceFloorNano: floorNano, noiseNano } = spec;
  const standardErrors = execution.genesis.parameters.toleranceStandardErrors;
  const { agreeing } = tally([audited.measurement, measurement], { standardErrors, floorNano, noiseNano });
  return agreeing === 2 ? measurement : null;
}

function repeats(evaluator: NodeId, published: SeatMeasurement, found: SeatMeasurement): SeatMeasurement | 'differs' {
  const same =
    found.performanceNano === published.performanceNano &&
    found.standardErrorNano === published.standardErrorNano &&
    found.dataHash === published.dataHash &&
    traceDigestOf(evaluator, found.traceDigest) === published.traceDigest;
  return same ? found : 'differs';
}
