import { lock } from '../coins.js';
import { faultOf } from '../domain-spec.js';
import type { Execution } from '../execution.js';
import { domainHash } from '../genesis.js';
import { LIMITS } from '../limits.js';
import { DEFINITION, DOMAINS, PROPOSALS } from '../state/domains.js';
import { withMember } from '../state/state.js';
import type { NodeId, TransactionBody } from '../types.js';
import type { Refusal } from './refusal.js';

type Registration = Extract<TransactionBody, { type: 'domain-register' }>;

/** Proposes a domain under an id that nobody has, and locks the deposit for it. It counts once members vote it in. */
export function applyDomainRegistration(
  execution: Execution,
  sender: NodeId,
  { spec, dataHash }: Registration,
): Refusal | null {
  const fault = faultOf(spec);
  if (fault !== null) return { code: fault };
  if (execution.state.get(DEFINITION, spec.domainId) !== undefined) return { code: 'domain-exists' };
  const proposals = execution.state.require(PROPOSALS);
  const total = proposals.length + execution.state.require(DOMAINS).length;
  if (proposals.length >= LIMITS.proposals || total >= LIMITS.domains) return { code: 'too-many-domains', later: true };
  const { depositUnits, votingMs } = execution.genesis.parameters.domains;
  const refusal = lock(execution, sender, depositUnits, { cause: 'deposit' });
  if (refusal !== null) return refusal;
  const expiresAtMs = execution.block.timestampMs + votingMs;
  execution.state = execution.state
    .set(DEFINITION, spec.domainId, {
      spec,
      dataHash,
      proposal: { proposer: sender, depositUnits, expiresAtMs, approvals: [] },
    })
    .set(PROPOSALS, '', withMember(proposals, spec.domainId));
  execution.records.push({ type: 'DOMAIN', domain: spec.domainId, specHash: domainHash(spec), status: 'proposed' });
  return null;
}
