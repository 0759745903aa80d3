/** Errors as problem documents (RFC 9457). */
import type { FastifyReply } from 'fastify';

export function sendProblem(reply: FastifyReply, status: number, code: string, detail: string): FastifyReply {
  return reply
    .status(status)
    .type('application/problem+json')
    .serializer((payload: unknown) => JSON.stringify(payload))
    .send({ type: 'about:blank', title: code, status, detail });
}
