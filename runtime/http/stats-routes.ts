/** Pages of the tracker, and its tables as files. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { EXPORT_FORMATS, exportType } from '../stats/export.js';
import { OLAP_TABLES } from '../stats/olap-file.js';
import type { StatusSource } from './node-view.js';
import { domainId, jsonSchema } from './pages/schema.js';
import { chainMetricsPage, statsExperimentsPage, statsPage, statsRoundsPage } from './pages/stats.js';
import { sendProblem } from './problem.js';
import { after, limit, page, problems } from './route.js';

const statsQuery = z.strictObject({ domain: domainId.optional().describe('Left out: all.') });
const experimentsQuery = z.strictObject({ after, limit: limit(100, 1000) });
const roundsQuery = z.strictObject({ experiment_id: z.string().min(1).max(256), after, limit: limit(1000, 10_000) });
const metricsQuery = z.strictObject({ domain_id: domainId.optional(), after, limit: limit(100, 1000) });
const exportQuery = z.strictObject({
  format: z.enum(EXPORT_FORMATS).default('sqlite').describe('sqlite: the whole database; the others: one table.'),
  table: z.enum(OLAP_TABLES).default('fact_round'),
});

export function registerStatsRoutes(app: FastifyInstance, source: StatusSource): void {
  app.get<{ Querystring: z.infer<typeof statsQuery> }>(
    '/stats',
    page('stats', 'What was tried and found, by domain', statsPage, { querystring: statsQuery }),
    ({ query }) => source.stats(query.domain ?? null),
  );
  app.get<{ Querystring: z.infer<typeof experimentsQuery> }>(
    '/stats/experiments',
    page('stats', 'Experiments of this node with their summaries', statsExperimentsPage, {
      querystring: experimentsQuery,
    }),
    ({ query }) => source.statsExperiments({ after: query.after ?? null, limit: query.limit }),
  );
  app.get<{ Querystring: z.infer<typeof roundsQuery> }>(
    '/stats/rounds',
    page('stats', 'Rounds of an experiment', statsRoundsPage, { querystring: roundsQuery, problems: [404] }),
    async ({ query }, reply) => {
      const { experiment_id: id } = query;
      const rounds = await source.statsRounds(id, { after: query.after ?? null, limit: query.limit });
      if (rounds !== null) return rounds;
      return sendProblem(reply, 404, 'unknown-experiment', `experiment_id: this node has no experiment "${id}"`);
    },
  );
  app.get<{ Querystring: z.infer<typeof metricsQuery> }>(
    '/stats/chain-metrics',
    page('stats', 'Optimae that the chain accepted, of everybody, in its order', chainMetricsPage, {
      querystring: metricsQuery,
    }),
    ({ query }) => source.chainMetrics(query.domain_id ?? null, { after: query.after ?? null, limit: query.limit }),
  );
  registerExport(app, source);
}

function registerExport(app: FastifyInstance, source: StatusSource): void {
  const summary = 'The star schema as a file';
  const files = Object.fromEntries(
    EXPORT_FORMATS.map((format) => [exportType(format), { schema: { type: 'string' } }]),
  );
  app.get<{ Querystring: z.infer<typeof exportQuery> }>(
    '/stats/export',
    {
      schema: {
        tags: ['stats'],
        summary,
        querystring: jsonSchema(exportQuery, 'input'),
        response: { 200: { description: summary, content: files }, ...problems() },
      },
    },
    async ({ query: { format, table } }, reply) => {
      const file = await source.exportStats(format, table);
      return reply
        .header('content-disposition', `attachment; filename="${file.name}"`)
        .type(file.type)
        .send(file.content);
    },
  );
}
