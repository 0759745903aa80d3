/** How the proposal of a domain ends: voted in, with the deposit back, or expired, with a part of the deposit burned. */
import { scaleByNano } from '../../runtime/fixed/nano.js';
import { burnLocked, unlock } from './coins.js';
import type { Execution } from './execution.js';
import { domainHash } from './genesis.js';
import { DEFINITION, DOMAINS, type DomainDefinition, PROPOSALS } from './state/domains.js';
import { DOMAIN, EVALUATORS, withMember } from './state/state.js';

export function activateDomain(execution: Execution, domainId: string): void {
  const definition = execution.state.require(DEFINITION, domainId);
  const { spec, proposal } = definition;
  if (proposal === null) return;
  unlock(execution, proposal.proposer, proposal.depositUnits, { cause: 'deposit' });
  execution.state = execution.state
    .set(DEFINITION, domainId, { ...definition, proposal: null })
    .set(DOMAINS, '', withMember(execution.state.require(DOMAINS), domainId))
    .set(DOMAIN, domainId, { bestNano: spec.baselineNano, accepted: 0, champion: null })
    .set(EVALUATORS, domainId, []);
  endProposal(execution, definition, 'active');
}

/** At the end of every block. A proposal that found no majority costs a part of its deposit; its id is free again. */
export function expireProposals(execution: Execution): void {
  const { burnNano } = execution.genesis.parameters.domains;
  for (const domainId of execution.state.require(PROPOSALS)) {
    const definition = execution.state.require(DEFINITION, domainId);
    const { proposal } = definition;
    if (proposal === null || execution.block.timestampMs < proposal.expiresAtMs) continue;
    const burnedUnits = Number(scaleByNano(BigInt(proposal.depositUnits), BigInt(burnNano)));
    burnLocked(execution, burnedUnits);
    unlock(execution, proposal.proposer, proposal.depositUnits - burnedUnits, { cause: 'deposit' });
    execution.state = execution.state.delete(DEFINITION, domainId);
    endProposal(execution, definition, 'expired');
  }
}

function endProposal(execution: Execution, { spec }: DomainDefinition, status: 'active' | 'expired'): void {
  const { domainId } = spec;
  const open = execution.state.require(PROPOSALS).filter((other) => other !== domainId);
  execution.state = execution.state.set(PROPOSALS, '', open);
  execution.records.push({ type: 'DOMAIN', domain: domainId, specHash: domainHash(spec), status });
}
