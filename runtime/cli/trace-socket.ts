/** Opens `/trace` of a running node: one frame after another until the node or the caller ends it. */
import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { DoinError, errorMessage } from '../errors.js';
import type { TraceFrame } from '../http/trace-stream.js';
import { unreachable } from './http-client.js';

export interface TraceSocket {
  /** Settles when the node ends the stream. */
  readonly ended: Promise<void>;
  close(): void;
}

const MAX_PROBLEM_BYTES = 4096;

/** Resolves when the node traces; frames may come before. */
export function openTrace(baseUrl: string, filter: string, onFrame: (frame: TraceFrame) => void): Promise<TraceSocket> {
  const page = new URL('/trace', baseUrl);
  page.searchParams.set('filter', filter);
  const address = new URL(page);
  address.protocol = page.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(address);
  const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  return new Promise((resolve, reject) => {
    socket.on('error', (error) => reject(unreachable(page, errorMessage(error))));
    socket.on('unexpected-response', (_request, response) => {
      refusal(page, response).then(reject, reject);
    });
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as TraceFrame;
      if (frame.event === 'ready') resolve({ ended, close: () => socket.terminate() });
      onFrame(frame);
    });
    void ended.then(() => reject(unreachable(page, 'it closed the connection')));
  });
}

async function refusal(page: URL, response: IncomingMessage): Promise<DoinError> {
  let body = '';
  for await (const chunk of response) {
    body += String(chunk);
    if (body.length > MAX_PROBLEM_BYTES) break;
  }
  const status = response.statusCode ?? 0;
  return new DoinError({ code: 'node-error', url: page.href, status }, `${page.href} answered ${status}: ${body}`);
}
