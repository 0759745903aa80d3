/** What a quorum's filled seats mean: who was right, what the result is worth, or why it does not count. Writes nothing. */
import type { DomainSpec } from '../../gpu-workers/types.js';
import { incentiveFractionNano, quorumAgrees, tally } from '../quorum/rules.js';
import type { ChainParameters } from './genesis.js';
import { type Reveal, SEAT_FAILED, SEAT_MISSED, SEAT_VOTED, type SeatState } from './state/state.js';
import { isBetter } from './transactions/reveal.js';
import type { ChainRecord, JudgedVote } from './types.js';

export type RejectionReason = Extract<ChainRecord, { type: 'OPTIMAE_REJECTED' }>['reason'];

export type Verdict =
  | {
      readonly kind: 'accepted';
      readonly verifiedNano: number;
      /** Incentive fraction. */
      readonly fractionNano: bigint;
      readonly agreeing: number;
      readonly votes: readonly JudgedVote[];
    }
  | {
      readonly kind: 'rejected';
      readonly reason: RejectionReason;
      readonly verifiedNano: number | null;
      readonly votes: readonly JudgedVote[];
    };

/**
 * Call when no seat is open. Two thirds of the seats that were *drawn* must stand together: silence never makes a
 * quorum smaller, or a member alone on a branch of his own could confirm himself by waiting the others out.
 */
export function verdictOf(reveal: Reveal, spec: DomainSpec, bestNano: number, parameters: ChainParameters): Verdict {
  const voted = reveal.seats.filter((seat) => seat.status === SEAT_VOTED);
  const failed = reveal.seats.filter((seat) => seat.status === SEAT_FAILED);
  const missed = reveal.seats.filter((seat) => seat.status === SEAT_MISSED);
  const quorum = Math.max(reveal.quorum, voted.length + failed.length);
  const undecided = judged([...voted, ...failed], 'unjudged');
  if (quorum === 0 || !quorumAgrees(voted.length + failed.length, quorum))
    return rejected('no-quorum', null, undecided);
  // Nobody earns by saying so: a stranger could feed evaluators with garbage that costs him nothing.
  if (quorumAgrees(failed.length, quorum)) return rejected('unmeasurable', null, undecided);
  if (voted.length === 0) return rejected('quorum-disagrees', null, undecided);
  const measurements = voted.flatMap(({ measurement }) => measurement ?? []);
  const { medianNano, agrees, agreeing } = tally(
    measurements,
    parameters.toleranceStandardErrors,
    spec.toleranceFloorNano,
  );
  if (!quorumAgrees(agreeing, quorum)) return rejected('quorum-disagrees', medianNano, undecided);

  const votes = [
    ...voted.map(({ evaluator }, index) => vote(evaluator, agrees[index] ? 'agreed' : 'divergent')),
    // Others managed in the same time: a seat left empty or called unmeasurable costs its evaluator.
    ...judged(failed, 'failed'),
    ...judged(missed, 'missed'),
  ];
  const fractionNano = incentiveFractionNano(reveal.reportedNano, medianNano, spec.direction, parameters.incentive);
  if (fractionNano === 0n) return rejected('overstated', medianNano, votes);
  if (!isBetter(medianNano, bestNano, spec.direction)) return rejected('not-better', medianNano, votes);
  return { kind: 'accepted', verifiedNano: medianNano, fractionNano, agreeing, votes };
}

function rejected(reason: RejectionReason, verifiedNano: number | null, votes: readonly JudgedVote[]): Verdict {
  return { kind: 'rejected', reason, verifiedNano, votes };
}

function judged(seats: readonly SeatState[], outcome: JudgedVote['outcome']): readonly JudgedVote[] {
  return seats.map(({ evaluator }) => vote(evaluator, outcome));
}

function vote(evaluator: string, outcome: JudgedVote['outcome']): JudgedVote {
  return { evaluator, outcome };
}
