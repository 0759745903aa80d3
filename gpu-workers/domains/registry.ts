/**
 * From a domain's specification to its code. Built-in domains go by name; anything else is a module the user named in
 * the config: a path (from the working directory) or a package, exporting `createDomain(spec, kit)`. Such a module is code
 * the user trusts; genomes and weights from strangers never are.
 */
import { createRequire } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { errorMessage } from '../../runtime/errors.js';
import { type DomainKit, domainKit } from '../domain-kit.js';
import { taskFailure } from '../failures.js';
import type { Domain, LocalDomainSpec } from '../types.js';

export type CreateDomain = (spec: LocalDomainSpec, kit: DomainKit) => Domain | Promise<Domain>;

// Imported when first used: `quadratic` alone should not load TensorFlow.
const BUILT_IN: Readonly<Record<string, () => Promise<{ createDomain: CreateDomain }>>> = {
  digits: () => import('./digits/domain.js'),
  exec: () => import('./exec/domain.js'),
  functions: () => import('./functions/domain.js'),
  quadratic: () => import('./quadratic/domain.js'),
  timeseries: () => import('./timeseries/domain.js'),
};

/** Its code comes with the program: safe to run whoever asks for it. */
export function isBuiltInModule(name: string): boolean {
  return Object.hasOwn(BUILT_IN, name);
}

/** A new instance; its data and backend load in `prepare`. Fails with `unknown-domain`. */
export async function loadDomain(spec: LocalDomainSpec): Promise<Domain> {
  const builtIn = isBuiltInModule(spec.module) ? BUILT_IN[spec.module] : undefined;
  const module = builtIn ? await builtIn() : await importModule(spec);
  return await module.createDomain(spec, domainKit);
}

async function importModule(spec: LocalDomainSpec): Promise<{ createDomain: CreateDomain }> {
  let module: Record<string, unknown>;
  try {
    module = (await import(moduleUrl(spec.module))) as Record<string, unknown>;
  } catch (error) {
    const text = `domain ${spec.domainId}: module ${spec.module} cannot be loaded: ${errorMessage(error)}`;
    throw taskFailure('unknown-domain', text, error);
  }
  if (typeof module.createDomain !== 'function') {
    throw taskFailure('unknown-domain', `domain ${spec.domainId}: module ${spec.module} exports no createDomain(spec)`);
  }
  return { createDomain: module.createDomain as CreateDomain };
}

function moduleUrl(name: string): string {
  if (name.startsWith('file:')) return name;
  if (name.startsWith('.') || isAbsolute(name)) return pathToFileURL(resolve(name)).href;
  // A package: the user's own first, as seen from the working directory.
  return pathToFileURL(createRequire(join(process.cwd(), 'package.json')).resolve(name)).href;
}
