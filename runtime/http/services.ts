/** What a node does for its owner: anybody who reaches the port may look, only who has the token may have it act. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { DoinError } from '../errors.js';
import { readDomains } from './domains.js';
import { addressOf } from './fields.js';
import { INFERENCE_SCHEMA, infer } from './inference.js';
import { domainsPage } from './pages/domains.js';
import { inferencePage } from './pages/inference.js';
import { hash, jsonSchema } from './pages/schema.js';
import { accountPage, historyPage, submittedPage, transactionPage } from './pages/wallet.js';
import type { AskPort } from './port.js';
import { isUnavailable, sendProblem } from './problem.js';
import { WRITE_LIMIT } from './rate-limits.js';
import { limit, page, problems } from './route.js';
import { readSubmission, SUBMISSION_SCHEMA } from './submission.js';
import { registerTaskRoutes } from './task-routes.js';
import { requireToken } from './token.js';
import { createWallet, type Wallet } from './wallet.js';

export interface Services {
  readonly system: AskPort;
  /** What writing needs (token.ts). */
  readonly token: string;
}

/** The definition of a domain fits a transaction of 96 KiB; as JSON it is larger. */
const SUBMISSION_BYTES = 512 * 1024;
/** Twice what the wire takes: the input as people lay it out. */
const INFERENCE_BODY_BYTES = 128 * 1024;

const BAD_REQUEST = new Set(['bad-request', 'bad-input', 'domain-file-invalid', 'transaction-too-large']);

const accountParams = z.strictObject({ address: z.string().max(128).describe('PeerId, or 64 hex digits of the key.') });
const historyQuery = z.strictObject({
  after: z
    .string()
    .regex(/^\d{1,15}:\d{1,6}$/)
    .optional()
    .describe('`next` of the page before; left out: the newest.'),
  limit: limit(50, 500),
});
type HistoryQuery = z.infer<typeof historyQuery>;
const transactionParams = z.strictObject({ id: hash });

export function registerServices(app: FastifyInstance, { system, token }: Services): void {
  const wallet = createWallet(system);
  const domains = page('chain', 'Domains with their weights, and what members vote on', domainsPage);
  app.get('/domains', domains, () => readDomains(system));
  registerAccounts(app, wallet);
  app.register(async (scope) => {
    requireToken(scope, token);
    registerTaskRoutes(scope, system, answering);
    const submission = written('Sign with the key of the node, and send', SUBMISSION_BYTES, SUBMISSION_SCHEMA, {
      202: { description: 'It waits for a block.', ...jsonSchema(submittedPage) },
    });
    scope.post('/transactions', submission, (request, reply) =>
      answering(reply, async () => reply.status(202).send(await wallet.submit(readSubmission(request.body)))),
    );
    const inference = written('Ask the champion of a domain', INFERENCE_BODY_BYTES, INFERENCE_SCHEMA, {
      200: { description: 'The prediction, signed by who made it.', ...jsonSchema(inferencePage) },
    });
    scope.post('/inference', inference, (request, reply) =>
      answering(reply, async () => reply.send(await infer(system, request.body))),
    );
  });
}

function registerAccounts(app: FastifyInstance, wallet: Wallet): void {
  app.get('/wallet', page('wallet', "The node's own account", accountPage), () => wallet.account(null));
  const account = page('wallet', 'Any account', accountPage, { params: accountParams });
  app.get<{ Params: { address: string } }>('/accounts/:address', account, async ({ params: { address } }, reply) => {
    const node = addressOf(address);
    return node === null ? badAddress(reply) : wallet.account(node);
  });
  const own = page('wallet', "History of the node's account", historyPage, { querystring: historyQuery });
  app.get<{ Querystring: HistoryQuery }>('/wallet/history', own, ({ query: { after, limit: most } }) =>
    wallet.history(null, after ?? null, most),
  );
  const parameters = { params: accountParams, querystring: historyQuery };
  const any = page('wallet', 'History of any account', historyPage, parameters);
  app.get<{ Params: { address: string }; Querystring: HistoryQuery }>(
    '/accounts/:address/history',
    any,
    async ({ params: { address }, query: { after, limit: most } }, reply) => {
      const node = addressOf(address);
      return node === null ? badAddress(reply) : wallet.history(node, after ?? null, most);
    },
  );
  const transaction = page('wallet', 'Where a recent transaction is', transactionPage, { params: transactionParams });
  app.get<{ Params: { id: string } }>('/transactions/:id', transaction, ({ params: { id } }) => wallet.transaction(id));
}

function badAddress(reply: FastifyReply): FastifyReply {
  return sendProblem(reply, 400, 'bad-address', 'address: use a PeerId (12D3Koo...) or 64 hex digits of a key');
}

/** A route that acts. The schema is for the description; the handler checks, and says what is wrong in words. */
function written(summary: string, bodyLimit: number, body: object, answer: Readonly<Record<number, object>>) {
  const response = { ...answer, ...problems([401, 409, 413, 415]) };
  return {
    bodyLimit,
    config: WRITE_LIMIT,
    schema: { tags: ['wallet'], summary, security: [{ token: [] }], body, response },
    validatorCompiler: () => () => true,
  };
}

/** A typed failure is told to who asked: it is his node. */
async function answering(reply: FastifyReply, work: () => Promise<FastifyReply>): Promise<FastifyReply> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DoinError)) throw error;
    return sendProblem(reply, statusOf(error), error.code, error.message);
  }
}

function statusOf(error: DoinError): number {
  if (BAD_REQUEST.has(error.code)) return 400;
  return isUnavailable(error) ? 503 : 409;
}
