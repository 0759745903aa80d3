/** `/wallet`, `/accounts/{address}`, their histories, `/transactions`: accounts, and what was sent. */
import { z } from 'zod';
import { count, hash, isoTime } from './schema.js';

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

const movePage = z.strictObject({
  block_height: count,
  block_hash: hash,
  time: isoTime,
  cause: z
    .enum(['transfer', 'fee', 'tips', 'inference', 'stake', 'deposit', 'channel', 'reward'])
    .describe('fee: paid for a transaction; tips: of others, for a block; reward: minted by a proof block.'),
  amount: z.string().describe('Decimal coins; negative for what went out or is locked.'),
  amount_units: z.int(),
  counterparty: z.string().nullable().describe('PeerId of the other account.'),
  balance: z.string().describe('Of the account after it.'),
  balance_units: count,
});

export const historyPage = z.strictObject({
  address: z.string(),
  network: z.string(),
  chain_height: count,
  finalized_height: count,
  history_from: count.describe('First block that is told of: later than 1 on a node that started from a snapshot.'),
  entries: z.array(movePage).describe('Newest first. Whatever the balance is made of, once.'),
  next: z.string().nullable().describe('`after` of the next page; null: there is no more.'),
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
