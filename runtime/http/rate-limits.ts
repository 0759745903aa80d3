/** How often one client address may ask. Every answer carries its `x-ratelimit-*` headers; beyond it is 429. */
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import { DoinError } from '../errors.js';

/** Addresses remembered at a time; the one that asked longest ago is forgotten first. */
const MAX_CLIENTS = 10_000;
/** Writes, also those with a wrong token: guessing 256 bits at this pace leads nowhere, and a log of it stays short. */
export const WRITES_PER_MINUTE = 120;

export async function limitRequests(app: FastifyInstance, perMinute: number): Promise<void> {
  await app.register(rateLimit, {
    global: true,
    max: perMinute,
    timeWindow: 60_000,
    cache: MAX_CLIENTS,
    errorResponseBuilder: (_request, { max, ttl }) =>
      Object.assign(
        new DoinError(
          { code: 'rate-limited' },
          `more than ${max} requests in a minute; ask again in ${Math.ceil(ttl / 1000)} s`,
        ),
        { statusCode: 429 },
      ),
  });
}

/** Claims, renewals and results of one machine's workers, wrong tokens included: small tasks take milliseconds. */
export const WORK_PER_MINUTE = 60_000;

/** For the routes of a scope that change something. */
export const WRITE_LIMIT = { rateLimit: { max: WRITES_PER_MINUTE, timeWindow: 60_000 } } as const;
export const WORK_LIMIT = { rateLimit: { max: WORK_PER_MINUTE, timeWindow: 60_000 } } as const;
