import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { genesisHash } from '../../../actors/chain/genesis.js';
import { SqliteBlockStore } from '../../../actors/chain/store.js';
import type { ChainRecord } from '../../../actors/chain/types.js';
import type { NodeSummary } from '../../../runtime/http/status.js';
import { storedSummary } from '../../../runtime/node/summary.js';
import { DOMAIN_ID, makeGenesis } from '../../kit/chain.js';

const genesis = makeGenesis(['anna']);
const root = genesisHash(genesis);

/** The fields that a summary is made of. */
const accepted = (optimum: string, verifiedNano: number) =>
  ({ type: 'OPTIMAE_ACCEPTED', domain: DOMAIN_ID, optimum, verifiedNano }) as unknown as ChainRecord;
const rejected = { type: 'OPTIMAE_REJECTED', domain: DOMAIN_ID } as unknown as ChainRecord;

async function newChain() {
  const dataDir = await mkdtemp(join(tmpdir(), 'doin-summary-'));
  const store = await SqliteBlockStore.open(join(dataDir, 'chain.db'), root);
  return {
    dataDir,
    /** `reverted`: the blocks that this one's branch takes out. */
    add: (hash: string, parent: string, height: number, records: ChainRecord[], reverted: string[] = []) =>
      store.save(
        [
          {
            block: { hash, parent, height, isProofBlock: records.length > 0, bytes: new Uint8Array([height]) },
            records,
            moves: [],
          },
        ],
        { head: hash, reverted, applied: [hash] },
      ),
    close: () => store.close(),
  };
}

const domain = { domain_id: DOMAIN_ID, metric: 'm', claimed: -1, held_out: null, held_out_beside: {}, rounds: 12 };
const atOne: NodeSummary = {
  node_id: 'n',
  chain_height: 1,
  tip_hash: 'a1',
  proof_blocks: 1,
  accepted: 1,
  rejected: 0,
  uptime_s: 60,
  domains: [{ ...domain, verified: -3, champion: 'o1' }],
};

test('blocks made after the summary was taken are counted into it', async (t) => {
  const chain = await newChain();
  await chain.add('a1', root, 1, [accepted('o1', -3e9)]);
  await chain.add('a2', 'a1', 2, [accepted('o2', -2e9), rejected]);
  await chain.add('a3', 'a2', 3, []);
  await chain.close();
  t.deepEqual(await storedSummary(atOne, chain.dataDir, genesis), {
    ...atOne,
    chain_height: 3,
    tip_hash: 'a3',
    proof_blocks: 2,
    accepted: 2,
    rejected: 1,
    domains: [{ ...domain, verified: -2, champion: 'o2' }],
  });
});

test('a summary of the last block stays as it is', async (t) => {
  const chain = await newChain();
  await chain.add('a1', root, 1, [accepted('o1', -3e9)]);
  await chain.close();
  t.deepEqual(await storedSummary(atOne, chain.dataDir, genesis), atOne);
});

test('a branch switch after the summary was taken leaves nothing of the old branch in it', async (t) => {
  const chain = await newChain();
  await chain.add('a1', root, 1, [accepted('o1', -3e9)]);
  await chain.add('b1', root, 1, [rejected], ['a1']);
  await chain.close();
  t.deepEqual(await storedSummary(atOne, chain.dataDir, genesis), {
    ...atOne,
    chain_height: 1,
    tip_hash: 'b1',
    proof_blocks: 1,
    accepted: 0,
    rejected: 1,
    domains: [{ ...domain, verified: null, champion: null }],
  });
});
