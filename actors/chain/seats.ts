/** Seats as the state holds them: how they are given out, and what happens when their time is over. */
import { seatDataSeed } from '../quorum/rules.js';
import { DUTIES, type Execution, seatView } from './execution.js';
import { OPTIMUM, type OptimumState, type Reveal, SEAT_MISSED, SEAT_OPEN, type SeatState } from './state/state.js';
import type { Hash, NodeId, SeatDuty } from './types.js';

/** A seat of the block that is being made, with data of its own. */
export function newSeat(
  execution: Execution,
  optimum: { readonly id: Hash; readonly domain: string },
  evaluator: NodeId,
  duty: Exclude<SeatDuty, 'audit'>,
): SeatState {
  const { beacon, height } = execution.block;
  return {
    duty: DUTIES.indexOf(duty),
    audits: null,
    evaluator,
    dataSeed: seatDataSeed(optimum.id, optimum.domain, evaluator, beacon),
    deadlineHeight: height + execution.genesis.parameters.seatDeadlineBlocks,
    status: SEAT_OPEN,
    measurement: null,
  };
}

/** The same data once more, for somebody else. */
export function auditSeat(execution: Execution, audited: SeatState, index: number, auditor: NodeId): SeatState {
  return {
    ...audited,
    duty: DUTIES.indexOf('audit'),
    audits: index,
    evaluator: auditor,
    deadlineHeight: execution.block.height + execution.genesis.parameters.seatDeadlineBlocks,
    status: SEAT_OPEN,
    measurement: null,
  };
}

export function dutyOf(seat: Pick<SeatState, 'duty'>): SeatDuty {
  return DUTIES[seat.duty] ?? 'quorum';
}

/** Writes the seats and tells which are new and which are done. */
export function writeReveal(execution: Execution, id: Hash, optimum: OptimumState, reveal: Reveal): void {
  const before = optimum.reveal?.seats ?? [];
  execution.state = execution.state.set(OPTIMUM, id, { ...optimum, reveal });
  for (const [index, seat] of reveal.seats.entries()) {
    const known = before[index];
    if (known?.status === seat.status) continue;
    execution.records.push({
      type: seat.status === SEAT_OPEN ? 'TASK_CREATED' : 'TASK_COMPLETED',
      optimum: id,
      domain: optimum.domain,
      seat: seatView(seat, index),
    });
  }
}

/**
 * Seats past their deadline count as missed; each of the quorum's calls the next evaluator on standby. What a missed
 * seat costs is settled with the verdict: only where others could do what it did not.
 */
export function closeLateSeats(execution: Execution, id: Hash, domain: string, reveal: Reveal): Reveal {
  const { height } = execution.block;
  const late = reveal.seats.filter((seat) => seat.status === SEAT_OPEN && height > seat.deadlineHeight);
  if (late.length === 0) return reveal;
  const seats = reveal.seats.map((seat) => (late.includes(seat) ? { ...seat, status: SEAT_MISSED } : seat));
  const vacant = late.filter((seat) => dutyOf(seat) === 'quorum').length;
  return callStandby(execution, { id, domain }, { ...reveal, seats }, vacant);
}

export function callStandby(
  execution: Execution,
  optimum: { readonly id: Hash; readonly domain: string },
  reveal: Reveal,
  vacant: number,
): Reveal {
  const called = reveal.standby.slice(0, vacant).map((evaluator) => newSeat(execution, optimum, evaluator, 'quorum'));
  return { ...reveal, seats: [...reveal.seats, ...called], standby: reveal.standby.slice(called.length) };
}
