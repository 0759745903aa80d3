/** Pages of blocks. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import type { StatusSource } from './node-view.js';
import { blockPage, blocksPage, chainStatusPage } from './pages/chain.js';
import { count } from './pages/schema.js';
import { sendProblem } from './problem.js';
import { page } from './route.js';

/** Upstream's page size. */
const MAX_BLOCKS = 50;

const range = z.strictObject({
  from: count.optional().describe('First height; left out: the newest blocks.'),
  to: count.optional().describe(`Last height; a page has at most ${MAX_BLOCKS} blocks.`),
});
const which = z.strictObject({
  index: z
    .string()
    .regex(/^([0-9]{1,15}|[0-9a-f]{64})$/)
    .describe('Height or hash.'),
});

export function registerBlockRoutes(app: FastifyInstance, source: StatusSource): void {
  app.get('/chain/status', page('chain', 'Where the chain stands', chainStatusPage), () => source.chainStatus());

  app.get<{ Querystring: z.infer<typeof range> }>(
    '/chain/blocks',
    page('chain', 'Blocks, lowest first', blocksPage, { querystring: range }),
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

  app.get<{ Params: z.infer<typeof which> }>(
    '/chain/block/:index',
    page('chain', 'One block', blockPage, { params: which, problems: [404] }),
    async ({ params: { index } }, reply) => {
      const asked = index.length === 64 ? { hash: index } : { height: Number(index) };
      return (await source.block(asked)) ?? notFound(reply, index);
    },
  );
}

function notFound(reply: FastifyReply, index: string): FastifyReply {
  return sendProblem(reply, 404, 'unknown-block', `index: there is no block ${index} on this node's chain`);
}
