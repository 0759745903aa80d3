/** The history of an account is what its balance is made of, whole, in both stores. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { headerHash } from '../../../actors/chain/codec.js';
import { genesisHash } from '../../../actors/chain/genesis.js';
import { MemoryBlockStore } from '../../../actors/chain/memory-store.js';
import type { StoredMove } from '../../../actors/chain/moves.js';
import { takeSnapshot } from '../../../actors/chain/state/snapshot.js';
import { ACCOUNT } from '../../../actors/chain/state/state.js';
import { type BlockStore, SqliteBlockStore } from '../../../actors/chain/store.js';
import { keyOf, sign, TestChain } from '../../kit/chain.js';
import { earnedChain } from '../../kit/chain-actor.js';
import { makeGoldenChain } from '../../kit/golden.js';
import { blocksToStore } from '../../kit/stored-chain.js';

const STORES: Readonly<Record<string, (t: ExecutionContext, genesis: string) => Promise<BlockStore>>> = {
  'in memory': async (_t, genesis) => MemoryBlockStore.open(genesis),
  'in SQLite': async (t, genesis) => {
    const folder = await mkdtemp(join(tmpdir(), 'doin-moves-'));
    t.teardown(() => rm(folder, { recursive: true }));
    return SqliteBlockStore.open(join(folder, 'chain.db'), genesis);
  },
};

async function pagesOf(store: BlockStore, account: string, limit: number): Promise<StoredMove[]> {
  const all: StoredMove[] = [];
  for (;;) {
    const page = await store.history(account, all.at(-1) ?? null, limit);
    all.push(...page);
    if (page.length < limit) return all;
  }
}

for (const [kind, open] of Object.entries(STORES)) {
  test(`${kind}: every balance of a long chain is the sum of its history, page by page, also after pruning`, async (t) => {
    t.timeout(120_000);
    const chain = makeGoldenChain(600);
    const store = await open(t, genesisHash(chain.genesis));
    const blocks = blocksToStore(chain);
    const applied = blocks.map(({ block }) => block.hash);
    await store.save(blocks, { head: chain.tip.hash, reverted: [], applied });
    const causes = new Set<string>();
    const before: StoredMove[][] = [];
    for (const [account, { balanceUnits }] of chain.tip.state.list(ACCOUNT)) {
      const moves = await pagesOf(store, account, 7);
      let balance = balanceUnits;
      for (const move of moves) {
        t.is(move.balanceUnits, balance);
        t.is(move.timestampMs, chain.blocks[move.height - 1]!.header.timestampMs);
        balance -= move.units;
        causes.add(move.cause);
      }
      t.is(balance, 0);
      before.push(moves);
    }
    t.deepEqual([...causes].sort(), [
      ...['channel', 'deposit', 'fee', 'inference', 'reward', 'stake', 'tips', 'transfer'],
    ]);
    await store.prune(500);
    const accounts = [...chain.tip.state.list(ACCOUNT)].map(([account]) => account);
    t.deepEqual(await Promise.all(accounts.map((account) => pagesOf(store, account, 100))), before);
    t.is(await store.historyFrom(), 1);
    await store.close();
  });

  test(`${kind}: what a branch moved that was left is no history, and comes back with it`, async (t) => {
    const common = earnedChain();
    const branches = ['bob', 'cid'].map((recipient) => {
      const branch = new TestChain(common.genesis, ['ada', 'bob', 'cid', 'dan']);
      for (const block of common.blocks) branch.apply(block);
      const to = keyOf(recipient).publicKey;
      branch.add([sign(common.genesis, 'ada', 3, { type: 'transfer', to, amountUnits: 7 })]);
      return branch;
    });
    const store = await open(t, genesisHash(common.genesis));
    const [left, right] = branches.map(blocksToStore);
    const applied = left!.map(({ block }) => block.hash);
    await store.save(left!, { head: applied.at(-1)!, reverted: [], applied });
    await store.save(right!, null);
    const partners = async (name: string) =>
      (await store.history(keyOf(name).publicKey, null, 100)).flatMap(({ cause, counterparty }) =>
        cause === 'transfer' ? [counterparty] : [],
      );
    const sentTo = () => partners('ada');
    t.deepEqual(await sentTo(), [keyOf('bob').publicKey]);
    const [bob, cid] = [left!.at(-1)!.block.hash, right!.at(-1)!.block.hash];
    await store.save([], { head: cid, reverted: [bob], applied: [cid] });
    t.deepEqual(await sentTo(), [keyOf('cid').publicKey]);
    t.deepEqual(await partners('bob'), []);
    await store.save([], { head: bob, reverted: [cid], applied: [bob] });
    t.deepEqual(await sentTo(), [keyOf('bob').publicKey]);
    await store.close();
  });

  test(`${kind}: a chain that starts at a snapshot says from where on it knows`, async (t) => {
    const chain = earnedChain();
    const { header } = chain.blocks.at(-1)!;
    const store = await open(t, genesisHash(chain.genesis));
    await store.adopt(takeSnapshot(header, chain.tip.state));
    t.is(headerHash(header), chain.tip.hash);
    t.is(await store.historyFrom(), header.height + 1);
    t.deepEqual(await store.history(keyOf('ada').publicKey, null, 100), []);
    await store.close();
  });
}
