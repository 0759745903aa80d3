/** The JSON pages, each with the schema of its parameters and of its answers: both are checked, and make OpenAPI. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { registerBlockRoutes } from './block-routes.js';
import type { StatusSource } from './node-view.js';
import { feesPage } from './pages/chain.js';
import { healthPage, peersPage, statusPage } from './pages/node.js';
import { jsonSchema } from './pages/schema.js';
import { pendingTasksPage, poolPage, searchesPage } from './pages/work.js';
import { PROMETHEUS_TYPE, prometheusPage } from './prometheus.js';
import { limit, page, problems } from './route.js';
import { registerStatsRoutes } from './stats-routes.js';

export function registerRoutes(app: FastifyInstance, source: StatusSource): void {
  registerNodeRoutes(app, source);
  registerBlockRoutes(app, source);
  registerWorkRoutes(app, source);
  registerStatsRoutes(app, source);
}

function registerNodeRoutes(app: FastifyInstance, source: StatusSource): void {
  app.get('/health', page('node', 'Is it alive', healthPage), () => source.health());
  app.get('/status', page('node', 'Everything at a glance', statusPage), () => source.status());
  app.get('/peers', page('node', 'Whom it is connected to', peersPage), () => source.peers());
  app.get('/fees', page('chain', 'What a place in a block costs', feesPage), () => source.fees());
  app.get(
    '/metrics',
    {
      schema: {
        tags: ['node'],
        summary: 'The same for Prometheus',
        querystring: jsonSchema(z.strictObject({}), 'input'),
        response: {
          200: { description: 'Text format 0.0.4', content: { 'text/plain': { schema: { type: 'string' } } } },
          ...problems(),
        },
      },
    },
    async (_request, reply) => reply.type(PROMETHEUS_TYPE).send(prometheusPage(await source.status())),
  );
}

const tasksQuery = z.strictObject({
  domains: z.string().min(1).max(4200).optional().describe('Domains with commas between them; left out: all.'),
  limit: limit(10, 1000),
});

function registerWorkRoutes(app: FastifyInstance, source: StatusSource): void {
  app.get<{ Querystring: z.infer<typeof tasksQuery> }>(
    '/tasks/pending',
    page('work', 'Seats that wait for their evaluator', pendingTasksPage, { querystring: tasksQuery }),
    ({ query }) => source.pendingTasks(query.domains?.split(',') ?? null, query.limit),
  );
  app.get('/api/tasks', page('work', "What this node's pool does", poolPage), () => source.pool());
  app.get('/api/experiments', page('work', 'Searches of this node', searchesPage), () => source.experiments());
}
