/**
 * `/tasks/claim`, `/tasks/renew`, `/tasks/complete`: the owner's other machines take work from the pool of his node. They
 * have the node's token, and each task a lease whose id only its worker knows.
 */
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { z } from 'zod';
import { taskQueue } from '../../actors/task-queue/messages.js';
import { readFields } from './fields.js';
import { jsonSchema } from './pages/schema.js';
import type { AskPort } from './port.js';
import { WORK_LIMIT } from './rate-limits.js';
import {
  COMPLETION_BYTES,
  claimPage,
  claimSchema,
  completePage,
  completeSchema,
  leaseToJson,
  outcomeFromJson,
  renewPage,
  renewSchema,
} from './remote-tasks.js';
import { problems } from './route.js';

type Answering = (reply: FastifyReply, work: () => Promise<FastifyReply>) => Promise<FastifyReply>;

const CLAIM_BYTES = 32 * 1024;
const RENEWAL_BYTES = 4 * 1024;

/** Of a scope that asks for the token. */
export function registerTaskRoutes(scope: FastifyInstance, system: AskPort, answering: Answering): void {
  const claim = route('Take a task for a worker on another machine', CLAIM_BYTES, claimSchema, claimPage);
  scope.post('/tasks/claim', claim, (request, reply) =>
    answering(reply, async () => {
      const json = readFields(claimSchema, request.body);
      const { lease_id: leaseId, worker, slots, spec_hashes: specHashes, wait_seconds: seconds } = json;
      const claimed = { leaseId, worker, slots, specHashes, waitMs: seconds * 1000 };
      const { lease } = await system.ask(taskQueue.claim, claimed);
      if (lease !== null && request.raw.socket.destroyed) {
        // Nobody is there any more to take it.
        await system.ask(taskQueue.complete, { leaseId, outcome: { type: 'released' } });
        return reply;
      }
      return reply.send({ lease: lease === null ? null : leaseToJson(lease) });
    }),
  );
  const renew = route('Keep a task, and tell how far it is', RENEWAL_BYTES, renewSchema, renewPage);
  scope.post('/tasks/renew', renew, (request, reply) =>
    answering(reply, async () => {
      const { lease_id: leaseId, progress } = readFields(renewSchema, request.body);
      const told = progress && {
        epoch: progress.epoch,
        maxEpochs: progress.max_epochs,
        loss: progress.loss,
        validationLoss: progress.validation_loss,
      };
      const { isHeld } = await system.ask(taskQueue.renew, { leaseId, progress: told });
      return reply.send({ held: isHeld });
    }),
  );
  const complete = route('End a task: done, failed, or given back', COMPLETION_BYTES, completeSchema, completePage);
  scope.post('/tasks/complete', complete, (request, reply) =>
    answering(reply, async () => {
      const json = readFields(completeSchema, request.body);
      const ended = { leaseId: json.lease_id, outcome: outcomeFromJson(json) };
      const { refused } = await system.ask(taskQueue.complete, ended);
      return reply.send({ accepted: refused === null, reason: refused });
    }),
  );
}

/** As in services.ts, the schema is for the description and the handler checks. */
function route(summary: string, bodyLimit: number, body: z.ZodType, answer: z.ZodType) {
  const response = { 200: { description: summary, ...jsonSchema(answer) }, ...problems([401, 409, 413, 415]) };
  return {
    bodyLimit,
    config: WORK_LIMIT,
    schema: { tags: ['work'], summary, security: [{ token: [] }], body: jsonSchema(body, 'input'), response },
    validatorCompiler: () => () => true,
  };
}
