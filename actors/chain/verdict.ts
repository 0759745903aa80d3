/** What a quorum's filled seats mean: who was right, what the result is worth, or why it does not count. Writes nothing. */
import type { DomainSpec } from '../../gpu-workers/types.js';
import { incentiveFractionNano, isWithin, quorumAgrees, tally } from '../quorum/rules.js';
import type { ChainParameters } from './genesis.js';
import { dutyOf } from './seats.js';
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
 * Call when no seat of the quorum is open; a struck vote never was. Two thirds of the seats that were *drawn* must stand together: silence never makes a
 * quorum smaller, or a member alone on a branch of his own could confirm himself by waiting the others out.
 */
export function verdictOf(reveal: Reveal, spec: DomainSpec, bestNano: number, parameters: ChainParameters): Verdict {
  const seats = reveal.seats.filter((seat) => dutyOf(seat) === 'quorum');
  const voted = seats.filter((seat) => seat.status === SEAT_VOTED);
  const failed = seats.filter((seat) => seat.status === SEAT_FAILED);
  const missed = seats.filter((seat) => seat.status === SEAT_MISSED);
  const quorum = Math.max(reveal.quorum ?? 0, voted.length + failed.length);
  const audits = auditsOf(reveal);
  const undecided = [...judged([...voted, ...failed], 'unjudged'), ...audits.filter(isAgreed)];
  if (quorum === 0 || !quorumAgrees(voted.length + failed.length, quorum))
    return rejected('no-quorum', null, undecided);
  // Nobody earns by saying so: a stranger could feed evaluators with garbage that costs him nothing.
  if (quorumAgrees(failed.length, quorum)) return rejected('unmeasurable', null, undecided);
  if (voted.length === 0) return rejected('quorum-disagrees', null, undecided);
  const measurements = voted.flatMap(({ measurement }) => measurement ?? []);
  const { medianNano, toleranceNano, agrees, agreeing } = tally(measurements, {
    standardErrors: parameters.toleranceStandardErrors,
    floorNano: spec.toleranceFloorNano,
    noiseNano: spec.noiseNano,
  });
  if (!quorumAgrees(agreeing, quorum)) return rejected('quorum-disagrees', medianNano, undecided);

  const votes = [
    ...voted.map(({ evaluator }, index) => vote(evaluator, agrees[index] ? 'agreed' : 'divergent')),
    // Others managed in the same time: a seat left empty or called unmeasurable costs its evaluator.
    ...judged(failed, 'failed'),
    ...judged(missed, 'missed'),
    ...audits,
    ...shadowsOf(reveal, medianNano, toleranceNano),
  ];
  const fractionNano = incentiveFractionNano(
    reveal.reportedNano,
    medianNano,
    spec.direction,
    parameters.incentive,
    toleranceNano,
  );
  if (fractionNano === 0n) return rejected('overstated', medianNano, votes);
  if (!isBetter(medianNano, bestNano, spec.direction)) return rejected('not-better', medianNano, votes);
  return { kind: 'accepted', verifiedNano: medianNano, fractionNano, agreeing, votes };
}

/** Clean ones are paid whatever the verdict: the work was done and asked for. */
function auditsOf({ seats }: Reveal): readonly JudgedVote[] {
  return seats.flatMap(({ audits, evaluator, status }): JudgedVote[] => {
    if (audits === null) return [];
    if (status === SEAT_VOTED) return [{ evaluator, duty: 'audit', outcome: 'agreed' }];
    return status === SEAT_MISSED ? [{ evaluator, duty: 'audit', outcome: 'missed' }] : [];
  });
}

/** Newcomers who found what the quorum found, and whose work an auditor repeated to the bit. */
function shadowsOf({ seats }: Reveal, medianNano: number, toleranceNano: number): readonly JudgedVote[] {
  return seats.flatMap((seat, index): JudgedVote[] => {
    if (dutyOf(seat) !== 'shadow' || seat.measurement === null || seat.status !== SEAT_VOTED) return [];
    const near = isWithin(seat.measurement.performanceNano, medianNano, toleranceNano);
    const clean = seats.some(({ audits, status }) => audits === index && status === SEAT_VOTED);
    return near && clean ? [{ evaluator: seat.evaluator, duty: 'shadow', outcome: 'agreed' }] : [];
  });
}

function isAgreed({ outcome }: JudgedVote): boolean {
  return outcome === 'agreed';
}

function rejected(reason: RejectionReason, verifiedNano: number | null, votes: readonly JudgedVote[]): Verdict {
  return { kind: 'rejected', reason, verifiedNano, votes };
}

function judged(seats: readonly SeatState[], outcome: JudgedVote['outcome']): readonly JudgedVote[] {
  return seats.map(({ evaluator }) => vote(evaluator, outcome));
}

function vote(evaluator: string, outcome: JudgedVote['outcome']): JudgedVote {
  return { evaluator, duty: 'quorum', outcome };
}
