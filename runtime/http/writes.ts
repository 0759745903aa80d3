/** Pages of the wallet: anybody who reaches the port may read accounts, only who has the token may send. */
import type { FastifyInstance } from 'fastify';
import { DoinError, isDoinError } from '../errors.js';
import { sendProblem } from './problem.js';
import { WRITE_LIMIT } from './rate-limits.js';
import { addressOf, readSubmission, SUBMISSION_SCHEMA } from './submission.js';
import { requireToken } from './token.js';
import type { Wallet } from './wallet.js';

/** The definition of a domain fits a transaction of 96 KiB; as JSON it is larger. */
const SUBMISSION_BYTES = 512 * 1024;

/** Failures that say something of the node and not of what was asked. */
const UNAVAILABLE = new Set(['ask-timeout', 'actor-crashed', 'mailbox-full', 'no-such-actor', 'stopped']);
const BAD_REQUEST = new Set(['bad-request', 'domain-file-invalid', 'transaction-too-large']);

export function registerWallet(app: FastifyInstance, wallet: Wallet, token: string): void {
  app.get('/wallet', () => wallet.account(null));
  app.get<{ Params: { address: string } }>('/accounts/:address', async ({ params: { address } }, reply) => {
    const node = addressOf(address);
    if (node !== null) return wallet.account(node);
    return sendProblem(reply, 400, 'bad-address', 'address: use a PeerId (12D3Koo...) or 64 hex digits of a key');
  });
  app.register(async (scope) => {
    requireToken(scope, token);
    const options = {
      bodyLimit: SUBMISSION_BYTES,
      config: WRITE_LIMIT,
      schema: { body: SUBMISSION_SCHEMA },
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
  if (isDoinError(error) && UNAVAILABLE.has(error.code)) return 503;
  return 409;
}
