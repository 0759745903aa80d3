/**
 * Which messages are traced: patterns over `role` or `role.kind` in the syntax of the `debug` package, and the optima
 * or blocks they must be about.
 */
import { DoinError } from '../errors.js';

/** Plain data: it travels to every thread. */
export interface TraceFilter {
  /** `chain`, `chain*`, `*`, or with a kind: `chain.submit*`. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Beginnings of optimum ids, lower-case hex. With any of these or of `blocks`, only messages about them match. */
  readonly optima: readonly string[];
  /** Heights, or beginnings of block hashes. */
  readonly blocks: readonly (number | string)[];
}

export const TRACE_ALL: TraceFilter = { include: ['*'], exclude: [], optima: [], blocks: [] };

const PATTERN = /^[a-z0-9*-]+(\.[A-Za-z0-9*.-]+)?$/;
const PREFIX = 'doin:';
/** Fewer digits would match strangers: a node sees hundreds of ids. */
const ID_PREFIX = /^[0-9a-f]{4,64}$/;
/** Longer numbers are beginnings of hashes: no chain gets that high. */
const HEIGHT = /^[0-9]{1,9}$/;

/**
 * Reads `--trace chain,gossip`, `doin trace chain.submit* optimum:4f1c` and `DEBUG=doin:*,-doin:gossip`. In a text where
 * some name has the `doin:` prefix, names without it belong to other programs' debugging and are passed over.
 */
export function parseTraceFilter(text: string): TraceFilter {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  const prefixed = words.some((word) => word.replace(/^-/, '').startsWith(PREFIX));
  const include: string[] = [];
  const exclude: string[] = [];
  const optima: string[] = [];
  const blocks: (number | string)[] = [];
  for (const word of words) {
    const negated = word.startsWith('-');
    let pattern = negated ? word.slice(1) : word;
    if (prefixed) {
      if (!pattern.startsWith(PREFIX)) continue;
      pattern = pattern.slice(PREFIX.length);
    }
    if (!negated && pattern.startsWith('optimum:')) optima.push(optimumPrefix(pattern.slice('optimum:'.length)));
    else if (!negated && pattern.startsWith('block:')) blocks.push(blockPattern(pattern.slice('block:'.length)));
    else if (PATTERN.test(pattern)) (negated ? exclude : include).push(pattern);
    else throw invalid(word, 'is no actor name or pattern; write for example chain, chain*, chain.submit or *');
  }
  const isSelective = exclude.length + optima.length + blocks.length > 0;
  return { include: include.length === 0 && isSelective ? ['*'] : include, exclude, optima, blocks };
}

function optimumPrefix(text: string): string {
  const prefix = text.toLowerCase();
  if (ID_PREFIX.test(prefix)) return prefix;
  throw invalid(`optimum:${text}`, 'names no optimum; write the first 4 to 64 hex digits of its id, as optimum:4f1c');
}

function blockPattern(text: string): number | string {
  const prefix = text.toLowerCase();
  if (HEIGHT.test(prefix)) return Number(prefix);
  if (ID_PREFIX.test(prefix)) return prefix;
  throw invalid(`block:${text}`, 'names no block; write its height, as block:12, or at least 4 digits of its hash');
}

function invalid(pattern: string, wrongAndFix: string): DoinError {
  return new DoinError({ code: 'trace-filter-invalid', pattern }, `trace: "${pattern}" ${wrongAndFix}`);
}

/** The filter that `DEBUG` asks for, or null when it means other programs only. */
export function traceFilterFromDebug(debug: string | undefined): TraceFilter | null {
  return debug?.includes(PREFIX) ? parseTraceFilter(debug) : null;
}

/** Whether messages of this kind, handled by this actor, can match. Events have kinds like `chain.headChanged`. */
export function isTraced(filter: TraceFilter | null, role: string, kind: string): boolean {
  if (filter === null) return false;
  const hit = (pattern: string) => matches(pattern, role, kind);
  return filter.include.some(hit) && !filter.exclude.some(hit);
}

/** The first pattern that can match none of these actors: a misspelt name would trace nothing and say nothing. */
export function unknownActor({ include, exclude }: TraceFilter, roles: readonly string[]): string | null {
  const isKnown = (pattern: string) => roles.some((role) => glob(pattern.split('.', 1)[0] ?? '', role));
  return [...include, ...exclude].find((pattern) => !isKnown(pattern)) ?? null;
}

/** A filter that lets through whatever any of these does. It may let through more: each listener filters again. */
export function widestFilter(filters: readonly TraceFilter[]): TraceFilter | null {
  const [first, ...others] = filters;
  if (first === undefined || others.length === 0) return first ?? null;
  const isSelective = filters.every(({ optima, blocks }) => optima.length + blocks.length > 0);
  return {
    include: [...new Set(filters.flatMap(({ include }) => include))],
    exclude: first.exclude.filter((pattern) => others.every(({ exclude }) => exclude.includes(pattern))),
    optima: isSelective ? [...new Set(filters.flatMap(({ optima }) => optima))] : [],
    blocks: isSelective ? [...new Set(filters.flatMap(({ blocks }) => blocks))] : [],
  };
}

function matches(pattern: string, role: string, kind: string): boolean {
  const dot = pattern.indexOf('.');
  if (dot < 0) return glob(pattern, role);
  return glob(pattern.slice(0, dot), role) && glob(pattern.slice(dot + 1), kind);
}

function glob(pattern: string, text: string): boolean {
  const source = pattern.split('*').map((part) => part.replace(/[.\\+?^$()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${source.join('.*')}$`).test(text);
}
