/** Errors as problem documents (RFC 9457). */
import type { FastifyReply } from 'fastify';
import { isDoinError } from '../errors.js';

export function sendProblem(reply: FastifyReply, status: number, code: string, detail: string): FastifyReply {
  return reply
    .status(status)
    .type('application/problem+json')
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send({ type: 'about:blank', title: code, status, detail });
}

/** Failures that say something of the node and not of what was asked. */
const UNAVAILABLE = new Set(['ask-timeout', 'actor-crashed', 'mailbox-full', 'no-such-actor', 'stopped']);

/** An actor is overloaded or restarting: the same request may do later. */
export function isUnavailable(error: unknown): boolean {
  return isDoinError(error) && UNAVAILABLE.has(error.code);
}
