/**
 * The one error class of the project. `data.code` is the stable name programs match on; the message is for people and
 * names the field, the value and the fix. Rules return verdicts instead of throwing; a throw is a programming mistake
 * or an edge that cannot answer.
 */
export class DoinError<T extends { readonly code: string } = { readonly code: string }> extends Error {
  override readonly name = 'DoinError';
  readonly data: T;

  constructor(data: T, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.data = data;
  }

  get code(): T['code'] {
    return this.data.code;
  }
}

export function isDoinError(error: unknown, code?: string): error is DoinError {
  return error instanceof DoinError && (code === undefined || error.data.code === code);
}

/** The text of anything that was thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
