import type { Execution } from '../execution.js';
import { domainHash } from '../genesis.js';
import { LIMITS } from '../limits.js';
import { activateDomain } from '../proposals.js';
import { DEFINITION } from '../state/domains.js';
import { memberIds } from '../state/members.js';
import { withMember } from '../state/state.js';
import type { NodeId, TransactionBody } from '../types.js';
import type { Refusal } from './refusal.js';

type DomainVote = Extract<TransactionBody, { type: 'domain-vote' }>;

/** A member's yes to a proposed domain. With two thirds of all eligible reputation behind it the domain counts. */
export function applyDomainVote(
  execution: Execution,
  sender: NodeId,
  { domain, specHash }: DomainVote,
): Refusal | null {
  const definition = execution.state.get(DEFINITION, domain);
  if (definition === undefined) return { code: 'unknown-domain', later: true };
  const { proposal, spec } = definition;
  if (proposal === null) return { code: 'domain-decided' };
  // An id that expired may come back with another definition.
  if (domainHash(spec) !== specHash) return { code: 'other-definition' };
  if (execution.block.timestampMs >= proposal.expiresAtMs) return { code: 'proposal-expired' };
  if (proposal.approvals.includes(sender)) return { code: 'voted-already' };
  if (eligibleMicro(execution, sender) === 0n) return { code: 'not-eligible', later: true };
  if (proposal.approvals.length >= LIMITS.approvalsPerProposal) return { code: 'too-many-approvals', later: true };
  const approvals = withMember(proposal.approvals, sender);
  execution.state = execution.state.set(DEFINITION, domain, { ...definition, proposal: { ...proposal, approvals } });
  const { yesMicro, totalMicro } = approvalOf(execution, approvals);
  if (3n * yesMicro >= 2n * totalMicro) activateDomain(execution, domain);
  return null;
}

/** Eligible reputation of those who said yes, and of all who may. */
export function approvalOf(
  execution: Execution,
  approvals: readonly NodeId[],
): { readonly yesMicro: bigint; readonly totalMicro: bigint } {
  const totalMicro = sumOf(execution, memberIds(execution.state));
  return { yesMicro: sumOf(execution, approvals), totalMicro };
}

function sumOf(execution: Execution, nodes: readonly NodeId[]): bigint {
  return nodes.reduce((sum, node) => sum + eligibleMicro(execution, node), 0n);
}

/** Reputation as it is now, of those who have the minimum. */
function eligibleMicro(execution: Execution, node: NodeId): bigint {
  const micro = execution.reputationMicro(node);
  return micro >= execution.genesis.parameters.reputation.minimumMicro ? BigInt(micro) : 0n;
}
