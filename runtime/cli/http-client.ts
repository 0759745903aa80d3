/** Asks a running node over its HTTP API. */
import { DoinError, errorMessage } from '../errors.js';
import type { StatusJson } from '../http/status.js';

const TIMEOUT_MS = 5000;

export async function fetchStatus(baseUrl: string): Promise<StatusJson> {
  const url = new URL('/status', baseUrl);
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  } catch (error) {
    const reason =
      error instanceof Error && error.cause !== undefined ? errorMessage(error.cause) : errorMessage(error);
    throw new DoinError(
      { code: 'node-unreachable', url: url.href },
      `no node answers at ${url.href} (${reason}); start one with \`doin start\`, or name its address with --url`,
    );
  }
  if (!response.ok) {
    throw new DoinError(
      { code: 'node-error', url: url.href, status: response.status },
      `${url.href} answered ${response.status}: ${(await response.text()).slice(0, 500)}`,
    );
  }
  return (await response.json()) as StatusJson;
}
