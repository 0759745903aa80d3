/** What `doin domain` does: tests any domain by the compliance suite, and writes a module to start from. */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
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

async function ownDomain(target: string): Promise<LocalDomainSpec> {
  for (const file of [target, ...DEFINITIONS.map((name) => join(target, name))]) {
    if (await isFile(file)) return (await loadDefinition(resolve(file))).local;
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
