/**
 * `/trace`: the messages of a running node, as JSON text frames over WebSocket. The node traces while somebody listens
 * and stops when the last one leaves. Loopback only, because it shows everything the actors tell each other and the
 * API has no login yet.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import { errorMessage } from '../errors.js';
import { parseTraceFilter, TRACE_ALL, type TraceFilter } from '../trace/filter.js';
import { type TraceJson, traceJson } from '../trace/format.js';
import type { TraceHub } from '../trace/hub.js';
import { sendProblem } from './problem.js';

export type TraceTap = Pick<TraceHub, 'subscribe'>;

export type TraceFrame =
  | TraceJson
  /** From here on every matching message is shown. */
  | { readonly event: 'ready' }
  /** So many records were lost since the last frame: the node made them, or the client took them, too fast. */
  | { readonly event: 'dropped'; readonly count: number };

/** Records for a client that lets this much pile up are dropped, and counted to it. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
/** Each tail costs the main thread its own filtering and JSON. */
const MAX_TAILS = 8;
const LOOPBACK = /^(::ffff:)?127\.|^::1$/;

type TraceRequest = FastifyRequest<{ Querystring: { filter: string } }>;

export function registerTrace(app: FastifyInstance, tap: TraceTap): void {
  let tails = 0;
  app.get<{ Querystring: { filter: string } }>(
    '/trace',
    {
      websocket: true,
      schema: {
        hide: true,
        querystring: {
          type: 'object',
          properties: { filter: { type: 'string', maxLength: 1024, default: '' } },
          additionalProperties: false,
        },
      },
      preHandler: async (request: TraceRequest, reply: FastifyReply) => {
        if (!LOOPBACK.test(request.socket.remoteAddress ?? '')) {
          return sendProblem(reply, 403, 'loopback-only', 'traces are shown to programs on the same machine only');
        }
        if (tails >= MAX_TAILS) {
          return sendProblem(reply, 503, 'too-many-tails', `${MAX_TAILS} tails are open; close one and try again`);
        }
        try {
          filterOf(request);
        } catch (error) {
          return sendProblem(reply, 400, 'bad-request', `filter: ${errorMessage(error)}`);
        }
      },
    },
    (socket, request) => {
      tails += 1;
      streamTrace(socket, filterOf(request as TraceRequest), tap);
      socket.on('close', () => {
        tails -= 1;
      });
    },
  );
}

function filterOf(request: TraceRequest): TraceFilter {
  const filter = parseTraceFilter(request.query.filter);
  return filter.include.length === 0 ? TRACE_ALL : filter;
}

function streamTrace(socket: WebSocket, filter: TraceFilter, tap: TraceTap): void {
  let dropped = 0;
  const send = (frame: TraceFrame) => {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(frame));
  };
  const reportDrops = () => {
    if (dropped > 0) send({ event: 'dropped', count: dropped });
    dropped = 0;
  };
  const subscription = tap.subscribe(filter, {
    record: (record) => {
      if (socket.bufferedAmount > MAX_BUFFERED_BYTES) {
        dropped += 1;
        return;
      }
      reportDrops();
      send(traceJson(record));
    },
    dropped: (count) => {
      dropped += count;
      if (socket.bufferedAmount <= MAX_BUFFERED_BYTES) reportDrops();
    },
  });
  void subscription.ready.then(() => send({ event: 'ready' }));
  // A broken connection is followed by `close`, which is where the subscription ends.
  socket.on('error', () => socket.terminate());
  socket.on('close', () => subscription.cancel());
}
