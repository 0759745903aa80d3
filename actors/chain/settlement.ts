/**
 * What happens to open optimae at the end of every block: late commitments expire, missing evaluators are replaced,
 * and an optimum whose seats are all filled gets its verdict, with everything that follows from it.
 */

import type { DomainSpec } from '../../gpu-workers/types.js';
import { clampBig, ratioNano, scaleByNano } from '../../runtime/fixed/nano.js';
import { seatDataSeed } from '../quorum/rules.js';
import { reputationFactorNano } from '../reputation/rules.js';
import { type Execution, seatView } from './execution.js';
import {
  DOMAIN,
  OPEN,
  OPEN_COUNT,
  OPTIMUM,
  type OptimumState,
  type Reveal,
  SEAT_MISSED,
  SEAT_OPEN,
  type SeatState,
  SHARES,
} from './state/state.js';
import type { Hash, JudgedVote, NodeId } from './types.js';
import { type Verdict, verdictOf } from './verdict.js';
import { takeWork } from './weights.js';

/** No single optimum weighs more than 10 000 units, so that the sums of 18 million of them fit 64 bits. */
const MAX_INCREMENT_NANO = 10_000_000_000_000n;

export function settleOpenOptimae(execution: Execution): void {
  for (const id of execution.state.require(OPEN)) {
    const optimum = execution.state.require(OPTIMUM, id);
    if (optimum.reveal === null) expireIfLate(execution, id, optimum);
    else settleIfDecided(execution, id, optimum, replaceMissing(execution, id, optimum, optimum.reveal));
  }
}

function expireIfLate(execution: Execution, id: Hash, optimum: OptimumState): void {
  if (execution.block.timestampMs < optimum.expiresAtMs) return;
  close(execution, id, optimum.optimizer);
  execution.records.push({ type: 'COMMIT_EXPIRED', optimum: id, domain: optimum.domain, optimizer: optimum.optimizer });
}

/**
 * Seats past their deadline count as missed; each calls the next evaluator on standby, with data of his own. What a
 * missed seat costs is settled with the verdict: only where others could do what it did not.
 */
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
      measurement: null,
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
    }
  }
  return changed;
}

function settleIfDecided(execution: Execution, id: Hash, optimum: OptimumState, reveal: Reveal): void {
  if (reveal.seats.some((seat) => seat.status === SEAT_OPEN)) return;
  close(execution, id, optimum.optimizer);
  const spec = execution.domain(optimum.domain);
  if (spec === undefined) throw new Error(`optimum ${id} of a domain that the genesis does not have`);
  const { bestNano } = execution.state.require(DOMAIN, optimum.domain);
  const verdict = verdictOf(reveal, spec, bestNano, execution.genesis.parameters);
  settleVoters(execution, optimum, verdict.votes);
  if (verdict.kind === 'accepted') accept(execution, id, optimum, reveal, spec, verdict);
  else reject(execution, id, optimum, reveal, verdict);
}

function settleVoters(execution: Execution, optimum: OptimumState, votes: readonly JudgedVote[]): void {
  const { divergentMicro, missedMicro } = execution.genesis.parameters.reputation;
  for (const { evaluator, outcome } of votes) {
    if (outcome === 'agreed') rewardEvaluator(execution, optimum, evaluator);
    if (outcome === 'divergent') execution.changeReputation(evaluator, -divergentMicro);
    if (outcome === 'failed' || outcome === 'missed') execution.changeReputation(evaluator, -missedMicro);
  }
}

function accept(
  execution: Execution,
  id: Hash,
  optimum: OptimumState,
  reveal: Reveal,
  spec: DomainSpec,
  verdict: Extract<Verdict, { kind: 'accepted' }>,
): void {
  const { verifiedNano, fractionNano, agreeing, votes } = verdict;
  const { domain: domainId, optimizer } = optimum;
  const { genome, blob, reportedNano, experiment } = reveal;
  const domain = execution.state.require(DOMAIN, domainId);
  const { rawNano, strengthNano, selfMeasured } = incrementOf(execution, optimum, reveal, spec, verdict);
  const effectiveNano = takeWork(execution, spec, rawNano, strengthNano);

  const { accepted, pendingWorkNano } = execution.globals();
  execution.state = execution.state.set(DOMAIN, domainId, {
    bestNano: verifiedNano,
    accepted: domain.accepted + 1,
    champion: { optimum: id, optimizer, genome, blob, height: execution.block.height },
  });
  execution.updateGlobals({ accepted: accepted + 1, pendingWorkNano: pendingWorkNano + effectiveNano });
  addWork(execution, optimizer, effectiveNano);
  const { acceptedMicro } = execution.genesis.parameters.reputation;
  execution.changeReputation(optimizer, selfMeasured ? acceptedMicro >> 1 : acceptedMicro);
  execution.records.push({
    type: 'OPTIMAE_ACCEPTED',
    optimum: id,
    domain: domainId,
    optimizer,
    genome,
    blob,
    reportedNano,
    verifiedNano,
    previousBestNano: domain.bestNano,
    rawIncrementNano: Number(rawNano),
    effectiveIncrementNano: Number(effectiveNano),
    rewardFractionNano: Number(fractionNano),
    seats: reveal.quorum,
    agreeing,
    votes,
    experiment,
  });
}

/** DESIGN section 5, row "raw increment", and what scales it but the domain's weight; half where the optimizer measured himself. */
function incrementOf(
  execution: Execution,
  optimum: OptimumState,
  reveal: Reveal,
  spec: DomainSpec,
  { verifiedNano, fractionNano }: Extract<Verdict, { kind: 'accepted' }>,
): { rawNano: bigint; strengthNano: bigint; selfMeasured: boolean } {
  const gain = BigInt(verifiedNano) - BigInt(execution.state.require(DOMAIN, optimum.domain).bestNano);
  const whole = ratioNano(spec.direction === 'maximize' ? gain : -gain, BigInt(spec.incrementScaleNano));
  const rawNano = clampBig(whole, 0n, MAX_INCREMENT_NANO);
  const factor = reputationFactorNano(execution.reputationMicro(optimum.optimizer));
  const strength = scaleByNano(factor, fractionNano);
  const selfMeasured = reveal.seats.some((seat) => seat.evaluator === optimum.optimizer);
  return { rawNano, strengthNano: selfMeasured ? strength / 2n : strength, selfMeasured };
}

/**
 * Only claims that the quorum refutes cost reputation. A quorum that cannot agree says nothing about the optimizer,
 * and somebody else's better result that was settled first is no fault of his.
 */
function reject(
  execution: Execution,
  id: Hash,
  { domain, optimizer }: OptimumState,
  { reportedNano }: Reveal,
  { reason, verifiedNano, votes }: Extract<Verdict, { kind: 'rejected' }>,
): void {
  execution.updateGlobals({ rejected: execution.globals().rejected + 1 });
  if (reason === 'overstated' || reason === 'unmeasurable') {
    execution.changeReputation(optimizer, -execution.genesis.parameters.reputation.rejectedMicro);
  }
  execution.records.push({
    type: 'OPTIMAE_REJECTED',
    optimum: id,
    domain,
    optimizer,
    reason,
    reportedNano,
    verifiedNano,
    votes,
  });
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

function close(execution: Execution, id: Hash, optimizer: NodeId): void {
  const open = execution.state.require(OPEN).filter((other) => other !== id);
  const count = execution.state.require(OPEN_COUNT, optimizer) - 1;
  const { state } = execution;
  execution.state = (count === 0 ? state.delete(OPEN_COUNT, optimizer) : state.set(OPEN_COUNT, optimizer, count))
    .set(OPEN, '', open)
    .delete(OPTIMUM, id);
}
