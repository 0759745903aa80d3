import type { Execution } from '../execution.js';
import { writeReveal } from '../seats.js';
import { OPTIMUM, SEAT_FAILED, SEAT_OPEN, SEAT_VOTED, type SeatState } from '../state/state.js';
import type { NodeId, TransactionBody } from '../types.js';
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
  if (!repeats(optimum.reveal.seats[seat.audits ?? vote.seat], seat, vote)) return { code: 'audit-differs' };
  const filled: SeatState = {
    ...seat,
    status: vote.measurement === null ? SEAT_FAILED : SEAT_VOTED,
    measurement: vote.measurement,
  };
  const seats = optimum.reveal.seats.with(vote.seat, filled);
  writeReveal(execution, vote.optimum, optimum, { ...optimum.reveal, seats });
  return null;
}

/** An auditor certifies the other's numbers, with a digest of his own; one who finds others sends a challenge. */
function repeats(audited: SeatState | undefined, seat: SeatState, { measurement }: Vote): boolean {
  if (seat.audits === null || measurement === null) return true;
  const { performanceNano, standardErrorNano, dataHash } = audited?.measurement ?? {};
  return (
    measurement.performanceNano === performanceNano &&
    measurement.standardErrorNano === standardErrorNano &&
    measurement.dataHash === dataHash
  );
}
