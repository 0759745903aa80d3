/** Domains that a node's owner brings: each defined by a file, as JSON with a program's command or as a module. */
import { readFile } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import { domainHash } from '../../actors/chain/genesis.js';
import { BUILT_IN } from '../../config/built-in.js';
import { checkDefinition, parseDefinition } from '../../config/domain-spec.js';
import type { NodeConfig } from '../../config/schema.js';
import { unreadable } from '../../config/snake-file.js';
import type { DomainSpec, LocalDomainSpec } from '../../gpu-workers/types.js';
import { DoinError } from '../errors.js';
import { builtInDomain } from './domains.js';

export interface OwnDomain {
  /** What a chain holds of it, the same on every node. */
  readonly spec: DomainSpec;
  /** What this node runs. */
  readonly local: LocalDomainSpec;
}

/** By domain id. */
export type OwnDomains = ReadonlyMap<string, OwnDomain>;

export async function loadOwnDomains({ domains }: Pick<NodeConfig, 'domains'>): Promise<OwnDomains> {
  const own = new Map<string, OwnDomain>();
  for (const [index, { domain_id: domainId, definition }] of domains.entries()) {
    if (definition === undefined) continue;
    const domain = definition === BUILT_IN ? builtIn(index, domainId) : await loadDefinition(definition);
    if (domain.spec.domainId !== domainId) {
      throw new DoinError(
        { code: 'config-invalid', field: `domains[${index}].domain_id`, value: domainId },
        `domains[${index}].domain_id = ${JSON.stringify(domainId)}: ${definition} defines "${domain.spec.domainId}"; use that name`,
      );
    }
    own.set(domainId, domain);
  }
  return own;
}

function builtIn(index: number, domainId: string): OwnDomain {
  const spec = builtInDomain(domainId);
  if (spec !== null) return { spec, local: spec };
  throw new DoinError(
    { code: 'config-invalid', field: `domains[${index}].definition`, value: BUILT_IN },
    `domains[${index}].definition = ${JSON.stringify(BUILT_IN)}: no domain "${domainId}" comes with the program; name the file that defines it`,
  );
}

/** Throws DoinError `domain-file-invalid`. */
export async function loadDefinition(file: string): Promise<OwnDomain> {
  if (file.endsWith('.json')) {
    const text = await readFile(file, 'utf8').catch((cause: unknown) => {
      throw unreadable({ kind: 'domain', file }, cause);
    });
    const local = parseDefinition(text, file);
    const { command: _, ...spec } = local;
    return { spec, local };
  }
  const module = await import(pathToFileURL(file).href).then(
    (loaded) => loaded as Record<string, unknown>,
    (cause: unknown) => {
      throw unreadable({ kind: 'domain', file }, cause);
    },
  );
  const spec = checkDefinition(module.spec ?? null, file);
  return { spec, local: { ...spec, module: pathToFileURL(file).href } };
}

/** By the hash under which a network knows them. */
export async function loadDefinitions(files: readonly string[]): Promise<ReadonlyMap<string, LocalDomainSpec>> {
  const own = await Promise.all(files.map(loadDefinition));
  return new Map(own.map(({ spec, local }) => [domainHash(spec), local]));
}
