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
