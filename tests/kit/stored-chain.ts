/** The data folder of a node that has a chain of the kit. */
import { join } from 'node:path';
import { genesisHash } from '../../actors/chain/genesis.js';
import { SqliteBlockStore } from '../../actors/chain/store.js';
import { writeGenesis } from '../../config/network.js';
import { blockBytes, type TestChain } from './chain.js';

export async function storeChain(dataDir: string, { genesis, blocks, history }: TestChain): Promise<void> {
  await writeGenesis(join(dataDir, 'genesis.json'), genesis);
  const store = await SqliteBlockStore.open(join(dataDir, 'chain.db'), genesisHash(genesis));
  const stored = history.map(({ hash, isProofBlock, records }, position) => {
    const block = blocks[position]!;
    const { parent, height } = block.header;
    return { block: { hash, parent, height, isProofBlock, bytes: blockBytes(block) }, records };
  });
  const applied = history.map(({ hash }) => hash);
  await store.save(stored, { head: applied.at(-1)!, reverted: [], applied });
  await store.close();
}
