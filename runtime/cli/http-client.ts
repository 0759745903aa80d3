/** Asks a running node over its HTTP API. */
import { DoinError, errorMessage } from '../errors.js';
import type { StatusJson } from '../http/status.js';
import { printable } from './format.js';

const TIMEOUT_MS = 5000;

export function fetchStatus(baseUrl: string): Promise<StatusJson> {
  return fetchJson<StatusJson>(baseUrl, '/status');
}

/** The shape is the server's promise; a node of another version may break it. */
export function fetchJson<T>(baseUrl: string, path: string): Promise<T> {
  return request<T>(new URL(path, baseUrl), {});
}

/** What only the owner of the node may ask. */
export function postJson<T>(
  baseUrl: string,
  path: string,
  token: string,
  body: unknown,
  { timeoutMs = TIMEOUT_MS, signal }: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
): Promise<T> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const init = { method: 'POST', headers, body: JSON.stringify(body) };
  return request<T>(new URL(path, baseUrl), init, timeoutMs, signal);
}

async function request<T>(url: URL, init: RequestInit, timeoutMs = TIMEOUT_MS, signal?: AbortSignal): Promise<T> {
  // Not AbortSignal.any: on Node 20 a combined signal stays alive as long as its longest-lived source.
  const ending = new AbortController();
  const end = () => ending.abort(new Error('given up'));
  const timer = setTimeout(() => ending.abort(new Error(`no answer in ${timeoutMs / 1000} s`)), timeoutMs);
  signal?.addEventListener('abort', end, { once: true });
  if (signal?.aborted) end();
  try {
    const response = await fetch(url, { ...init, signal: ending.signal });
    if (!response.ok) throw refused(url, response.status, await response.text());
    return (await response.json()) as T;
  } catch (error) {
    if (error instanceof DoinError) throw error;
    const reason =
      error instanceof Error && error.cause !== undefined ? errorMessage(error.cause) : errorMessage(error);
    throw unreachable(url, reason);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
}

/** A problem document says it in words; anything else is shown as it came. */
function refused(url: URL, status: number, text: string): DoinError {
  const problem = problemIn(text);
  const data = { code: problem?.title ?? 'node-error', url: url.href, status };
  if (problem !== null) return new DoinError(data, printable(problem.detail));
  return new DoinError(data, `${url.href} answered ${status}: ${printable(text.slice(0, 500))}`);
}

function problemIn(text: string): { readonly title: string; readonly detail: string } | null {
  try {
    const { title, detail } = JSON.parse(text) as Record<string, unknown>;
    return typeof title === 'string' && typeof detail === 'string' ? { title, detail } : null;
  } catch {
    return null;
  }
}

export function unreachable(url: URL, reason: string): DoinError {
  return new DoinError(
    { code: 'node-unreachable', url: url.href },
    `no node answers at ${url.href} (${reason}); start one with \`doin start\`, or name its address with --url`,
  );
}
