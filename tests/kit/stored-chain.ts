/** The data folder of a node that has a chain of the kit. */
import { join } from 'node:path';
import { genesisHash } from '../../actors/chain/genesis.js';
import { type BlockToStore, SqliteBlockStore } from '../../actors/chain/store.js';
import { writeGenesis } from '../../config/network.js';
import { blockBytes, type TestChain } from './chain.js';

export function blocksToStore({ blocks, history }: TestChain): readonly BlockToStore[] {
  return history.map(({ hash, isProofBlock, records, moves }, position) => {
    const block = blocks[position]!;
    const { parent, height } = block.header;
    return { block: { hash, parent, height, isProofBlock, bytes: blockBytes(block) }, records, moves };
  });
}

export async function storeChain(dataDir: string, chain: TestChain): Promise<void> {
  await writeGenesis(join(dataDir, 'genesis.json'), chain.genesis);
  const store = await SqliteBlockStore.open(join(dataDir, 'chain.db'), genesisHash(chain.genesis));
  const stored = blocksToStore(chain);
  const applied = stored.map(({ block }) => block.hash);
  await store.save(stored, { head: applied.at(-1)!, reverted: [], applied });
  await store.close();
}
