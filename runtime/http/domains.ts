/** `/domains`: what the chain defines, what it weighs, and what members are voting on. */
import { chain, type DomainDetail, type ProposalView } from '../../actors/chain/messages.js';
import { snakeKeys } from '../../config/snake-file.js';
import { peerIdOf } from '../crypto/peer-id.js';
import { formatCoins } from '../fixed/coins.js';
import { fromNano } from '../fixed/nano.js';
import type { domainsPage } from './pages/domains.js';
import type { Json } from './pages/schema.js';
import type { AskPort } from './port.js';

export type DomainsJson = Json<typeof domainsPage>;

export async function readDomains(system: AskPort): Promise<DomainsJson> {
  const { domains, proposals } = await system.ask(chain.getDomains, {}, { timeoutMs: 2_000 });
  return { domains: domains.map(domainJson), proposals: proposals.map(proposalJson) };
}

function domainJson({ spec, specHash, dataHash, weightNano, shareNano, burnedUnits }: DomainDetail) {
  return {
    domain_id: spec.domainId,
    module: spec.module,
    spec_hash: specHash,
    data_hash: dataHash,
    weight: fromNano(weightNano),
    inference_share: fromNano(shareNano),
    inference_burned: formatCoins(burnedUnits),
    definition: snakeKeys(spec),
  };
}

function proposalJson(proposal: ProposalView) {
  const { spec, specHash, dataHash, yesMicro, totalMicro } = proposal;
  return {
    domain_id: spec.domainId,
    module: spec.module,
    spec_hash: specHash,
    data_hash: dataHash,
    proposer: peerIdOf(proposal.proposer),
    deposit: formatCoins(proposal.depositUnits),
    expires_at: new Date(proposal.expiresAtMs).toISOString(),
    approvals: proposal.approvals.map(peerIdOf),
    approval: totalMicro === 0n ? 0 : Number(yesMicro) / Number(totalMicro),
    definition: snakeKeys(spec),
  };
}
