/**
 * Disputes: a challenged vote is recomputed by a jury, and the bits decide. A liar loses all reputation, is banned and
 * his vote is struck; a false challenger loses his bond. The bond is reputation, not coins: a young network must be
 * able to catch liars before it has minted anything.
 */
import { decideJury, seatBits } from '../quorum/audit-rules.js';
import type { Execution } from './execution.js';
import { callStandby, dutyOf } from './seats.js';
import { shareVote } from './shares.js';
import {
  BANNED,
  type DisputeState,
  type OptimumState,
  type Reveal,
  SEAT_OPEN,
  SEAT_STRUCK,
  SEAT_VOTED,
  type SeatState,
} from './state/state.js';
import type { ChainRecord, Hash } from './types.js';

type Jurors = NonNullable<DisputeState['jury']>['jurors'];

/** Judges every dispute whose jury has answered or run out of time; struck seats of the quorum call the standby. */
export function decideDisputes(execution: Execution, id: Hash, optimum: OptimumState, reveal: Reveal): Reveal {
  let result = reveal;
  for (const [index, dispute] of reveal.disputes.entries()) {
    const { jury, decidedHeight } = dispute;
    if (jury === null || decidedHeight !== null) continue;
    const silent = jury.jurors.some(({ answer }) => answer === null);
    if (silent && execution.block.height <= jury.deadlineHeight) continue;
    result = {
      ...result,
      disputes: result.disputes.with(index, { ...dispute, decidedHeight: execution.block.height }),
    };
    result = decide(execution, id, optimum, result, dispute, jury.jurors);
  }
  return result;
}

function decide(
  execution: Execution,
  id: Hash,
  { domain }: OptimumState,
  reveal: Reveal,
  dispute: DisputeState,
  jurors: Jurors,
): Reveal {
  const accused = reveal.seats[dispute.seat];
  if (accused === undefined || accused.measurement === null) throw new Error(`dispute about no vote of ${id}`);
  const { challenger, bondMicro } = dispute;
  const decision = decideJury(
    jurors.length,
    jurors.flatMap(({ answer }) => answer ?? []),
  );
  const decided = (outcome: Extract<ChainRecord, { type: 'JUDGED' }>['outcome']) =>
    execution.records.push({
      type: 'JUDGED',
      optimum: id,
      domain,
      seat: dispute.seat,
      evaluator: accused.evaluator,
      challenger,
      outcome,
    });
  if (decision.kind === 'undecided') {
    execution.changeReputation(challenger, bondMicro);
    decided('undecided');
    return reveal;
  }
  settleJury(execution, jurors, decision.bits);
  if (decision.bits === seatBits(accused.measurement)) {
    decided('true-vote');
    return reveal;
  }
  const { agreedMicro } = execution.genesis.parameters.reputation;
  execution.changeReputation(challenger, bondMicro + agreedMicro);
  shareVote(execution, challenger);
  decided('false-vote');
  return strike(execution, { id, domain }, reveal, dispute.seat, accused);
}

/** Jurors are paid like evaluators, and pay like them. */
function settleJury(execution: Execution, jurors: Jurors, bits: Hash): void {
  const { agreedMicro, divergentMicro, missedMicro } = execution.genesis.parameters.reputation;
  for (const { node, answer } of jurors) {
    if (answer === null) execution.changeReputation(node, -missedMicro);
    else if (answer.bits === bits) {
      execution.changeReputation(node, agreedMicro);
      shareVote(execution, node);
    } else if (answer.bits !== null) execution.changeReputation(node, -divergentMicro);
  }
}

/** Whoever had certified the false vote as auditor pays for it too, and his audit does not count. */
function strike(
  execution: Execution,
  optimum: { readonly id: Hash; readonly domain: string },
  reveal: Reveal,
  index: number,
  accused: SeatState,
): Reveal {
  const { challenge, reputation } = execution.genesis.parameters;
  execution.changeReputation(accused.evaluator, -execution.reputationMicro(accused.evaluator));
  const { state, block } = execution;
  execution.state = state.set(BANNED, accused.evaluator, block.height + challenge.banBlocks);
  for (const seat of reveal.seats) {
    if (seat.audits === index && seat.status === SEAT_VOTED) {
      execution.changeReputation(seat.evaluator, -reputation.divergentMicro);
    }
  }
  const seats = withoutAudits(reveal.seats, index).with(index, { ...accused, status: SEAT_STRUCK });
  // The verdict is another one now: the window opens anew with it, at once or when the replacement has voted.
  return callStandby(execution, optimum, { ...reveal, seats, window: null }, dutyOf(accused) === 'quorum' ? 1 : 0);
}

/** A jury does what the seat's audit was for. `all`: also those that are in. */
export function withoutAudits(seats: readonly SeatState[], index: number, all = true): readonly SeatState[] {
  return seats.map((seat) =>
    seat.audits === index && (seat.status === SEAT_OPEN || (all && seat.status === SEAT_VOTED))
      ? { ...seat, status: SEAT_STRUCK }
      : seat,
  );
}
