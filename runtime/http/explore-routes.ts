/** The dashboard's own pages, under `/api`. Their shape follows the dashboard and may change with it. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Between, TrialQuery } from '../../actors/tracker/messages.js';
import type { Explore } from './explore.js';
import { domainId, jsonSchema } from './pages/schema.js';
import { limit } from './route.js';

const RANGE = /^-?[0-9.e+-]*\.\.-?[0-9.e+-]*$/i;
const range = z.string().max(80).regex(RANGE);

const convergenceQuery = z.strictObject({ domain_id: domainId, points: limit(1000, 5000) });
const sampleQuery = z.strictObject({ domain_id: domainId, limit: limit(1000, 5000) });
const trialsQuery = z.strictObject({
  domain_id: domainId,
  sort: z.enum(['round', 'performance']).default('round'),
  order: z.enum(['ascending', 'descending']).default('descending'),
  improvements: z.boolean().default(false),
  migrants: z.boolean().default(false),
  /** `from..to`, each side may be empty. */
  performance: range.default('..'),
  parameter: z.string().min(1).max(64).optional(),
  parameter_range: range.default('..'),
  offset: z.int().min(0).max(100_000_000).default(0),
  limit: limit(50, 500),
});
const listQuery = z.strictObject({ limit: limit(50, 200) });
const branchesQuery = z.strictObject({ heights: limit(40, 200) });

export function registerExplore(app: FastifyInstance, explore: Explore): void {
  app.get<{ Querystring: z.infer<typeof convergenceQuery> }>(
    '/api/convergence',
    schemaOf(convergenceQuery),
    ({ query }) => explore.convergence(query.domain_id, query.points),
  );
  app.get<{ Querystring: z.infer<typeof trialsQuery> }>('/api/trials', schemaOf(trialsQuery), ({ query }) =>
    explore.trials(trialQueryOf(query)),
  );
  app.get<{ Querystring: z.infer<typeof sampleQuery> }>('/api/trials/sample', schemaOf(sampleQuery), ({ query }) =>
    explore.sample(query.domain_id, query.limit),
  );
  app.get<{ Querystring: z.infer<typeof listQuery> }>('/api/optimae', schemaOf(listQuery), ({ query }) =>
    explore.optimae(query.limit),
  );
  app.get('/api/members', schemaOf(z.strictObject({})), () => explore.members());
  app.get<{ Querystring: z.infer<typeof listQuery> }>('/api/incidents', schemaOf(listQuery), ({ query }) =>
    explore.incidents(query.limit),
  );
  app.get<{ Querystring: z.infer<typeof branchesQuery> }>('/api/branches', schemaOf(branchesQuery), ({ query }) =>
    explore.branches(query.heights),
  );
}

/** Left out of OpenAPI: no other program should lean on them. */
function schemaOf(querystring: z.ZodType) {
  return { schema: { hide: true, querystring: jsonSchema(querystring, 'input') } };
}

function trialQueryOf(query: z.infer<typeof trialsQuery>): TrialQuery {
  const { parameter } = query;
  return {
    domainId: query.domain_id,
    improvements: query.improvements,
    migrants: query.migrants,
    performance: betweenOf(query.performance),
    parameters: parameter === undefined ? [] : [{ name: parameter, ...betweenOf(query.parameter_range) }],
    sort: query.sort,
    descending: query.order === 'descending',
    offset: query.offset,
    limit: query.limit,
  };
}

/** What is no number leaves its side open. */
function betweenOf(text: string): Between {
  const [from = '', to = ''] = text.split('..');
  return { from: numberOf(from), to: numberOf(to) };
}

function numberOf(text: string): number | null {
  const value = Number(text);
  return text === '' || !Number.isFinite(value) ? null : value;
}
