import test from 'ava';
import { Blockchain } from '../../actors/chain/blockchain.js';
import { genesisHash } from '../../actors/chain/genesis.js';
import { MemoryBlockStore, MemoryBlocks } from '../../actors/chain/memory-store.js';
import { replay } from '../../actors/chain/replay.js';
import { takeSnapshot } from '../../actors/chain/state/snapshot.js';
import { trustingVerifier } from '../../actors/chain/verifier.js';
import type { TestChain } from '../kit/chain.js';
import { GOLDEN_BLOCKS, goldenOf, makeGoldenChain, readGolden } from '../kit/golden.js';
import { WEIGHTS } from '../kit/random-life.js';

let golden: TestChain;
test.before((t) => {
  t.timeout(150_000);
  golden = makeGoldenChain();
});

/** Fails when a rule or a format changed. Where that was meant, `npm run golden` pins the new root. */
test('the golden chain has the pinned state root, and every type of transaction', (t) => {
  const made = goldenOf(golden);
  t.deepEqual(made, readGolden());
  t.is(made.blocks, GOLDEN_BLOCKS);
  t.deepEqual(Object.keys(made.transactions), Object.keys(WEIGHTS).sort());
});

async function storeWith(blocks: MemoryBlocks, source: TestChain, from = 0): Promise<Blockchain> {
  const store = MemoryBlockStore.open(genesisHash(golden.genesis), blocks);
  const chain = await Blockchain.open(golden.genesis, store, trustingVerifier);
  for (let at = from; at < source.blocks.length; at += 100) {
    const { outcomes } = await chain.importAll(source.blocks.slice(at, at + 100));
    const refused = outcomes.find(({ kind }) => kind === 'invalid' || kind === 'unknown-parent');
    if (refused !== undefined) throw new Error(JSON.stringify(refused));
  }
  return chain;
}

test('it has the same root after import, restart and replay', async (t) => {
  const blocks = new MemoryBlocks();
  const { stateRoot } = readGolden();
  t.is((await storeWith(blocks, golden)).head.state.root(), stateRoot);
  t.is((await storeWith(blocks, golden, golden.blocks.length)).head.state.root(), stateRoot, 'restart');
  let height = 0;
  const store = MemoryBlockStore.open(genesisHash(golden.genesis), blocks);
  for await (const { tip } of replay(golden.genesis, store, trustingVerifier)) {
    t.is(tip.state.root(), golden.history[height]!.state.root());
    height += 1;
  }
  t.is(height, GOLDEN_BLOCKS);
});

test('it has the same root after a branch switch and after a start from a snapshot', async (t) => {
  const { stateRoot, tipHash } = readGolden();
  const half = golden.history[GOLDEN_BLOCKS / 2 - 1]!;
  const snapshot = takeSnapshot(golden.blocks[GOLDEN_BLOCKS / 2 - 1]!.header, half.state);
  const blocks = new MemoryBlocks();
  await MemoryBlockStore.open(genesisHash(golden.genesis), blocks).adopt(snapshot);
  const joined = await storeWith(blocks, golden, GOLDEN_BLOCKS / 2);
  t.is(joined.head.hash, tipHash);
  t.is(joined.head.state.root(), stateRoot, 'snapshot');

  const side = golden.until(GOLDEN_BLOCKS / 2 - 5);
  while (side.blocks.length < GOLDEN_BLOCKS / 2) side.addValid(golden.blocks[side.blocks.length]!.transactions, 3);
  const forked = new MemoryBlocks();
  const chain = await storeWith(forked, side);
  t.is(chain.head.hash, side.tip.hash);
  await chain.importAll(golden.blocks.slice(GOLDEN_BLOCKS / 2 - 5));
  t.is(chain.head.hash, tipHash);
  t.is(chain.head.state.root(), stateRoot, 'branch switch');
});
