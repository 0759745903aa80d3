/** Pages of the wallet: anybody who reaches the port may read accounts, only who has the token may send. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { DoinError } from '../errors.js';
import { jsonSchema } from './pages/schema.js';
import { accountPage, submittedPage } from './pages/wallet.js';
import { isUnavailable, sendProblem } from './problem.js';
import { WRITE_LIMIT } from './rate-limits.js';
import { page, problems } from './route.js';
import { addressOf, readSubmission, SUBMISSION_SCHEMA } from './submission.js';
import { requireToken } from './token.js';
import type { Wallet } from './wallet.js';

const accountParams = z.strictObject({ address: z.string().max(128).describe('PeerId, or 64 hex digits of the key.') });

/** The definition of a domain fits a transaction of 96 KiB; as JSON it is larger. */
const SUBMISSION_BYTES = 512 * 1024;

const SUBMISSION_ANSWERS: Readonly<Record<number, object>> = {
  202: { description: 'It waits for a block.', ...jsonSchema(submittedPage) },
  ...problems([401, 409, 415]),
};

const BAD_REQUEST = new Set(['bad-request', 'domain-file-invalid', 'transaction-too-large']);

export function registerWallet(app: FastifyInstance, wallet: Wallet, token: string): void {
  app.get('/wallet', page('wallet', "The node's own account", accountPage), () => wallet.account(null));
  const account = page('wallet', 'Any account', accountPage, { params: accountParams });
  app.get<{ Params: { address: string } }>('/accounts/:address', account, async ({ params: { address } }, reply) => {
    const node = addressOf(address);
    if (node !== null) return wallet.account(node);
    return sendProblem(reply, 400, 'bad-address', 'address: use a PeerId (12D3Koo...) or 64 hex digits of a key');
  });
  app.register(async (scope) => {
    requireToken(scope, token);
    const options = {
      bodyLimit: SUBMISSION_BYTES,
      config: WRITE_LIMIT,
      schema: {
        tags: ['wallet'],
        summary: 'Sign with the key of the node, and send',
        security: [{ token: [] }],
        body: SUBMISSION_SCHEMA,
        response: SUBMISSION_ANSWERS,
      },
      // The schema is for the description; `readSubmission` checks, and says what is wrong in words.
      validatorCompiler: () => () => true,
    };
    scope.post('/transactions', options, async (request, reply) => {
      try {
        return await reply.status(202).send(await wallet.submit(readSubmission(request.body)));
      } catch (error) {
        if (!(error instanceof DoinError)) throw error;
        return sendProblem(reply.status(statusOf(error)), statusOf(error), error.code, error.message);
      }
    });
  });
}

function statusOf(error: DoinError): number {
  if (BAD_REQUEST.has(error.code)) return 400;
  if (isUnavailable(error)) return 503;
  return 409;
}
