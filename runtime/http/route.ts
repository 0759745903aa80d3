/** What every page's route says of itself. */
import { z } from 'zod';
import { jsonSchema, problemPage } from './pages/schema.js';

export type Tag = 'node' | 'chain' | 'work' | 'stats' | 'wallet';

interface Parameters {
  readonly querystring?: z.ZodType;
  readonly params?: z.ZodType;
  /** Answers beside 200, 400, 429, 500 and 503. */
  readonly problems?: readonly number[];
}

const PROBLEM = jsonSchema(problemPage);
const MEANINGS: Readonly<Record<number, string>> = {
  400: 'A parameter is wrong.',
  401: 'The token is missing or wrong.',
  404: 'There is no such thing.',
  409: 'The chain does not take it now.',
  413: 'The body is too large.',
  415: 'The body is no JSON.',
  429: 'Too many requests.',
  500: 'The node could not answer.',
  503: 'An actor does not answer; try again.',
};

/** A page without a query refuses one, so that a misspelt name is not passed over in silence. */
export function page(tag: Tag, summary: string, answer: z.ZodType, parameters: Parameters = {}) {
  const { querystring = z.strictObject({}), params } = parameters;
  return {
    schema: {
      tags: [tag],
      summary,
      querystring: jsonSchema(querystring, 'input'),
      ...(params !== undefined && { params: jsonSchema(params, 'input') }),
      response: { 200: { description: summary, ...jsonSchema(answer) }, ...problems(parameters.problems) },
    },
  };
}

export function problems(more: readonly number[] = []): Readonly<Record<number, object>> {
  const answer = (status: number) => ({
    description: MEANINGS[status] ?? 'An error.',
    content: { 'application/problem+json': { schema: PROBLEM } },
  });
  return Object.fromEntries([400, ...more, 429, 500, 503].map((status) => [status, answer(status)]));
}

export function limit(fallback: number, maximum: number) {
  return z.int().min(1).max(maximum).default(fallback).describe('Rows of the answer at most.');
}

export const after = z
  .string()
  .min(1)
  .max(256)
  .optional()
  .describe('`next` of the page before; left out: the beginning.');
