/** What one check of `doin doctor` found. */
export type FindingLevel = 'ok' | 'warn' | 'fail';

export interface Finding {
  readonly check: string;
  /** `fail`: a node does not run like this; `warn`: it runs, with less than it could have. */
  readonly level: FindingLevel;
  readonly found: string;
  /** What to do about it; null when there is nothing to do. */
  readonly fix: string | null;
}

export function ok(check: string, found: string): Finding {
  return { check, level: 'ok', found, fix: null };
}

export function warn(check: string, found: string, fix: string): Finding {
  return { check, level: 'warn', found, fix };
}

export function fail(check: string, found: string, fix: string): Finding {
  return { check, level: 'fail', found, fix };
}
