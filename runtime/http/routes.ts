/** The JSON pages. Each names its parameters in a schema, so that a wrong one is answered with 400 and its name. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { sendProblem } from './problem.js';
import { PROMETHEUS_TYPE, prometheusPage } from './prometheus.js';
import type { StatusSource } from './source.js';

/** Upstream's page size. */
const MAX_BLOCKS = 50;

const heightParameter = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } as const;
const limitParameter = (fallback: number, maximum: number) =>
  ({ type: 'integer', minimum: 1, maximum, default: fallback }) as const;

function query(properties: Readonly<Record<string, unknown>>, required: readonly string[] = []) {
  return { schema: { querystring: { type: 'object', properties, required, additionalProperties: false } } };
}

export function registerRoutes(app: FastifyInstance, source: StatusSource): void {
  const none = query({});
  app.get('/health', none, () => source.health());
  app.get('/status', none, () => source.status());
  app.get('/metrics', none, async (_request, reply) =>
    reply.type(PROMETHEUS_TYPE).send(prometheusPage(await source.status())),
  );
  app.get('/chain/status', none, () => source.chainStatus());
  app.get('/fees', none, () => source.fees());
  app.get('/peers', none, () => source.peers());
  app.get('/api/tasks', none, () => source.tasks());
  app.get('/api/experiments', none, () => source.experiments());

  app.get<{ Querystring: { limit: number } }>(
    '/api/quorums',
    query({ limit: limitParameter(20, 200) }),
    ({ query: { limit } }) => source.quorums(limit),
  );

  app.get<{ Querystring: { domain_id: string; limit: number } }>(
    '/api/curve',
    query({ domain_id: { type: 'string', minLength: 1, maxLength: 64 }, limit: limitParameter(1000, 20_000) }, [
      'domain_id',
    ]),
    async ({ query: { domain_id: domainId, limit } }, reply) => {
      const curve = await source.curve(domainId, limit);
      return curve ?? sendProblem(reply, 404, 'unknown-domain', `domain_id: this node does not work on "${domainId}"`);
    },
  );

  registerBlockRoutes(app, source);
}

function registerBlockRoutes(app: FastifyInstance, source: StatusSource): void {
  app.get<{ Querystring: { from?: number; to?: number } }>(
    '/chain/blocks',
    query({ from: heightParameter, to: heightParameter }),
    async ({ query: { from, to } }, reply) => {
      const height = (await source.chainStatus()).chain_height;
      const last = Math.min(to ?? (from === undefined ? height : from + MAX_BLOCKS - 1), height);
      const first = from ?? Math.max(0, last - MAX_BLOCKS + 1);
      if (to !== undefined && to < first)
        return sendProblem(reply, 400, 'bad-request', `to: must be >= from (${first})`);
      const end = Math.min(last, first + MAX_BLOCKS - 1);
      return {
        from: first,
        to: end,
        chain_height: height,
        blocks: await source.blocks(first, end),
        has_more: end < last,
      };
    },
  );

  app.get<{ Params: { index: string } }>(
    '/chain/block/:index',
    {
      schema: {
        params: {
          type: 'object',
          properties: { index: { type: 'string', pattern: '^([0-9]{1,15}|[0-9a-f]{64})$' } },
          required: ['index'],
        },
      },
    },
    async ({ params: { index } }, reply) => {
      const which = index.length === 64 ? { hash: index } : { height: Number(index) };
      return (await source.block(which)) ?? notFound(reply, index);
    },
  );
}

function notFound(reply: FastifyReply, index: string): FastifyReply {
  return sendProblem(reply, 404, 'unknown-block', `index: there is no block ${index} on this node's chain`);
}
