/** `/chain/*` and `/fees`: blocks, where the chain stands, what a place in a block costs. */
import { z } from 'zod';
import { count, hash, isoTime, timeMs } from './schema.js';

export const chainStatusPage = z.strictObject({
  chain_id: z.string(),
  genesis_hash: hash,
  chain_height: count,
  tip_hash: hash,
  tip_index: count,
  finalized_height: count,
  finalized_hash: hash,
  proof_blocks: count,
  total_work: z.number().describe('Verified work that proof blocks used, all of it.'),
  timestamp_ms: timeMs,
  slot_ms: count,
  supply: z.number().describe('Coins minted so far.'),
  busy: z.boolean(),
  component_versions: z.record(z.string(), z.string()),
});

/** Which types there are, and their fields: docs/protocol.md. Numbers carry their unit in their name. */
const transaction: z.ZodType<{
  readonly sender: string;
  readonly nonce: number;
  readonly body: { readonly type: string };
  readonly signature: string;
}> = z
  .looseObject({ sender: hash, nonce: count, body: z.looseObject({ type: z.string() }), signature: z.string() })
  .describe('As signed; the fields of each type are in docs/protocol.md.');
const record: z.ZodType<{ readonly type: string }> = z
  .looseObject({ type: z.string() })
  .describe('A fact that the block derived; the fields of each type are in docs/protocol.md.');

export const blockPage = z.strictObject({
  hash,
  header: z.strictObject({
    index: count.describe('Height; the genesis is 0 and no block.'),
    previous_hash: hash,
    timestamp: isoTime,
    generator_id: hash,
    merkle_root: hash,
    state_root: hash.describe('Of the state after this block.'),
    vrf_proof: z.string(),
    version: count,
    chain_id: z.string(),
    slot: count,
    rank: count,
    signature: z.string(),
  }),
  proof_block: z.boolean(),
  transactions: z.array(transaction).describe('Empty for a block that was pruned.'),
  records: z.array(record),
});

export const blocksPage = z.strictObject({
  from: count,
  to: z.int().min(-1).describe('Last height of this page.'),
  chain_height: count,
  blocks: z.array(blockPage),
  has_more: z.boolean(),
});

export const feesPage = z.strictObject({
  enabled: z.boolean(),
  base_fee: z.number().describe('Coins for a place in a block right on top of the head.'),
  suggested_max_fee: z.number(),
  suggested_tip: z.number(),
  mempool: count,
  minted: z.number(),
  burned: z.number(),
  locked: z.number(),
});
