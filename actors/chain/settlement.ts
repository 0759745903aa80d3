/**
 * What happens to open optimae at the start of every block, from what the blocks before have said: what is due is drawn,
 * late commitments expire, missing evaluators are replaced, an optimum whose seats are all filled goes into its challenge
 * window, and one whose window is over is settled, with everything that follows from it.
 */

import type { DomainSpec } from '../../gpu-workers/types.js';
import { clampBig, scaleByNano } from '../../runtime/fixed/nano.js';
import { reputationFactorNano } from '../reputation/rules.js';
import { closeOptimum, expire } from './closing.js';
import { decideDisputes } from './disputes.js';
import { drawCommittee, drawJuries, drawTrainingSeed } from './draws.js';
import type { Execution } from './execution.js';
import { closeLateSeats, dutyOf, writeReveal } from './seats.js';
import { shareVote, shareWork } from './shares.js';
import { DOMAIN, OPEN, OPTIMUM, type OptimumState, type Reveal, SEAT_OPEN } from './state/state.js';
import type { Hash, JudgedVote, NodeId, SeatDuty } from './types.js';
import { type RejectionReason, type Verdict, verdictOf } from './verdict.js';
import { takeWork } from './weights.js';
import { auditLateShadows, gainNano, openWindow, windowIsOver } from './window.js';

/** No single optimum weighs more than 10 000 units, so that the sums of 18 million of them fit 64 bits. */
const MAX_INCREMENT_NANO = 10_000_000_000_000n;

export function settleOpenOptimae(execution: Execution): void {
  for (const id of execution.state.require(OPEN)) {
    const optimum = execution.state.require(OPTIMUM, id);
    if (optimum.reveal !== null) advance(execution, id, optimum, optimum.reveal);
    else if (execution.block.timestampMs >= optimum.expiresAtMs) expire(execution, id, optimum);
    else if (optimum.trainingSeed === null) drawTrainingSeed(execution, id, optimum);
  }
}

/** One block further: seats and juries are drawn, late seats close, juries decide, the window opens or ends. */
function advance(execution: Execution, id: Hash, optimum: OptimumState, before: Reveal): void {
  let reveal = before.quorum === null ? drawCommittee(execution, id, optimum, before) : before;
  reveal = closeLateSeats(execution, id, optimum.domain, reveal);
  reveal = drawJuries(execution, id, optimum, reveal);
  reveal = decideDisputes(execution, id, optimum, reveal);
  const voting = reveal.seats.some((seat) => dutyOf(seat) === 'quorum' && seat.status === SEAT_OPEN);
  if (reveal.window === null && !voting) {
    const { spec, verdict, bestNano } = judge(execution, id, optimum, reveal);
    const gain = verdict.kind === 'accepted' ? gainNano(spec, bestNano, verdict.verifiedNano) : 0n;
    reveal = openWindow(execution, id, optimum, reveal, verdict, gain);
  } else reveal = auditLateShadows(execution, id, optimum, reveal);
  if (reveal !== before) writeReveal(execution, id, optimum, reveal);
  if (windowIsOver(execution, reveal)) settle(execution, id, optimum, reveal);
}

function judge(execution: Execution, id: Hash, { domain }: OptimumState, reveal: Reveal) {
  const spec = execution.domain(domain);
  if (spec === undefined) throw new Error(`optimum ${id} of a domain that is not defined`);
  const { bestNano } = execution.state.require(DOMAIN, domain);
  return { spec, bestNano, verdict: verdictOf(reveal, spec, bestNano, execution.genesis.parameters) };
}

function settle(execution: Execution, id: Hash, optimum: OptimumState, reveal: Reveal): void {
  const { spec, verdict } = judge(execution, id, optimum, reveal);
  const blamed = verdict.kind === 'rejected' && isRefutation(verdict.reason);
  closeOptimum(execution, id, optimum, blamed);
  settleVoters(execution, optimum, verdict.votes);
  if (verdict.kind === 'accepted') accept(execution, id, optimum, reveal, spec, verdict);
  else reject(execution, id, optimum, reveal, verdict);
}

function settleVoters(execution: Execution, optimum: OptimumState, votes: readonly JudgedVote[]): void {
  const { divergentMicro, missedMicro } = execution.genesis.parameters.reputation;
  for (const { evaluator, duty, outcome } of votes) {
    if (outcome === 'agreed') rewardEvaluator(execution, optimum, evaluator, duty);
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
  shareWork(execution, optimizer, effectiveNano);
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
    seats: reveal.quorum ?? 0,
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
  const { bestNano } = execution.state.require(DOMAIN, optimum.domain);
  const rawNano = clampBig(gainNano(spec, bestNano, verifiedNano), 0n, MAX_INCREMENT_NANO);
  const factor = reputationFactorNano(execution.reputationMicro(optimum.optimizer));
  const strength = scaleByNano(factor, fractionNano);
  const selfMeasured = reveal.seats.some((seat) => dutyOf(seat) === 'quorum' && seat.evaluator === optimum.optimizer);
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
  if (isRefutation(reason)) {
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

function isRefutation(reason: RejectionReason): boolean {
  return reason === 'overstated' || reason === 'unmeasurable';
}

/**
 * Measuring oneself on a solo network earns coins, as somebody has to do it, but no reputation. A shadow seat earns
 * reputation, but no coins: nobody needed the measurement.
 */
function rewardEvaluator(execution: Execution, optimum: OptimumState, evaluator: NodeId, duty: SeatDuty): void {
  if (evaluator !== optimum.optimizer) {
    execution.changeReputation(evaluator, execution.genesis.parameters.reputation.agreedMicro);
  }
  if (duty !== 'shadow') shareVote(execution, evaluator);
}
