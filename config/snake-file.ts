/** JSON files with keys in snake case, read into the camel case of the code. A mistake is named by its place in the file. */
import type { z } from 'zod';
import { DoinError, errorMessage } from '../runtime/errors.js';

export interface SourceFile {
  readonly kind: 'network' | 'domain';
  /** What messages call it. */
  readonly file: string;
}

/** Throws DoinError `<kind>-file-invalid`, whose message names each field, what is wrong with it, and the file. */
export function parseSnakeFile<S extends z.ZodType>(schema: S, text: string, source: SourceFile): z.output<S> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw unreadable(source, cause);
  }
  const foreign = foreignKeys(parsed);
  if (foreign.length > 0) {
    throw invalid(
      source,
      foreign.map((path) => `${path}: is not a known key; keys are in snake_case`),
    );
  }
  const result = schema.safeParse(renameKeys(parsed, toCamel));
  if (result.success) return result.data;
  throw invalid(source, result.error.issues.flatMap(describe));
}

/** As such a file has it. */
export function snakeKeys(value: unknown): unknown {
  return renameKeys(value, toSnake);
}

export function unreadable(source: SourceFile, cause: unknown): ReturnType<typeof invalid> {
  return invalid(source, [`cannot be read (${errorMessage(cause)}); name an existing ${source.kind} file`], cause);
}

function invalid(
  { kind, file }: SourceFile,
  problems: readonly string[],
  cause?: unknown,
): DoinError<{ code: `${SourceFile['kind']}-file-invalid`; file: string }> {
  return new DoinError(
    { code: `${kind}-file-invalid`, file },
    [`The ${kind} file ${file} is not valid:`, ...problems.map((problem) => `  ${problem}`)].join('\n'),
    { cause },
  );
}

function describe(issue: z.core.$ZodIssue): readonly string[] {
  const path = issue.path.map((key) => toSnake(String(key)));
  if (issue.code !== 'unrecognized_keys') return [`${path.join('.')}: ${issue.message}`];
  return issue.keys.map((key) => `${[...path, toSnake(key)].join('.')}: is not a known key; remove it`);
}

/** Paths of keys that are not in snake case: as `slotMs` they would pass for `slot_ms`. */
function foreignKeys(value: unknown, path: readonly string[] = []): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    const here = [...path, key];
    return !/[A-Z]/.test(key) ? foreignKeys(item, here) : [here.join('.')];
  });
}

function renameKeys(value: unknown, rename: (key: string) => string): unknown {
  if (Array.isArray(value)) return value.map((item) => renameKeys(item, rename));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [rename(key), renameKeys(item, rename)]));
}

function toCamel(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function toSnake(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
