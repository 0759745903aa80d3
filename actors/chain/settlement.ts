/**
 * What happens to open optimae at the end of every block: late commitments expire, missing evaluators are replaced,
 * and an optimum whose seats are all filled gets its verdict, with everything that follows from it.
 */

import type { DomainSpec } from '../../gpu-workers/types.js';
import { ratioNano, scaleByNano } from '../../runtime/fixed/nano.js';
import { incentiveFractionNano, quorumAgrees, seatDataSeed, tally } from '../quorum/rules.js';
import { reputationFactorNano } from '../reputation/rules.js';
import { type Execution, seatView } from './execution.js';
import {
  DOMAIN,
  OPEN,
  OPTIMUM,
  type OptimumState,
  type Reveal,
  SEAT_FAILED,
  SEAT_MISSED,
  SEAT_OPEN,
  SEAT_VOTED,
  type SeatState,
  SHARES,
} from './state/state.js';
import { isBetter } from './transactions/reveal.js';
import type { ChainRecord, Hash, JudgedVote, NodeId } from './types.js';

type Rejection = Extract<ChainRecord, { type: 'OPTIMAE_REJECTED' }>;
type RejectionReason = Rejection['reason'];

export function settleOpenOptimae(execution: Execution): void {
  for (const id of execution.state.require(OPEN)) {
    const optimum = execution.state.require(OPTIMUM, id);
    if (optimum.reveal === null) expireIfLate(execution, id, optimum);
    else settleIfDecided(execution, id, optimum, replaceMissing(execution, id, optimum, optimum.reveal));
  }
}

function expireIfLate(execution: Execution, id: Hash, optimum: OptimumState): void {
  if (execution.block.timestampMs < optimum.expiresAtMs) return;
  close(execution, id);
  execution.records.push({ type: 'COMMIT_EXPIRED', optimum: id, domain: optimum.domain, optimizer: optimum.optimizer });
}

/** Seats past their deadline count as missed; each calls the next evaluator on standby, with data of his own. */
function replaceMissing(execution: Execution, id: Hash, optimum: OptimumState, reveal: Reveal): Reveal {
  const { height, beacon } = execution.block;
  const late = reveal.seats.filter((seat) => seat.status === SEAT_OPEN && height > seat.deadlineHeight);
  if (late.length === 0) return reveal;
  const called = reveal.standby.slice(0, late.length);
  const replacements = called.map(
    (evaluator): SeatState => ({
      evaluator,
      dataSeed: seatDataSeed(id, optimum.domain, evaluator, beacon),
      deadlineHeight: height + execution.genesis.parameters.seatDeadlineBlocks,
      status: SEAT_OPEN,
      performanceNano: 0,
      standardErrorNano: 0,
    }),
  );
  const kept = reveal.seats.map((seat) => (late.includes(seat) ? { ...seat, status: SEAT_MISSED } : seat));
  const seats = [...kept, ...replacements];
  const changed: Reveal = { ...reveal, seats, standby: reveal.standby.slice(called.length) };
  execution.state = execution.state.set(OPTIMUM, id, { ...optimum, reveal: changed });
  for (const [index, seat] of seats.entries()) {
    if (index >= kept.length) {
      execution.records.push({
        type: 'TASK_CREATED',
        optimum: id,
        domain: optimum.domain,
        seat: seatView(seat, index),
      });
    } else if (seat.status === SEAT_MISSED && reveal.seats[index]?.status === SEAT_OPEN) {
      execution.records.push({
        type: 'TASK_COMPLETED',
        optimum: id,
        domain: optimum.domain,
        seat: seatView(seat, index),
      });
      execution.changeReputation(seat.evaluator, -execution.genesis.parameters.reputation.missedMicro);
    }
  }
  return changed;
}

function settleIfDecided(execution: Execution, id: Hash, optimum: OptimumState, reveal: Reveal): void {
  if (reveal.seats.some((seat) => seat.status === SEAT_OPEN)) return;
  close(execution, id);
  const voted = reveal.seats.filter((seat) => seat.status === SEAT_VOTED);
  const failed = reveal.seats.filter((seat) => seat.status === SEAT_FAILED);
  // Missed seats were replaced as long as anybody stood by; the verdict is over those who answered.
  const answered = voted.length + failed.length;
  const refuse = (reason: RejectionReason, verifiedNano: number | null, votes: readonly JudgedVote[]): void =>
    reject(execution, id, optimum, { reason, reportedNano: reveal.reportedNano, verifiedNano, votes });
  const spec = execution.domain(optimum.domain);
  if (answered === 0 || spec === undefined) return refuse('no-quorum', null, []);
  if (quorumAgrees(failed.length, answered)) {
    return refuse(
      'unmeasurable',
      null,
      settleVoters(execution, optimum, [...judged(failed, 'agreed'), ...judged(voted, 'divergent')]),
    );
  }
  const nobodyIsRight = judged([...voted, ...failed], 'unjudged');
  if (voted.length === 0) return refuse('quorum-disagrees', null, nobodyIsRight);
  const result = tally(voted, execution.genesis.parameters.toleranceStandardErrors, spec.toleranceFloorNano);
  if (!quorumAgrees(result.agreeing, answered)) return refuse('quorum-disagrees', result.medianNano, nobodyIsRight);
  const votes = settleVoters(execution, optimum, [
    ...voted.map(
      (seat, index): JudgedVote => ({
        evaluator: seat.evaluator,
        outcome: result.agrees[index] ? 'agreed' : 'divergent',
      }),
    ),
    // Who could not measure what the others could is not lying; his seat counts as missed.
    ...judged(failed, 'unjudged'),
  ]);
  for (const seat of failed) {
    execution.changeReputation(seat.evaluator, -execution.genesis.parameters.reputation.missedMicro);
  }
  judge(execution, id, optimum, reveal, spec, { verifiedNano: result.medianNano, agreeing: result.agreeing, votes });
}

function judged(seats: readonly SeatState[], outcome: JudgedVote['outcome']): readonly JudgedVote[] {
  return seats.map(({ evaluator }) => ({ evaluator, outcome }));
}

/** Pays those who agreed, punishes those who did not; gives the list back for the record. */
function settleVoters(
  execution: Execution,
  optimum: OptimumState,
  votes: readonly JudgedVote[],
): readonly JudgedVote[] {
  for (const { evaluator, outcome } of votes) {
    if (outcome === 'agreed') rewardEvaluator(execution, optimum, evaluator);
    if (outcome === 'divergent') {
      execution.changeReputation(evaluator, -execution.genesis.parameters.reputation.divergentMicro);
    }
  }
  return votes;
}

interface Verified {
  readonly verifiedNano: number;
  readonly agreeing: number;
  readonly votes: readonly JudgedVote[];
}

function judge(
  execution: Execution,
  id: Hash,
  optimum: OptimumState,
  reveal: Reveal,
  spec: DomainSpec,
  { verifiedNano, agreeing, votes }: Verified,
): void {
  const { reportedNano } = reveal;
  const { incentive } = execution.genesis.parameters;
  const fraction = incentiveFractionNano(reportedNano, verifiedNano, spec.direction, incentive);
  if (fraction === 0n)
    return reject(execution, id, optimum, { reason: 'overstated', reportedNano, verifiedNano, votes });
  const domain = execution.state.require(DOMAIN, optimum.domain);
  if (!isBetter(verifiedNano, domain.bestNano, spec.direction)) {
    return reject(execution, id, optimum, { reason: 'not-better', reportedNano, verifiedNano, votes });
  }

  const gain = BigInt(verifiedNano) - BigInt(domain.bestNano);
  const rawNano = ratioNano(spec.direction === 'maximize' ? gain : -gain, BigInt(spec.incrementScaleNano));
  const selfMeasured = reveal.seats.some((seat) => seat.evaluator === optimum.optimizer);
  const factor = reputationFactorNano(execution.reputationMicro(optimum.optimizer));
  const weight = BigInt(spec.weightNano) / (spec.synthetic ? 1n : 2n);
  const full = scaleByNano(scaleByNano(scaleByNano(rawNano, weight), factor), fraction);
  const effectiveNano = selfMeasured ? full / 2n : full;

  const { accepted, pendingWorkNano } = execution.globals();
  execution.state = execution.state.set(DOMAIN, optimum.domain, {
    bestNano: verifiedNano,
    accepted: domain.accepted + 1,
    champion: {
      optimum: id,
      optimizer: optimum.optimizer,
      genome: reveal.genome,
      blob: reveal.blob,
      height: execution.block.height,
    },
  });
  execution.updateGlobals({ accepted: accepted + 1, pendingWorkNano: pendingWorkNano + effectiveNano });
  addWork(execution, optimum.optimizer, effectiveNano);
  const { acceptedMicro } = execution.genesis.parameters.reputation;
  execution.changeReputation(optimum.optimizer, selfMeasured ? acceptedMicro >> 1 : acceptedMicro);
  execution.records.push({
    type: 'OPTIMAE_ACCEPTED',
    optimum: id,
    domain: optimum.domain,
    optimizer: optimum.optimizer,
    genome: reveal.genome,
    blob: reveal.blob,
    reportedNano,
    verifiedNano,
    previousBestNano: domain.bestNano,
    rawIncrementNano: Number(rawNano),
    effectiveIncrementNano: Number(effectiveNano),
    rewardFractionNano: Number(fraction),
    seats: votes.length,
    agreeing,
    votes,
    experiment: reveal.experiment,
  });
}

/**
 * Only claims that the quorum refutes cost reputation. A quorum that cannot agree says nothing about the optimizer,
 * and somebody else's better result that was settled first is no fault of his.
 */
function reject(
  execution: Execution,
  id: Hash,
  optimum: OptimumState,
  verdict: Pick<Rejection, 'reason' | 'reportedNano' | 'verifiedNano' | 'votes'>,
): void {
  execution.updateGlobals({ rejected: execution.globals().rejected + 1 });
  if (verdict.reason === 'overstated' || verdict.reason === 'unmeasurable') {
    execution.changeReputation(optimum.optimizer, -execution.genesis.parameters.reputation.rejectedMicro);
  }
  const { domain, optimizer } = optimum;
  execution.records.push({ type: 'OPTIMAE_REJECTED', optimum: id, domain, optimizer, ...verdict });
}

/** Measuring oneself on a solo network earns coins, as somebody has to do it, but no reputation. */
function rewardEvaluator(execution: Execution, optimum: OptimumState, evaluator: NodeId): void {
  if (evaluator !== optimum.optimizer) {
    execution.changeReputation(evaluator, execution.genesis.parameters.reputation.agreedMicro);
  }
  const shares = execution.state.require(SHARES);
  const votes = shares.evaluators.find((share) => share.node === evaluator)?.votes ?? 0;
  const others = shares.evaluators.filter((share) => share.node !== evaluator);
  const evaluators = [...others, { node: evaluator, votes: votes + 1 }].sort(byNode);
  execution.state = execution.state.set(SHARES, '', { ...shares, evaluators });
}

function addWork(execution: Execution, optimizer: NodeId, workNano: bigint): void {
  const shares = execution.state.require(SHARES);
  const before = shares.optimizers.find((share) => share.node === optimizer)?.workNano ?? 0n;
  const others = shares.optimizers.filter((share) => share.node !== optimizer);
  const optimizers = [...others, { node: optimizer, workNano: before + workNano }].sort(byNode);
  execution.state = execution.state.set(SHARES, '', { ...shares, optimizers });
}

function byNode(a: { readonly node: NodeId }, b: { readonly node: NodeId }): number {
  return a.node < b.node ? -1 : 1;
}

function close(execution: Execution, id: Hash): void {
  const open = execution.state.require(OPEN).filter((other) => other !== id);
  execution.state = execution.state.set(OPEN, '', open).delete(OPTIMUM, id);
}
