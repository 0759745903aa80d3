/** What this node attests next, so that it never contradicts what it attested before, on whatever branch. Pure. */
import type { Genesis } from '../genesis.js';
import { ATTESTER, CANDIDATE, ELECTORATE, FINALITY } from '../state/finality.js';
import { GLOBALS, type State } from '../state/state.js';
import type { Attestation, NodeId } from '../types.js';

/**
 * The link to the newest checkpoint that is deep enough in this state, or null when there is nothing to attest.
 * `last` is what this node attested last: no second target of its height (double vote), no target below it and no
 * source below its source (surround vote), on any branch. The very same attestation may be sent again while the chain
 * does not have it.
 */
export function nextAttestation(
  state: State,
  genesis: Genesis,
  self: NodeId,
  last: Attestation | null,
): Attestation | null {
  const { justified: source, finalized, candidates } = state.require(FINALITY);
  if (!state.require(ELECTORATE, String(finalized.height)).some(({ node }) => node === self)) return null;
  const deepest = state.require(GLOBALS).height - genesis.parameters.finality.depthBlocks;
  const height = candidates.findLast((candidate) => candidate <= deepest);
  if (height === undefined || state.require(ATTESTER, self).targetHeight >= height) return null;
  if (last !== null && last.target.height === height) {
    const { hash } = state.require(CANDIDATE, String(height));
    return last.target.hash === hash ? last : null;
  }
  if (height <= source.height) return null;
  if (last !== null && (height < last.target.height || source.height < last.source.height)) return null;
  return { source, target: { height, hash: state.require(CANDIDATE, String(height)).hash } };
}
