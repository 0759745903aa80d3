import type { DomainSpec } from '../../../gpu-workers/types.js';
import { toUtf8 } from '../../../runtime/codec/bytes.js';
import { encode } from '../../../runtime/codec/canonical.js';
import { hash } from '../../../runtime/crypto/hash.js';
import { checkGenome, type Genome } from '../../../runtime/genome/space.js';
import { genomeCodec } from '../codec.js';
import type { Execution } from '../execution.js';
import { domainHash } from '../genesis.js';
import { DOMAIN, OPTIMUM, REVEALED_GENOME } from '../state/state.js';
import type { NodeId, TransactionBody } from '../types.js';
import { commitmentOf, optimumIdOf } from './commit.js';
import type { Refusal } from './refusal.js';

type RevealBody = Extract<TransactionBody, { type: 'reveal' }>;

/** Opens a commitment: checks everything a claim can be checked for without measuring. The next block draws its seats. */
export function applyReveal(execution: Execution, sender: NodeId, body: RevealBody): Refusal | null {
  const { optimum: id } = body;
  const optimum = execution.state.get(OPTIMUM, id);
  if (optimum === undefined) return { code: 'unknown-commitment', later: true };
  if (optimum.optimizer !== sender) return { code: 'not-your-commitment' };
  if (optimum.reveal !== null) return { code: 'already-revealed' };
  // Its seed is of the block after the commitment: no honest claim is older than that.
  if (optimum.committedHeight + 1 >= execution.block.height) return { code: 'reveal-too-early', later: true };
  if (execution.block.timestampMs >= optimum.expiresAtMs) return { code: 'commitment-expired' };
  const spec = execution.domain(optimum.domain);
  if (spec === undefined) return { code: 'unknown-domain' };
  const refusal = checkClaim(execution, sender, optimum.domain, spec, body);
  if (refusal !== null) return refusal;

  const { genome, blob, reportedNano, experiment } = body;
  const reveal = {
    genome,
    blob,
    reportedNano,
    experiment,
    quorum: null,
    seats: [],
    standby: [],
    window: null,
    disputes: [],
  };
  execution.state = execution.state
    .set(REVEALED_GENOME, genomeKey(optimum.domain, genome), id)
    .set(OPTIMUM, id, { ...optimum, reveal });
  execution.updateGlobals({ revealed: execution.globals().revealed + 1 });
  execution.records.push({
    type: 'REVEALED',
    optimum: id,
    domain: optimum.domain,
    optimizer: sender,
    genome,
    blob,
    reportedNano,
    previousBestNano: execution.state.require(DOMAIN, optimum.domain).bestNano,
    experiment,
  });
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
  if (optimumIdOf(commitment, sender) !== body.optimum) return { code: 'commitment-mismatch' };
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
