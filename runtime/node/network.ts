/** Which network a data folder belongs to: a private one it founded itself, or that of a network file. */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { domainHash, type Genesis, genesisHash, LOCAL_PARAMETERS } from '../../actors/chain/genesis.js';
import { readGenesis, writeGenesis } from '../../config/network.js';
import type { NodeConfig } from '../../config/schema.js';
import type { DomainSpec } from '../../gpu-workers/types.js';
import { DoinError } from '../errors.js';
import { builtInDomain, builtInDomains } from './domains.js';
import type { OwnDomains } from './own-domains.js';

/** Founders start with the reputation at which the reputation factor reaches 1. */
export const FOUNDER_REPUTATION_MICRO = 10_000_000;

export function genesisFileOf(dataDir: string): string {
  return join(dataDir, 'genesis.json');
}

/**
 * The genesis the node runs with. The data folder keeps its own copy, so that it can be verified and resumed alone,
 * and so that a changed network file is noticed instead of mixed in. What `accept` throws, it throws before anything
 * is written.
 */
export async function resolveGenesis(
  config: NodeConfig,
  own: OwnDomains,
  publicKey: string,
  nowMs: number,
  accept: (genesis: Genesis) => Promise<void> = async () => undefined,
): Promise<Genesis> {
  const kept = genesisFileOf(config.data_dir);
  const existing = (await exists(kept)) ? await readGenesis(kept) : null;
  const genesis =
    config.network === 'solo'
      ? (existing ?? foundSolo(foundingDomains(config, own), publicKey, nowMs))
      : await readGenesis(config.network);
  await accept(genesis);
  if (existing === null) await writeGenesis(kept, genesis);
  else if (genesisHash(existing) !== genesisHash(genesis)) {
    throw new DoinError(
      { code: 'wrong-network', dataDir: config.data_dir, network: config.network },
      `network = ${JSON.stringify(config.network)}: data_dir ${config.data_dir} belongs to network "${existing.chainId}" with another genesis; use another data_dir or the network file it was made with`,
    );
  }
  checkDomains(config, own, genesis);
  return genesis;
}

/** A private network of one node: it may measure its own results, which then count half. */
function foundSolo(domains: readonly DomainSpec[], publicKey: string, nowMs: number): Genesis {
  return {
    // Its own id, so that private networks on one LAN do not call each other.
    chainId: `solo-${publicKey.slice(0, 8)}`,
    timestampMs: nowMs,
    solo: true,
    parameters: LOCAL_PARAMETERS,
    domains,
    members: [
      {
        nodeId: publicKey,
        reputationMicro: FOUNDER_REPUTATION_MICRO,
        evaluates: domains.map((domain) => domain.domainId).sort(),
      },
    ],
  };
}

/** The usual ones, and what the config names beyond them. A name that is unknown is refused with the genesis. */
function foundingDomains(config: NodeConfig, own: OwnDomains): readonly DomainSpec[] {
  const named = config.domains.flatMap(
    ({ domain_id: domainId }) => own.get(domainId)?.spec ?? builtInDomain(domainId) ?? [],
  );
  return [...new Map([...builtInDomains, ...named].map((spec) => [spec.domainId, spec])).values()];
}

function checkDomains(config: NodeConfig, own: OwnDomains, genesis: Genesis): void {
  const known = genesis.domains.map((domain) => domain.domainId);
  for (const [index, { domain_id: domainId }] of config.domains.entries()) {
    if (known.includes(domainId)) {
      checkDefinition(index, genesis, own.get(domainId)?.spec);
      continue;
    }
    // With a definition of his own its owner waits for members to vote it in.
    if (own.has(domainId)) continue;
    throw new DoinError(
      { code: 'config-invalid', field: `domains[${index}].domain_id`, value: domainId },
      `domains[${index}].domain_id = ${JSON.stringify(domainId)}: network "${genesis.chainId}" has no such domain; use one of ${known.join(', ')}, or give the definition of one that is voted in later`,
    );
  }
}

/** A definition that differs would measure something else than the network agreed on. */
function checkDefinition(index: number, genesis: Genesis, own: DomainSpec | undefined): void {
  if (own === undefined) return;
  const theirs = genesis.domains.find(({ domainId }) => domainId === own.domainId);
  if (theirs === undefined || domainHash(theirs) === domainHash(own)) return;
  throw new DoinError(
    { code: 'config-invalid', field: `domains[${index}].definition`, value: own.domainId },
    `domains[${index}].definition: defines "${own.domainId}" otherwise than network "${genesis.chainId}" does; use the values of its network file`,
  );
}

function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
