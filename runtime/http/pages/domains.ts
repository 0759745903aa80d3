/** `/domains`: what the chain defines, what it weighs, and what members are voting on. */
import { z } from 'zod';
import { domainId, hash, isoTime, nodeId } from './schema.js';

const definition = z.unknown().describe('As a file that defines the domain has it.');
const moduleName = z.string().describe('A name that its author chose; nothing is ever loaded by it.');

export const domainsPage = z.strictObject({
  domains: z.array(
    z.strictObject({
      domain_id: domainId,
      module: moduleName,
      spec_hash: hash,
      data_hash: hash.nullable(),
      weight: z.number().describe('What work in it is worth now.'),
      inference_share: z.number().describe('Its smoothed share of paid inference, which the weight follows.'),
      inference_burned: z
        .string()
        .describe('Coins that payments for its inference burned in the window of the weights.'),
      definition,
    }),
  ),
  proposals: z.array(
    z.strictObject({
      domain_id: domainId,
      module: moduleName,
      spec_hash: hash,
      data_hash: hash,
      proposer: nodeId,
      deposit: z.string().describe('Decimal coins.'),
      expires_at: isoTime,
      approvals: z.array(nodeId),
      approval: z.number().describe('Part of the eligible reputation behind it; two thirds vote it in.'),
      definition,
    }),
  ),
});
