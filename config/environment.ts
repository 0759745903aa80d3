/**
 * Settings from the environment: DOIN_ and the name of a field in capitals, two underscores for a dot, as in
 * DOIN_P2P__MDNS=false. Lists and objects are JSON; a list of texts may also be divided by commas. The environment wins
 * over the config file, the command line over both.
 */
import { nearestName } from './levenshtein.js';
import { type Field, fieldsOf, type SchemaNode } from './schema-tree.js';

export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'DOIN_';

/** Variable -> field, for all fields that do not lie inside of a list. */
const VARIABLES: ReadonlyMap<string, Field> = new Map(
  fieldsOf()
    .filter(({ path, node }) => path.length > 0 && node.properties === undefined)
    .map((field) => [variableOf(field.path), field]),
);

export function variableOf(path: readonly string[]): string {
  return PREFIX + path.join('__').toUpperCase();
}

export interface EnvironmentSettings {
  /** As a config file would have them, unchecked. */
  readonly settings: Record<string, unknown>;
  /** Variables that look like settings and are none. */
  readonly warnings: readonly string[];
}

export function readEnvironment(environment: Environment): EnvironmentSettings {
  const settings: Record<string, unknown> = {};
  const warnings: string[] = [];
  for (const [variable, text] of Object.entries(environment)) {
    if (text === undefined || !variable.startsWith(PREFIX)) continue;
    const field = VARIABLES.get(variable);
    if (field === undefined) warnings.push(unknownVariable(variable));
    else setAt(settings, field.path, readValue(text, field.node));
  }
  return { settings, warnings };
}

/** The variable that gave the setting at this path, if one did. */
export function variableBehind(path: readonly PropertyKey[], environment: Environment): string | null {
  for (let depth = path.length; depth > 0; depth -= 1) {
    const variable = variableOf(path.slice(0, depth).map(String));
    if (environment[variable] !== undefined && VARIABLES.has(variable)) return variable;
  }
  return null;
}

function unknownVariable(variable: string): string {
  const near = nearestName(variable, [...VARIABLES.keys()]);
  return `${variable} is no setting${near === null ? '; `doin config schema` lists them' : `; did you mean ${near}?`}`;
}

function setAt(settings: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key = '', ...rest] = path;
  if (rest.length === 0) {
    settings[key] = value;
    return;
  }
  const inner = (settings[key] ?? {}) as Record<string, unknown>;
  settings[key] = inner;
  setAt(inner, rest, value);
}

/** What is no JSON stays a text, for the schema to take or to refuse by name. */
function readValue(text: string, node: SchemaNode): unknown {
  if (node.type === 'string') return text;
  try {
    return JSON.parse(text);
  } catch {
    return node.type === 'array' && node.items?.type === 'string'
      ? text.split(',').filter((part) => part !== '')
      : text;
  }
}
