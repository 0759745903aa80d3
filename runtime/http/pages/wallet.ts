/** `/wallet`, `/accounts/{address}`, `/transactions`: accounts, and what was sent. */
import { z } from 'zod';
import { count, hash } from './schema.js';

export const accountPage = z.strictObject({
  address: z.string().describe("PeerId of the account's key."),
  public_key: hash,
  network: z.string(),
  balance: z.string().describe('Decimal coins.'),
  balance_units: count,
  known: z.boolean().describe('False for a key that was never in a block.'),
  chain_height: count,
  finalized_height: count,
  pending: z
    .array(z.strictObject({ transaction_id: hash, type: z.string(), nonce: count, most: z.string() }))
    .describe('Transactions of the account that wait on this node for a block.'),
});

export const submittedPage = z.strictObject({
  transaction_id: hash,
  nonce: count,
  network: z.string(),
  chain_height: count,
});

export const transactionPage = z.strictObject({
  transaction_id: hash,
  state: z
    .enum(['pending', 'included', 'unknown'])
    .describe('`unknown`: neither waiting on this node nor in a recent block.'),
  block_height: count.nullable(),
  block_hash: hash.nullable(),
  confirmations: count.describe('Blocks on top of its block, that one included.'),
  final: z.boolean().describe('It cannot be undone any more.'),
});
