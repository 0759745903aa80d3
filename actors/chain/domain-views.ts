/** What the chain tells of its domains beyond their champions: definitions, weights, proposals and who is for them. */
import { Execution } from './execution.js';
import { domainHash, type Genesis } from './genesis.js';
import type { DomainDetail, ProposalView } from './messages.js';
import { DEFINITION, DOMAINS, PROPOSALS } from './state/domains.js';
import { GLOBALS, type State } from './state/state.js';
import { DOMAIN_USE } from './state/use.js';
import { approvalOf } from './transactions/domain-vote.js';
import { domainShareNano, domainWeightNano } from './weights.js';

export function domainDetailsOf(state: State, genesis: Genesis): DomainDetail[] {
  const execution = atHead(state, genesis);
  return state.require(DOMAINS).map((id) => {
    const { spec, dataHash } = state.require(DEFINITION, id);
    return {
      spec,
      specHash: domainHash(spec),
      dataHash,
      weightNano: Number(domainWeightNano(execution, spec)),
      shareNano: Number(domainShareNano(execution, spec)),
      burnedUnits: state.get(DOMAIN_USE, id)?.burnedUnits ?? 0,
    };
  });
}

export function proposalsOf(state: State, genesis: Genesis): ProposalView[] {
  const execution = atHead(state, genesis);
  return state.require(PROPOSALS).flatMap((id) => {
    const { spec, dataHash, proposal } = state.require(DEFINITION, id);
    if (proposal === null || dataHash === null) return [];
    const { yesMicro, totalMicro } = approvalOf(execution, proposal.approvals);
    return [{ spec, specHash: domainHash(spec), dataHash, ...proposal, yesMicro, totalMicro }];
  });
}

/** The rules of weights and votes, asked between two blocks. */
function atHead(state: State, genesis: Genesis): Execution {
  const { height, timestampMs, slot, beacon } = state.require(GLOBALS);
  return new Execution(state, genesis, { height: height + 1, timestampMs, slot: slot + 1, proposer: '', beacon });
}
