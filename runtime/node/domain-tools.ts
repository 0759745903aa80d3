/** What `doin domain` and `doin domains` do with definitions: test, propose, and write a module to start from. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { domainHash } from '../../actors/chain/genesis.js';
import { snakeKeys } from '../../config/snake-file.js';
import { type ComplianceResult, runCompliance } from '../../gpu-workers/compliance/run.js';
import { loadDomain } from '../../gpu-workers/domains/registry.js';
import type { LocalDomainSpec } from '../../gpu-workers/types.js';
import { DoinError } from '../errors.js';
import { packageRoot } from '../package-info.js';
import { builtInDomain } from './domains.js';
import { loadDefinition } from './own-domains.js';

/** The example that a new domain is a copy of, and the name it has there. */
const SKELETON = join(packageRoot, 'examples/module/domain.js');
const SKELETON_NAME = 'my-domain';
const DEFINITIONS = ['domain.json', 'domain.js'];

/** `target`: a built-in name, a definition's file, or a folder with one. */
export async function* testDomain(target: string, cancelMs: number): AsyncGenerator<ComplianceResult> {
  const spec = builtInDomain(target) ?? (await ownDomain(target));
  yield* runCompliance({ createDomain: () => loadDomain(spec), cancelMs });
}

/** The definition for a proposal. What a program of it is called stays with its owner. */
export async function readDomain(target: string): Promise<{ definition: unknown; dataHash: string }> {
  const builtIn = builtInDomain(target);
  if (builtIn !== null) return { definition: snakeKeys(builtIn), dataHash: domainHash(builtIn) };
  const file = await definitionFile(target);
  const { spec } = await loadDefinition(file);
  const dataHash = createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
  return { definition: snakeKeys(spec), dataHash };
}

async function ownDomain(target: string): Promise<LocalDomainSpec> {
  return (await loadDefinition(await definitionFile(target))).local;
}

async function definitionFile(target: string): Promise<string> {
  for (const file of [target, ...DEFINITIONS.map((name) => join(target, name))]) {
    if (await isFile(file)) return resolve(file);
  }
  const text = `${target} is no built-in domain, no file, and no folder with ${DEFINITIONS.join(' or ')}`;
  throw new DoinError({ code: 'usage', target }, text);
}

/** Returns the file it wrote. An existing file is left alone. */
export async function newDomain(name: string): Promise<string> {
  if (!/^[a-z0-9][a-z0-9._-]{0,31}$/.test(name)) {
    throw new DoinError(
      { code: 'usage', name },
      `"${name}" is no domain id; use 1 to 32 of a-z, 0-9, ".", "_" and "-"`,
    );
  }
  const file = join(name, 'domain.js');
  const text = (await readFile(SKELETON, 'utf8')).replaceAll(SKELETON_NAME, name);
  await mkdir(name, { recursive: true });
  await writeFile(file, text, { flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
    throw new DoinError({ code: 'usage', name }, `${file} exists already; choose another name, or remove it`);
  });
  return file;
}

function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
