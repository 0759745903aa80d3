/**
 * What chance decides: the training seed of a commitment, the seats of a reveal, the jury of a challenge. All of it is
 * drawn at the start of the block after the one that asked for it, before that block's transactions and from its beacon.
 * So who decides what goes into a block does not know what it will draw, and who knows the draw cannot change what is
 * drawn for: he can only keep his block to himself.
 */
import { fromHex, toUtf8 } from '../../runtime/codec/bytes.js';
import { hash } from '../../runtime/crypto/hash.js';
import { drawJury, drawShadows } from '../quorum/audit-rules.js';
import { drawSeats } from '../quorum/rules.js';
import { eligibleEvaluators, newcomers, quorumCandidates } from './eligibility.js';
import type { Execution } from './execution.js';
import { LIMITS } from './limits.js';
import { newSeat } from './seats.js';
import { type DisputeState, OPTIMUM, type OptimumState, type Reveal } from './state/state.js';
import type { Hash, NodeId } from './types.js';

/** The one seed that the confirmation run may use: nobody knew it when the commitment went in. */
export function drawTrainingSeed(execution: Execution, id: Hash, optimum: OptimumState): void {
  const { domain, optimizer } = optimum;
  const trainingSeed = hash('doin/training-seed', [fromHex(id), toUtf8(domain), fromHex(execution.block.beacon)]);
  execution.state = execution.state.set(OPTIMUM, id, { ...optimum, trainingSeed });
  execution.records.push({ type: 'SEEDED', optimum: id, domain, optimizer, trainingSeed });
}

/** Who measures, and which newcomers do so on the side. */
export function drawCommittee(execution: Execution, id: Hash, optimum: OptimumState, reveal: Reveal): Reveal {
  const { domain, optimizer } = optimum;
  const { beacon } = execution.block;
  const { seated, standby } = drawSeats(beacon, id, quorumCandidates(execution, domain, optimizer));
  const taken = new Set([optimizer, ...seated, ...standby]);
  const others = newcomers(execution, domain).filter((node) => !taken.has(node));
  const shadows = drawShadows(beacon, id, others, execution.genesis.parameters.challenge.shadowSeats);
  const seats = [
    ...seated.map((evaluator) => newSeat(execution, { id, domain }, evaluator, 'quorum')),
    ...shadows.map((evaluator) => newSeat(execution, { id, domain }, evaluator, 'shadow')),
  ];
  return { ...reveal, quorum: seated.length, seats, standby };
}

/** Neither party, nor whose optimum it is about. */
export function juryCandidates(
  execution: Execution,
  { domain, optimizer }: OptimumState,
  parties: readonly NodeId[],
): readonly NodeId[] {
  const excluded = new Set([optimizer, ...parties]);
  return eligibleEvaluators(execution, domain).filter((node) => !excluded.has(node));
}

/** Juries for the challenges of the block before. */
export function drawJuries(execution: Execution, id: Hash, optimum: OptimumState, reveal: Reveal): Reveal {
  if (reveal.disputes.every(({ jury }) => jury !== null)) return reveal;
  const disputes = reveal.disputes.map((dispute) =>
    dispute.jury === null ? withJury(execution, id, optimum, reveal, dispute) : dispute,
  );
  return { ...reveal, disputes };
}

function withJury(
  execution: Execution,
  id: Hash,
  optimum: OptimumState,
  { seats }: Reveal,
  dispute: DisputeState,
): DisputeState {
  const { seat, challenger } = dispute;
  const evaluator = seats[seat]?.evaluator;
  if (evaluator === undefined) throw new Error(`dispute about no seat of ${id}`);
  const { challenge, seatDeadlineBlocks } = execution.genesis.parameters;
  const { beacon, height } = execution.block;
  const candidates = juryCandidates(execution, optimum, [challenger, evaluator]);
  const jurors = drawJury(beacon, id, seat, candidates, Math.min(challenge.jurySize, LIMITS.jurors));
  const { domain } = optimum;
  execution.records.push({ type: 'CHALLENGED', optimum: id, domain, seat, evaluator, challenger, jurors });
  const jury = { deadlineHeight: height + seatDeadlineBlocks, jurors: jurors.map((node) => ({ node, answer: null })) };
  return { ...dispute, jury };
}
