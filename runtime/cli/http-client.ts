/** Asks a running node over its HTTP API. */
import { DoinError, errorMessage } from '../errors.js';
import type { StatusJson } from '../http/status.js';

const TIMEOUT_MS = 5000;

export function fetchStatus(baseUrl: string): Promise<StatusJson> {
  return fetchJson<StatusJson>(baseUrl, '/status');
}

/** The shape is the server's promise; a node of another version may break it. */
export async function fetchJson<T>(baseUrl: string, path: string): Promise<T> {
  const url = new URL(path, baseUrl);
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    const reason =
      error instanceof Error && error.cause !== undefined ? errorMessage(error.cause) : errorMessage(error);
    throw unreachable(url, reason);
  }
  if (!response.ok) {
    throw new DoinError(
      { code: 'node-error', url: url.href, status: response.status },
      `${url.href} answered ${response.status}: ${(await response.text()).slice(0, 500)}`,
    );
  }
  return (await response.json()) as T;
}

export function unreachable(url: URL, reason: string): DoinError {
  return new DoinError(
    { code: 'node-unreachable', url: url.href },
    `no node answers at ${url.href} (${reason}); start one with \`doin start\`, or name its address with --url`,
  );
}
