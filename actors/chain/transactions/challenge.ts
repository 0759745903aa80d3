import { seatBits } from '../../quorum/audit-rules.js';
import { withoutAudits } from '../disputes.js';
import { juryCandidates } from '../draws.js';
import type { Execution } from '../execution.js';
import { LIMITS } from '../limits.js';
import { writeReveal } from '../seats.js';
import { OPTIMUM, SEAT_VOTED } from '../state/state.js';
import type { NodeId, TransactionBody } from '../types.js';
import type { Refusal } from './refusal.js';

type Challenge = Extract<TransactionBody, { type: 'challenge' }>;

/** Says that a vote's bits are not what the seat's data give, and stakes reputation on it. The next block draws a jury. */
export function applyChallenge(execution: Execution, sender: NodeId, challenge: Challenge): Refusal | null {
  const optimum = execution.state.get(OPTIMUM, challenge.optimum);
  if (optimum === undefined || optimum.reveal === null) return { code: 'unknown-optimum', later: true };
  const { reveal } = optimum;
  // Honest measurements differ there, so bits prove nothing.
  if (execution.domain(optimum.domain)?.verification !== 'exact') return { code: 'statistical-domain' };
  if (reveal.window === null) return { code: 'no-window', later: true };
  const seat = reveal.seats[challenge.seat];
  if (seat === undefined || seat.status !== SEAT_VOTED || seat.measurement === null)
    return { code: 'nothing-to-challenge' };
  // On another branch the same evaluator may have voted otherwise: the accusation names the bits it is about.
  if (seatBits(seat.measurement) !== challenge.bits) return { code: 'another-vote' };
  if (seat.evaluator === sender) return { code: 'own-seat' };
  if (execution.isBanned(sender)) return { code: 'banned' };
  if (reveal.disputes.some((dispute) => dispute.seat === challenge.seat)) return { code: 'already-challenged' };
  if (reveal.disputes.length >= LIMITS.disputesPerOptimum) return { code: 'too-many-disputes' };
  const { parameters } = execution.genesis;
  const { bondMicro } = parameters.challenge;
  if (execution.reputationMicro(sender) < Math.max(parameters.reputation.minimumMicro, bondMicro)) {
    return { code: 'too-little-reputation', later: true };
  }
  if (juryCandidates(execution, optimum, [sender, seat.evaluator]).length === 0) return { code: 'no-jury' };

  execution.changeReputation(sender, -bondMicro);
  const dispute = { seat: challenge.seat, challenger: sender, bondMicro, jury: null, decidedHeight: null };
  const seats = withoutAudits(reveal.seats, challenge.seat, false);
  writeReveal(execution, challenge.optimum, optimum, { ...reveal, seats, disputes: [...reveal.disputes, dispute] });
  return null;
}
