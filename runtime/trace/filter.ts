/** Which messages are traced: patterns over `role` or `role.kind`, in the syntax of the `debug` package. */
import { DoinError } from '../errors.js';

export interface TraceFilter {
  /** `chain`, `chain*`, `*`, or with a kind: `chain.submit*`. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

const PATTERN = /^[a-z0-9*-]+(\.[A-Za-z0-9*.-]+)?$/;
const PREFIX = 'doin:';

/**
 * Reads `--trace chain,gossip` and `DEBUG=doin:*,-doin:gossip`. In a text where some name has the `doin:` prefix,
 * names without it belong to other programs' debugging and are passed over.
 */
export function parseTraceFilter(text: string): TraceFilter {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  const prefixed = words.some((word) => word.replace(/^-/, '').startsWith(PREFIX));
  const include: string[] = [];
  const exclude: string[] = [];
  for (const word of words) {
    const negated = word.startsWith('-');
    let pattern = negated ? word.slice(1) : word;
    if (prefixed) {
      if (!pattern.startsWith(PREFIX)) continue;
      pattern = pattern.slice(PREFIX.length);
    }
    if (!PATTERN.test(pattern)) {
      throw new DoinError(
        { code: 'trace-filter-invalid', pattern: word },
        `trace: "${word}" is no actor name or pattern; write for example chain, chain*, chain.submit or *`,
      );
    }
    (negated ? exclude : include).push(pattern);
  }
  return { include: include.length === 0 && exclude.length > 0 ? ['*'] : include, exclude };
}

/** The filter that `DEBUG` asks for, or null when it means other programs only. */
export function traceFilterFromDebug(debug: string | undefined): TraceFilter | null {
  return debug?.includes(PREFIX) ? parseTraceFilter(debug) : null;
}

/** Whether messages of this kind, handled by this actor, are traced. Events have kinds like `chain.headChanged`. */
export function isTraced(filter: TraceFilter | null, role: string, kind: string): boolean {
  if (filter === null) return false;
  const hit = (pattern: string) => matches(pattern, role, kind);
  return filter.include.some(hit) && !filter.exclude.some(hit);
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
