/** What the chain's state asks of one evaluator, and the transaction that answers it. Pure: state in, body out. */
import type { Evidence, Measurement } from '../../gpu-workers/types.js';
import { toNano } from '../../runtime/fixed/nano.js';
import type { OpenOptimum } from '../chain/messages.js';
import type { Hash, NodeId, Seat, SeatMeasurement, TransactionBody } from '../chain/types.js';
import { seatBits } from './audit-rules.js';
import { traceDigestOf } from './rules.js';

/** One measurement to make: a seat of ours, or the accused seat of a jury we sit on. */
export interface Duty {
  /** Unique per duty and branch, as data seeds are per seat and branch. */
  readonly key: string;
  readonly kind: 'vote' | 'audit' | 'jury';
  readonly optimum: OpenOptimum;
  /** The seat that is answered for: ours, or the accused. */
  readonly seat: Seat;
  /** Whose numbers are judged; our own for a vote. */
  readonly judged: Seat;
}

export type Answer = Extract<TransactionBody, { type: 'vote' | 'challenge' | 'jury-vote' }>;

/** Everything that is asked of this node now, in the domains it measures. */
export function dutiesOf(optimae: readonly OpenOptimum[], self: NodeId, evaluates: readonly string[]): readonly Duty[] {
  return optimae
    .filter(({ domain }) => evaluates.includes(domain))
    .flatMap((optimum) => [...seatsOf(optimum, self), ...juriesOf(optimum, self)]);
}

function seatsOf(optimum: OpenOptimum, self: NodeId): readonly Duty[] {
  return optimum.seats.flatMap((seat) => {
    const judged = seat.audits === null ? seat : optimum.seats[seat.audits];
    if (seat.evaluator !== self || seat.status !== 'open' || judged === undefined) return [];
    const kind = seat.audits === null ? 'vote' : 'audit';
    return [{ key: `${kind} ${seat.dataSeed}`, kind, optimum, seat, judged } as const];
  });
}

function juriesOf(optimum: OpenOptimum, self: NodeId): readonly Duty[] {
  return optimum.disputes.flatMap((dispute) => {
    const accused = optimum.seats[dispute.seat];
    if (accused === undefined || !dispute.awaited.includes(self)) return [];
    return [{ key: `jury ${accused.dataSeed}`, kind: 'jury', optimum, seat: accused, judged: accused } as const];
  });
}

/** Null stands for "cannot be measured". An auditor who finds other bits than were published accuses, where bits prove it. */
export function answerOf(duty: Duty, self: NodeId, measured: (Measurement & Evidence) | null): Answer {
  const {
    kind,
    optimum: { optimum, verification },
    seat,
    judged,
  } = duty;
  const { index, dataSeed } = seat;
  const own = measured === null ? null : seatMeasurementOf(self, measured);
  if (kind === 'vote' || (kind === 'audit' && verification === 'statistical')) {
    return { type: 'vote', optimum, seat: index, dataSeed, measurement: own };
  }
  const asJudged = measured === null ? null : seatMeasurementOf(judged.evaluator, measured);
  const found = asJudged === null ? null : seatBits(asJudged);
  if (kind === 'jury') return { type: 'jury-vote', optimum, seat: index, dataSeed, bits: found };
  const published = publishedBits(judged);
  if (found !== null && published !== null && found !== published) {
    return { type: 'challenge', optimum, seat: judged.index, bits: published };
  }
  const measurement = own === null || measured === null ? null : { ...own, traceDigest: measured.traceHash };
  return { type: 'vote', optimum, seat: index, dataSeed, measurement };
}

/** What the evaluator's floats are on the chain; null when they do not fit. */
export function seatMeasurementOf(evaluator: NodeId, measured: Measurement & Evidence): SeatMeasurement | null {
  const performanceNano = toNano(measured.performance);
  const standardErrorNano = toNano(measured.standardError);
  if (performanceNano === null || standardErrorNano === null) return null;
  const { dataHash, traceHash } = measured;
  return { performanceNano, standardErrorNano, dataHash, traceDigest: traceDigestOf(evaluator, traceHash) };
}

function publishedBits({ performanceNano, standardErrorNano, dataHash, traceDigest }: Seat): Hash | null {
  if (performanceNano === null || standardErrorNano === null || dataHash === null || traceDigest === null) return null;
  return seatBits({ performanceNano, standardErrorNano, dataHash, traceDigest });
}
