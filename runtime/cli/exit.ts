/** Exit codes, and how an error becomes one. */
import { DoinError, errorMessage } from '../errors.js';

export const EXIT = { ok: 0, failure: 1, usage: 2, forced: 130 } as const;

/** Errors that the user mends by typing something else. */
const USAGE_CODES: ReadonlySet<string> = new Set([
  'usage',
  'config-invalid',
  'network-file-invalid',
  'domain-file-invalid',
  'wrong-network',
  'wrong-chain-store',
  'data-dir-in-use',
  'identity-unreadable',
  'token-unreadable',
  'trace-filter-invalid',
  'trace-file-unwritable',
  'placement-invalid',
  'port-in-use',
  'address-in-use',
  'cannot-listen',
  'snapshot-file-invalid',
  'snapshot-untrusted',
  'store-not-empty',
  'nothing-final',
]);

export function exitCodeOf(error: unknown): number {
  return error instanceof DoinError && USAGE_CODES.has(error.code) ? EXIT.usage : EXIT.failure;
}

/** The message alone for what the user can mend; with its cause and stack for what only we can. */
export function errorText(error: unknown): string {
  if (error instanceof DoinError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : errorMessage(error);
}

/** A wrong option: `--name = value: what is wrong; fix`. */
export function usageError(option: string, value: unknown, wrongAndFix: string): DoinError {
  const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return new DoinError({ code: 'usage', option }, `--${option} = ${shown}: ${wrongAndFix}`);
}
