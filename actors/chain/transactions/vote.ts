import { type Execution, seatView } from '../execution.js';
import { OPTIMUM, SEAT_FAILED, SEAT_OPEN, SEAT_VOTED, type SeatState } from '../state/state.js';
import type { NodeId, TransactionBody } from '../types.js';
import type { Refusal } from './refusal.js';

type Vote = Extract<TransactionBody, { type: 'vote' }>;

/** Fills the sender's own seat. The verdict follows at the end of the block (settlement.ts). */
export function applyVote(execution: Execution, sender: NodeId, vote: Vote): Refusal | null {
  const optimum = execution.state.get(OPTIMUM, vote.optimum);
  if (optimum === undefined || optimum.reveal === null) return { code: 'unknown-optimum', later: true };
  const seat = optimum.reveal.seats[vote.seat];
  if (seat === undefined) return { code: 'unknown-seat', later: true };
  if (seat.evaluator !== sender) return { code: 'not-your-seat' };
  if (seat.dataSeed !== vote.dataSeed) return { code: 'wrong-data-seed' };
  if (seat.status !== SEAT_OPEN) return { code: 'seat-closed' };
  if (execution.block.height > seat.deadlineHeight) return { code: 'vote-too-late' };
  const filled: SeatState = {
    ...seat,
    status: vote.measurement === null ? SEAT_FAILED : SEAT_VOTED,
    measurement: vote.measurement,
  };
  const seats = optimum.reveal.seats.with(vote.seat, filled);
  execution.state = execution.state.set(OPTIMUM, vote.optimum, { ...optimum, reveal: { ...optimum.reveal, seats } });
  execution.records.push({
    type: 'TASK_COMPLETED',
    optimum: vote.optimum,
    domain: optimum.domain,
    seat: seatView(filled, vote.seat),
  });
  return null;
}
