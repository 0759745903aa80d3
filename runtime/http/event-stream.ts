/**
 * `/events` over WebSocket: JSON text frames, one event each, of the topics that were asked for, from an id on. A client
 * reads at its own pace: what it has not read yet stays in the log, and when the log has moved on it is told how many
 * ids it missed.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import { z } from 'zod';
import { type EventLog, TOPICS, type Topic } from './event-log.js';
import { count, jsonSchema } from './pages/schema.js';
import { sendProblem } from './problem.js';

/** More than this is not handed to a connection before it has taken what it has. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
const MAX_CLIENTS = 64;
const PING_MS = 30_000;

const query = z.strictObject({
  topics: z.string().max(200).optional(),
  after: count.optional(),
});
type Query = z.infer<typeof query>;
type EventsRequest = FastifyRequest<{ Querystring: Query }>;

export function registerEvents(app: FastifyInstance, log: EventLog): void {
  let clients = 0;
  app.get<{ Querystring: Query }>(
    '/events',
    {
      websocket: true,
      schema: { hide: true, querystring: jsonSchema(query, 'input') },
      preHandler: async (request: EventsRequest, reply: FastifyReply) => {
        const unknown = unknownTopic(request.query.topics);
        if (unknown !== null) {
          const known = `use ${TOPICS.join(', ')}, with commas between them`;
          return sendProblem(
            reply,
            400,
            'bad-request',
            `topics: there is no topic ${JSON.stringify(unknown)}; ${known}`,
          );
        }
        if (clients < MAX_CLIENTS) return;
        return sendProblem(reply, 503, 'too-many-clients', `${MAX_CLIENTS} event streams are open; close one`);
      },
    },
    (socket, request) => {
      clients += 1;
      socket.on('close', () => {
        clients -= 1;
      });
      const { topics, after } = (request as EventsRequest).query;
      streamEvents(socket, log, { topics: topicsOf(topics), after: after ?? null });
    },
  );
}

function unknownTopic(text: string | undefined): string | null {
  return text?.split(',').find((name) => !TOPICS.some((topic) => topic === name)) ?? null;
}

function topicsOf(text: string | undefined): ReadonlySet<Topic> {
  const names = text?.split(',') ?? TOPICS;
  return new Set(TOPICS.filter((topic) => names.includes(topic)));
}

export function streamEvents(
  socket: WebSocket,
  log: EventLog,
  asked: { readonly topics: ReadonlySet<Topic>; readonly after: number | null },
): void {
  let alive = true;
  let at = asked.after === null ? log.next : Math.min(asked.after + 1, log.next);
  let waiting = false;

  /** Hands over what there is, until the connection holds enough of it; goes on when that was taken. */
  const pump = () => {
    if (waiting) return;
    while (socket.readyState === socket.OPEN && at < log.next) {
      if (at < log.oldest) {
        socket.send(JSON.stringify({ event: 'missed', from: at, to: log.oldest - 1 }));
        at = log.oldest;
      }
      const event = log.at(at);
      at += 1;
      if (event === undefined || !asked.topics.has(event.topic)) continue;
      waiting = socket.bufferedAmount > MAX_BUFFERED_BYTES;
      socket.send(event.text, waiting ? taken : undefined);
      if (waiting) return;
    }
  };
  const taken = () => {
    waiting = false;
    pump();
  };

  const cancel = log.onEvent(pump);
  const ping = setInterval(() => {
    if (!alive) socket.terminate();
    alive = false;
    socket.ping();
  }, PING_MS);
  socket.on('pong', () => {
    alive = true;
  });
  // A broken connection is followed by `close`, which is where the subscription ends.
  socket.on('error', () => socket.terminate());
  socket.on('close', () => {
    clearInterval(ping);
    cancel();
  });
  pump();
}
