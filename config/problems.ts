/** Turns validation issues into sentences that name the field, the value and the fix. */
import type { z } from 'zod';
import { nearestName } from './levenshtein.js';
import { type SchemaNode, schemaTree } from './schema-tree.js';

export interface ConfigProblem {
  /** For example `domains[0].optimization_config.max_epochs`. */
  readonly field: string;
  readonly value: unknown;
  /** `field = value: what is wrong; fix`. */
  readonly message: string;
}

type Path = readonly PropertyKey[];

export function formatPath(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}

/** JSON where possible; NaN, Infinity and undefined by name; long values cut. */
export function formatValue(value: unknown): string {
  if (typeof value === 'number' || value === undefined) return String(value);
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

export function problem(path: Path, value: unknown, wrongAndFix: string): ConfigProblem {
  const field = formatPath(path) || 'config';
  return { field, value, message: `${field} = ${formatValue(value)}: ${wrongAndFix}` };
}

function valueAt(raw: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, part) => (typeof value === 'object' && value !== null ? Reflect.get(value, part) : undefined),
    raw,
  );
}

function childNode(node: SchemaNode | undefined, part: PropertyKey): SchemaNode | undefined {
  if (node === undefined) return undefined;
  if (typeof part === 'number') return node.items;
  const named = node.properties?.[String(part)];
  if (named !== undefined) return named;
  return typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined;
}

/** The documentation of the nearest enclosing field that has one, so that list items get their list's fix. */
function fixAt(path: Path): string {
  let node: SchemaNode | undefined = schemaTree;
  let expected: string | undefined;
  for (const part of path) {
    node = childNode(node, part);
    expected = node?.expected ?? expected;
  }
  const fallback = node?.default;
  const hint = ['string', 'number', 'boolean'].includes(typeof fallback) && fallback !== '';
  return `use ${expected ?? 'a JSON object'}${hint ? ` (default ${formatValue(fallback)})` : ''}`;
}

function whatIsWrong(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'int' ? 'is not a whole number' : `is not ${article(issue.expected)}`;
    case 'too_big':
      return issue.origin === 'number' || issue.origin === 'int' ? 'is too large' : 'is too long';
    case 'too_small':
      return issue.origin === 'number' || issue.origin === 'int' ? 'is too small' : 'is too short';
    case 'invalid_value':
      return 'is not one of the allowed values';
    default:
      return issue.message;
  }
}

function article(type: string): string {
  const name = type === 'number' ? 'finite number' : type === 'array' ? 'list' : type;
  return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`;
}

/** Names of the fields that may stand at `path`. */
function knownNames(path: Path): readonly string[] {
  const node = path.reduce<SchemaNode | undefined>((at, part) => childNode(at, part), schemaTree);
  return Object.keys(node?.properties ?? {});
}

export function describeIssue(issue: z.core.$ZodIssue, raw: unknown): readonly ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      const names = knownNames(issue.path);
      const near = nearestName(key, names);
      const fix = near === null ? `remove it; known fields: ${names.join(', ')}` : `did you mean "${near}"?`;
      return problem(path, valueAt(raw, path), `is not a known field; ${fix}`);
    });
  }
  const value = valueAt(raw, issue.path);
  if (issue.code === 'custom') return [problem(issue.path, value, issue.message)];
  const wrong = value === undefined ? 'is missing' : whatIsWrong(issue);
  return [problem(issue.path, value, `${wrong}; ${fixAt(issue.path)}`)];
}
