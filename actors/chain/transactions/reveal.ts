import type { DomainSpec } from '../../../gpu-workers/types.js';
import { toUtf8 } from '../../../runtime/codec/bytes.js';
import { encode } from '../../../runtime/codec/canonical.js';
import { hash } from '../../../runtime/crypto/hash.js';
import { checkGenome, type Genome } from '../../../runtime/genome/space.js';
import { drawSeats, seatDataSeed } from '../../quorum/rules.js';
import { genomeCodec } from '../codec.js';
import { type Execution, seatView } from '../execution.js';
import { domainHash } from '../genesis.js';
import { DOMAIN, EVALUATORS, OPTIMUM, REVEALED_GENOME, SEAT_OPEN, type SeatState } from '../state/state.js';
import type { NodeId, TransactionBody } from '../types.js';
import { commitmentOf } from './commit.js';
import type { Refusal } from './refusal.js';

type RevealBody = Extract<TransactionBody, { type: 'reveal' }>;

/** Opens a commitment: checks everything a claim can be checked for without measuring, then gives out the seats. */
export function applyReveal(execution: Execution, sender: NodeId, body: RevealBody): Refusal | null {
  const optimum = execution.state.get(OPTIMUM, body.commitment);
  if (optimum === undefined) return { code: 'unknown-commitment', later: true };
  if (optimum.optimizer !== sender) return { code: 'not-your-commitment' };
  if (optimum.reveal !== null) return { code: 'already-revealed' };
  if (optimum.committedHeight >= execution.block.height) return { code: 'reveal-too-early', later: true };
  if (execution.block.timestampMs >= optimum.expiresAtMs) return { code: 'commitment-expired' };
  const spec = execution.domain(optimum.domain);
  if (spec === undefined) return { code: 'unknown-domain' };
  const refusal = checkClaim(execution, sender, optimum.domain, spec, body);
  if (refusal !== null) return refusal;

  const { beacon, height } = execution.block;
  const draw = drawSeats(beacon, body.commitment, candidatesOf(execution, optimum.domain, sender));
  const deadlineHeight = height + execution.genesis.parameters.seatDeadlineBlocks;
  const seats = draw.seated.map(
    (evaluator): SeatState => ({
      evaluator,
      dataSeed: seatDataSeed(body.commitment, optimum.domain, evaluator, beacon),
      deadlineHeight,
      status: SEAT_OPEN,
      measurement: null,
    }),
  );
  const { genome, blob, reportedNano, experiment } = body;
  execution.state = execution.state
    .set(OPTIMUM, body.commitment, {
      ...optimum,
      reveal: { genome, blob, reportedNano, experiment, quorum: seats.length, seats, standby: draw.standby },
    })
    .set(REVEALED_GENOME, genomeKey(optimum.domain, genome), body.commitment);
  execution.updateGlobals({ revealed: execution.globals().revealed + 1 });
  execution.records.push({
    type: 'REVEALED',
    optimum: body.commitment,
    domain: optimum.domain,
    optimizer: sender,
    genome,
    blob,
    reportedNano,
    previousBestNano: execution.state.require(DOMAIN, optimum.domain).bestNano,
    experiment,
  });
  for (const [index, seat] of seats.entries()) {
    execution.records.push({
      type: 'TASK_CREATED',
      optimum: body.commitment,
      domain: optimum.domain,
      seat: seatView(seat, index),
    });
  }
  return null;
}

function checkClaim(
  execution: Execution,
  sender: NodeId,
  domain: string,
  spec: DomainSpec,
  body: RevealBody,
): Refusal | null {
  const { chainId } = execution.genesis;
  const commitment = commitmentOf({ chainId, domain, optimizer: sender, genome: body.genome, salt: body.salt });
  if (commitment !== body.commitment) return { code: 'commitment-mismatch' };
  if (!checkGenome(spec.space, body.genome).ok) return { code: 'genome-out-of-bounds' };
  if ((body.blob?.sizeBytes ?? 0) > spec.limits.blobBytes) return { code: 'blob-too-large' };
  if (execution.state.get(REVEALED_GENOME, genomeKey(domain, body.genome)) !== undefined) {
    return { code: 'duplicate-genome' };
  }
  if (body.experiment.dataHash !== domainHash(spec)) return { code: 'wrong-data-hash' };
  const { bestNano } = execution.state.require(DOMAIN, domain);
  if (!isBetter(body.reportedNano, bestNano, spec.direction)) return { code: 'not-better' };
  return null;
}

export function isBetter(candidateNano: number, bestNano: number, direction: 'maximize' | 'minimize'): boolean {
  return direction === 'maximize' ? candidateNano > bestNano : candidateNano < bestNano;
}

export function genomeKey(domain: string, genome: Genome): string {
  return hash('doin/genome', [toUtf8(domain), encode(genomeCodec, genome)]);
}

/**
 * Registered evaluators with the minimum reputation, the optimizer excluded. Where nobody has it any more (a network
 * that slept for weeks), the registered founders serve, so that reputation can be earned again. On a solo network,
 * where there is nobody else, the optimizer measures himself (and the result counts half).
 */
function candidatesOf(execution: Execution, domain: string, optimizer: NodeId): readonly NodeId[] {
  const registered = execution.state.require(EVALUATORS, domain);
  const { minimumMicro } = execution.genesis.parameters.reputation;
  const others = registered.filter((node) => node !== optimizer);
  const eligible = others.filter((node) => execution.reputationMicro(node) >= minimumMicro);
  if (eligible.length > 0) return eligible;
  const founders = new Set(execution.genesis.members.map((member) => member.nodeId));
  const serving = others.filter((node) => founders.has(node));
  if (serving.length > 0 || !execution.genesis.solo) return serving;
  return registered.includes(optimizer) ? [optimizer] : [];
}
