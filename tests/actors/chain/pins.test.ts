import test from 'ava';
import { Blockchain } from '../../../actors/chain/blockchain.js';
import { genesisHash } from '../../../actors/chain/genesis.js';
import { MemoryBlockStore, MemoryBlocks } from '../../../actors/chain/memory-store.js';
import { type PinnedBlock, Pins } from '../../../actors/chain/pins.js';
import { strictVerifier } from '../../../actors/chain/verifier.js';
import { accepted, genesis, idle, NAMES } from '../../adversarial/kit.js';
import { TestChain } from '../../kit/chain.js';

const weak = idle(new TestChain(genesis, NAMES), 8);
const strong = accepted().chain;
const wrong = 'ab'.repeat(32);

const pinOf = (chain: TestChain, height: number, change: Partial<PinnedBlock> = {}): PinnedBlock => ({
  height,
  hash: chain.history[height - 1]!.hash,
  ledger: 'file /backup',
  ...change,
});

async function open(pins: readonly PinnedBlock[], blocks = new MemoryBlocks()) {
  const reports: string[] = [];
  const store = MemoryBlockStore.open(genesisHash(genesis), blocks);
  const chain = await Blockchain.open(genesis, store, strictVerifier, new Pins(pins, (text) => reports.push(text)));
  const take = async (source: TestChain) => {
    const outcomes = [];
    for (const block of source.blocks) outcomes.push(await chain.import(block));
    return outcomes;
  };
  return { chain, take, reports, blocks };
}

test('a chain with the pinned blocks is followed', async (t) => {
  const { chain, take, reports } = await open([pinOf(weak, 2), pinOf(weak, 5)]);
  await take(weak);
  t.is(chain.head.hash, weak.tip.hash);
  t.deepEqual(reports, []);
});

test('a block that a ledger contradicts is refused with what follows it, and told once', async (t) => {
  const { chain, take, reports } = await open([pinOf(weak, 3, { hash: wrong })]);
  const outcomes = await take(weak);
  t.deepEqual(
    outcomes.map((outcome) => (outcome.kind === 'invalid' ? outcome.code : outcome.kind)),
    ['imported', 'imported', 'contradicts-anchor', ...Array<string>(5).fill('unknown-parent')],
  );
  await take(weak);
  t.is(chain.head.hash, weak.history[1]!.hash);
  t.is(reports.length, 1);
  for (const part of ['block 3', pinOf(weak, 3).hash, wrong, 'file /backup', 'config'])
    t.true(reports[0]?.includes(part), part);
});

test('a heavier branch that forks below a pinned block is not followed; without the pin it is', async (t) => {
  const free = await open([]);
  await free.take(weak);
  await free.take(strong);
  t.is(free.chain.head.hash, strong.tip.hash);

  const pinned = await open([pinOf(weak, 8)]);
  await pinned.take(weak);
  t.true((await pinned.take(strong)).every((outcome) => outcome.kind === 'imported' && outcome.headSwitch === null));
  t.is(pinned.chain.head.hash, weak.tip.hash);
});

test('a block can be pinned while the chain runs, but not one that the chain does not have', async (t) => {
  const { chain, take } = await open([]);
  await take(weak);
  const error = await t.throwsAsync(chain.pin(pinOf(weak, 8, { hash: wrong })));
  t.is((error as { code?: string }).code, 'anchor-contradicted');
  await chain.pin(pinOf(weak, 8));
  await take(strong);
  t.is(chain.head.hash, weak.tip.hash);
});

test('a stored chain that a ledger contradicts is not opened, and the message names height, both blocks and the fix', async (t) => {
  const { take, blocks } = await open([]);
  await take(weak);
  await t.notThrowsAsync(open([pinOf(weak, 4)], blocks));
  const error = await t.throwsAsync(open([pinOf(weak, 4, { hash: wrong })], blocks));
  t.is((error as { code?: string }).code, 'anchor-contradicted');
  for (const part of ['block 4', pinOf(weak, 4).hash, wrong, 'file /backup', 'move chain.db away']) {
    t.true(error?.message.includes(part), part);
  }
});
