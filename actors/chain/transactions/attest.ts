import type { Execution } from '../execution.js';
import { ATTESTER, CANDIDATE, ELECTORATE, FINALITY } from '../state/finality.js';
import { withMember } from '../state/state.js';
import type { Attestation, Checkpoint, NodeId } from '../types.js';
import type { Refusal } from './refusal.js';

/**
 * Enters a member's attestation of a link between two checkpoints of this chain. The source is the justified
 * checkpoint, or that of a link others stand behind: who comes after it was justified still shows that he is there.
 */
export function applyAttest(execution: Execution, sender: NodeId, { source, target }: Attestation): Refusal | null {
  const { state, block, genesis } = execution;
  const { justified, finalized } = state.require(FINALITY);
  const electorate = state.require(ELECTORATE, String(finalized.height));
  if (!electorate.some(({ node }) => node === sender)) return { code: 'no-weight', later: true };
  if (state.require(ATTESTER, sender).targetHeight >= target.height) return { code: 'already-attested' };
  if (target.height <= source.height) return { code: 'bad-link' };
  if (target.height <= finalized.height) return { code: 'already-final' };
  const candidate = state.get(CANDIDATE, String(target.height));
  if (candidate === undefined || candidate.hash !== target.hash) return { code: 'unknown-checkpoint', later: true };
  // Confirmation depth in the state of the parent, which is what the sender saw.
  if (block.height - 1 - target.height < genesis.parameters.finality.depthBlocks) {
    return { code: 'checkpoint-not-deep', later: true };
  }
  const joins = candidate.source !== null && isSame(candidate.source, source);
  if (!joins && !isSame(justified, source)) return { code: 'other-source', later: source.height > justified.height };
  if (!joins && target.height <= justified.height) return { code: 'already-justified' };
  execution.state = state
    .set(CANDIDATE, String(target.height), {
      hash: target.hash,
      source,
      attesters: withMember(joins ? candidate.attesters : [], sender),
    })
    .set(ATTESTER, sender, { targetHeight: target.height, activeHeight: block.height });
  execution.attested.set(target.height, target);
  return null;
}

function isSame(a: Checkpoint, b: Checkpoint): boolean {
  return a.height === b.height && a.hash === b.hash;
}
