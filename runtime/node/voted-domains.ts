/**
 * Tells the owner what becomes of domains that members vote in. The chain names their module, but that name is a
 * stranger's: a node works on such a domain only where its owner's config defines it, to the same hash.
 */

import { domainHash, type Genesis } from '../../actors/chain/genesis.js';
import { type BlockApplied, chain, type DomainDetail } from '../../actors/chain/messages.js';
import type { NodeConfig } from '../../config/schema.js';
import { printable } from '../cli/format.js';
import { errorMessage } from '../errors.js';
import type { AskPort, EventPort } from '../http/port.js';
import type { OwnDomains } from './own-domains.js';

export interface VotedDomains {
  readonly config: Pick<NodeConfig, 'domains'>;
  readonly own: OwnDomains;
  readonly genesis: Genesis;
  say(line: string): void;
}

/** Tells of those that are there, then of each that comes. The returned function ends it. */
export function watchVotedDomains(system: AskPort & EventPort, voted: VotedDomains): () => void {
  const tell = (isMeant: (detail: DomainDetail) => boolean) =>
    system.ask(chain.getDomains, {}).then(
      ({ domains }) => {
        for (const detail of domains.filter(isMeant)) voted.say(lineFor(detail, voted));
        return domains;
      },
      (error: unknown) => {
        voted.say(`domains: ${errorMessage(error)}`);
        return null;
      },
    );
  const founding = new Set(voted.genesis.domains.map(({ domainId }) => domainId));
  void tell(({ spec }) => !founding.has(spec.domainId)).then((domains) => {
    if (domains === null) return;
    const known = new Set(domains.map(({ spec }) => spec.domainId));
    for (const id of voted.own.keys()) if (!known.has(id)) voted.say(waitingLine(id));
  });
  return system.on(chain.blockApplied, ({ records }: BlockApplied) => {
    for (const record of records) {
      if (record.type === 'DOMAIN' && record.status === 'active')
        void tell(({ spec }) => spec.domainId === record.domain);
    }
  });
}

function waitingLine(domainId: string): string {
  return `domain "${domainId}" is defined here, but not on this chain: work on it begins when members have voted it in (\`doin domains propose\`)`;
}

function lineFor({ spec, specHash }: DomainDetail, { config, own }: VotedDomains): string {
  const name = `domain "${printable(spec.domainId)}" was voted in`;
  const index = config.domains.findIndex(({ domain_id: domainId }) => domainId === spec.domainId);
  const mine = own.get(spec.domainId);
  if (mine === undefined) {
    const entry = JSON.stringify({ domain_id: spec.domainId, definition: 'FILE' });
    return `${name}; this node leaves it alone. To work on it, get its definition (module "${printable(spec.module)}") from somebody you trust, add ${printable(entry)} to "domains" in the config, and start again`;
  }
  if (domainHash(mine.spec) === specHash) return `${name}; this node works on it`;
  return `${name} with another definition than domains[${index}].definition gives; this node leaves it alone. Make the file say what \`doin domains --json\` shows, and start again`;
}
