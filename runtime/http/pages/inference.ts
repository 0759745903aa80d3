/** `/inference`: an answer, who signed it and what it cost. */
import { z } from 'zod';
import { domainId, hash, nodeId } from './schema.js';

export const inferencePage = z.strictObject({
  domain_id: domainId,
  output: z.unknown().describe('The prediction.'),
  optimum: hash.describe('The optimum whose model answered.'),
  performance: z.number().nullable().describe('What was verified of it; null when there is another champion by now.'),
  server: nodeId.describe('Who answered.'),
  request: hash.describe('Id of the request; a payment names it.'),
  signature: z.string().describe('The server’s, under request, optimum and output.'),
  paid: z.string().describe('Decimal coins.'),
  transaction_id: hash.nullable().describe('The payment; null when nothing was paid, or by channel.'),
});
