/** The summary of a run, brought to where the chain on disk ended: blocks came until the chain itself stopped. */
import { join } from 'node:path';
import { type Genesis, genesisHash } from '../../actors/chain/genesis.js';
import { SqliteBlockStore, type StoredBlock } from '../../actors/chain/store.js';
import type { ChainRecord } from '../../actors/chain/types.js';
import { fromNano } from '../fixed/nano.js';
import type { NodeSummary } from '../http/status.js';

const PAGE = 500;

/**
 * Call it when the actors have stopped. Counts on from the summary's own block; when a branch switch took that block
 * out at the last moment, it counts the whole chain again.
 */
export async function storedSummary(summary: NodeSummary, dataDir: string, genesis: Genesis): Promise<NodeSummary> {
  const root = genesisHash(genesis);
  const store = await SqliteBlockStore.open(join(dataDir, 'chain.db'), root, { readOnly: true });
  try {
    const known = summary.tip_hash === root || (await store.isCanonical(summary.tip_hash));
    let current = known ? summary : atGenesis(summary, root);
    for (;;) {
      const blocks = await store.canonicalFrom(current.chain_height + 1, PAGE);
      for (const block of blocks) current = withBlock(current, block, await store.getRecords(block.hash));
      if (blocks.length < PAGE) return current;
    }
  } finally {
    await store.close();
  }
}

function atGenesis(summary: NodeSummary, root: string): NodeSummary {
  const domains = summary.domains.map((domain) => ({ ...domain, verified: null, champion: null }));
  return { ...summary, chain_height: 0, tip_hash: root, proof_blocks: 0, accepted: 0, rejected: 0, domains };
}

function withBlock(summary: NodeSummary, block: StoredBlock, records: readonly ChainRecord[]): NodeSummary {
  const accepted = records.filter((record) => record.type === 'OPTIMAE_ACCEPTED');
  return {
    ...summary,
    chain_height: block.height,
    tip_hash: block.hash,
    proof_blocks: summary.proof_blocks + (block.isProofBlock ? 1 : 0),
    accepted: summary.accepted + accepted.length,
    rejected: summary.rejected + records.filter((record) => record.type === 'OPTIMAE_REJECTED').length,
    domains: summary.domains.map((domain) => {
      const champion = accepted.findLast((record) => record.domain === domain.domain_id);
      if (champion === undefined) return domain;
      return { ...domain, verified: fromNano(champion.verifiedNano), champion: champion.optimum };
    }),
  };
}
