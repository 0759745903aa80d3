/** From a config file and command-line overrides to the config a node runs with, or to one error naming every problem. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { DoinError, errorMessage } from '../runtime/errors.js';
import { BUILT_IN } from './built-in.js';
import { type Environment, readEnvironment, variableBehind } from './environment.js';
import { type ConfigProblem, describeIssue, formatPath, formatValue, problem } from './problems.js';
import {
  type DomainConfig,
  type NodeConfig,
  type NodeConfigInput,
  nodeConfigSchema,
  type ParsedNodeConfig,
} from './schema.js';
import { UPSTREAM_DOMAIN_KEYS, UPSTREAM_NODE_KEYS, UPSTREAM_OPTIMIZATION_KEYS } from './upstream-keys.js';

/** Raw values that win over the file: what the command line gave, still unchecked. */
export type ConfigOverrides = { readonly [K in keyof NodeConfigInput]?: unknown } & {
  /** Work on these domains only; one that the file does not list gets default settings. */
  readonly domain_ids?: readonly string[];
};

/** Where settings come from; each wins over the one before. */
export interface ConfigSources {
  /** Path of a JSON file. */
  readonly file?: string;
  /** Usually process.env. */
  readonly environment?: Environment;
  readonly overrides?: ConfigOverrides;
}

export interface LoadedConfig {
  readonly config: NodeConfig;
  /** Sentences for the user: settings that have no effect. */
  readonly warnings: readonly string[];
}

export interface ConfigInvalid {
  readonly code: 'config-invalid';
  readonly problems: readonly ConfigProblem[];
}

/** Throws DoinError `config-invalid`, whose message has one line for each problem. */
export function loadConfig(options: ConfigSources = {}): LoadedConfig {
  const { file, environment = {}, overrides: { domain_ids: domainIds, ...overrides } = {} } = options;
  const { $schema: _editorsOnly, ...fromFile } = file === undefined ? {} : readConfigFile(file);
  const { settings, warnings: unknown } = readEnvironment(environment);
  const warnings: string[] = [...unknown];
  const base = merge(withoutUpstreamKeys(fromFile, warnings), settings);
  const merged = chooseDomains(merge(base, overrides), domainIds);
  const parsed = nodeConfigSchema.safeParse(merged);
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue) => {
      const variable = variableBehind(issue.path, environment);
      const from = variable === null ? '' : ` (set by ${variable})`;
      return describeIssue(issue, merged).map((found) => ({ ...found, message: found.message + from }));
    });
    throw invalid(problems);
  }
  const config = resolveConfig(parsed.data);
  const problems = crossCheck(config);
  if (problems.length > 0) throw invalid(problems);
  return { config, warnings };
}

function invalid(problems: readonly ConfigProblem[]): DoinError<ConfigInvalid> {
  return new DoinError(
    { code: 'config-invalid', problems },
    ['The configuration is not valid:', ...problems.map(({ message }) => `  ${message}`)].join('\n'),
  );
}

function readConfigFile(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw invalid([problem(['--config'], file, `cannot be read (${errorMessage(cause)}); name an existing JSON file`)]);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const fix = 'fix the JSON there (NaN, Infinity, comments and trailing commas are not JSON)';
    throw invalid([problem(['--config'], file, `is not valid JSON (${errorMessage(cause)}); ${fix}`)]);
  }
  if (!isObject(value)) throw invalid([problem(['--config'], file, 'is not a JSON object; start it with {')]);
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Takes out the upstream fields that have no meaning here and says so, at the three levels where they occur. */
function withoutUpstreamKeys(raw: Record<string, unknown>, warnings: string[]): Record<string, unknown> {
  const top = takeOut(raw, UPSTREAM_NODE_KEYS, [], warnings);
  if (!Array.isArray(top.domains)) return top;
  const domains = top.domains.map((entry: unknown, index) => {
    if (!isObject(entry)) return entry;
    const path = ['domains', index];
    const domain = takeOut(entry, UPSTREAM_DOMAIN_KEYS, path, warnings);
    const search = domain.optimization_config;
    if (!isObject(search)) return domain;
    const inner = takeOut(search, UPSTREAM_OPTIMIZATION_KEYS, [...path, 'optimization_config'], warnings);
    return { ...domain, optimization_config: inner };
  });
  return { ...top, domains };
}

function takeOut(
  raw: Record<string, unknown>,
  known: Readonly<Record<string, string>>,
  path: readonly (string | number)[],
  warnings: string[],
): Record<string, unknown> {
  const kept: [string, unknown][] = [];
  for (const [key, value] of Object.entries(raw)) {
    if (Object.hasOwn(known, key)) {
      warnings.push(`${formatPath([...path, key])} = ${formatValue(value)}: ${known[key]}; remove it from the config`);
    } else {
      kept.push([key, value]);
    }
  }
  return Object.fromEntries(kept);
}

/** Settings of `winner` over those of `base`; `p2p` and its like field by field, lists as a whole. */
function merge(base: Record<string, unknown>, winner: Record<string, unknown>): Record<string, unknown> {
  const merged = { ...base };
  for (const [key, value] of Object.entries(winner)) {
    if (value === undefined) continue;
    const before = base[key];
    merged[key] = isObject(before) && isObject(value) && key !== 'placement' ? { ...before, ...value } : value;
  }
  return merged;
}

function chooseDomains(merged: Record<string, unknown>, ids: readonly string[] = []): Record<string, unknown> {
  if (ids.length === 0) return merged;
  const listed: unknown[] = Array.isArray(merged.domains) ? merged.domains : [];
  const domains = ids.map(
    (id) => listed.find((entry) => isObject(entry) && entry.domain_id === id) ?? { domain_id: id },
  );
  return { ...merged, domains };
}

/** Fills in paths and numbers that depend on other fields or on the machine, and applies the role to the domains. */
function resolveConfig(parsed: ParsedNodeConfig): NodeConfig {
  const dataDir = resolve(parsed.data_dir);
  const inDataDir = (given: string, name: string) => (given === '' ? join(dataDir, name) : resolve(given));
  return {
    ...parsed,
    data_dir: dataDir,
    network: parsed.network === 'solo' ? 'solo' : resolve(parsed.network),
    domains: parsed.domains.map((domain) => resolveDomain(domain, parsed.role)),
    anchors: parsed.anchors.map((anchor) => {
      if (anchor.ledger === 'file') return { ...anchor, path: inDataDir(anchor.path, 'anchors.log') };
      if (anchor.ledger === 'git' || anchor.private_key_file === '') return anchor;
      return { ...anchor, private_key_file: resolve(anchor.private_key_file) };
    }),
    snapshot: parsed.snapshot === '' ? '' : resolve(parsed.snapshot),
    identity_file: inDataDir(parsed.identity_file, 'identity.json'),
    experiment_stats_file: inDataDir(parsed.experiment_stats_file, 'experiments.csv'),
    olap_db_path: inDataDir(parsed.olap_db_path, 'olap.db'),
    workers: { ...parsed.workers, threads: parsed.workers.threads || availableParallelism() },
  };
}

/**
 * Upstream leaves both sides off by default. Here a domain without either works on both, and one that names a
 * single side means that side alone, so that upstream's entries keep their meaning.
 */
function resolveDomain(domain: ParsedNodeConfig['domains'][number], role: NodeConfig['role']): DomainConfig {
  const optimize = domain.optimize ?? domain.evaluate !== true;
  const evaluate = domain.evaluate ?? domain.optimize !== true;
  return {
    ...domain,
    definition: resolveDefinition(domain.definition),
    optimize: optimize && (role === 'full' || role === 'optimizer'),
    evaluate: evaluate && (role === 'full' || role === 'evaluator'),
  };
}

function resolveDefinition(definition: string | undefined): string | undefined {
  return definition === undefined || definition === BUILT_IN ? definition : resolve(definition);
}

function crossCheck(config: NodeConfig): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (config.role === 'evaluator' && !config.domains.some(({ evaluate }) => evaluate)) {
    problems.push(problem(['role'], config.role, 'no domain is evaluated; set "evaluate": true in domains[]'));
  }
  if (config.role === 'optimizer' && !config.domains.some(({ optimize }) => optimize)) {
    problems.push(problem(['role'], config.role, 'no domain is optimized; set "optimize": true in domains[]'));
  }
  const ids = config.domains.map(({ domain_id: id }) => id);
  for (const [index, id] of ids.entries()) {
    if (ids.indexOf(id) !== index) {
      problems.push(problem(['domains', index, 'domain_id'], id, 'is listed twice; remove one of the entries'));
    }
  }
  for (const [index, anchor] of config.anchors.entries()) {
    if (anchor.ledger !== 'ethereum' || anchor.private_key_file !== '') continue;
    const path = (field: string) => ['anchors', index, field];
    if (anchor.publish) {
      problems.push(
        problem(path('private_key_file'), '', 'is needed to publish; name the file, or set "publish": false'),
      );
    } else if (anchor.address === '') {
      problems.push(
        problem(path('address'), '', 'is needed without a private key; name the account whose anchors count'),
      );
    }
  }
  return [...problems, ...checkPlacement(config.placement)];
}

function checkPlacement(placement: NodeConfig['placement']): readonly ConfigProblem[] {
  const threadOf = new Map<string, string>();
  const problems: ConfigProblem[] = [];
  for (const [thread, roles] of Object.entries(placement)) {
    if (thread === 'main') {
      const wrong = 'is the name of the thread that supervises all others; choose another name';
      problems.push(problem(['placement', thread], roles, wrong));
    }
    for (const [index, role] of roles.entries()) {
      const other = threadOf.get(role);
      if (other !== undefined) {
        const wrong = `is already placed on thread "${other}"; name each actor once`;
        problems.push(problem(['placement', thread, index], role, wrong));
      }
      threadOf.set(role, thread);
    }
  }
  return problems;
}
