/** An empty chain that starts at what peers have of a trusted block, some of whom lie. */
import test from 'ava';
import { Blockchain } from '../../../actors/chain/blockchain.js';
import { headerCodec } from '../../../actors/chain/codec.js';
import { genesisHash } from '../../../actors/chain/genesis.js';
import { MemoryBlockStore } from '../../../actors/chain/memory-store.js';
import { chain } from '../../../actors/chain/messages.js';
import { Pins } from '../../../actors/chain/pins.js';
import { SnapshotExchange } from '../../../actors/chain/snapshots.js';
import { takeSnapshot } from '../../../actors/chain/state/snapshot.js';
import { ACCOUNT, NEW_ACCOUNT } from '../../../actors/chain/state/state.js';
import { strictVerifier, trustingVerifier } from '../../../actors/chain/verifier.js';
import { encode } from '../../../runtime/codec/canonical.js';
import { makeGenesis, sign, TestChain } from '../../kit/chain.js';
import { eventually } from '../../kit/context.js';
import { cleanUp, memoryFactory, type PortFactory } from './kit.js';
import { BlockList, startNode, type TestNode } from './node.js';

test.after.always(cleanUp);

const MEMBERS = ['ada', 'bob', 'cid', 'dan'];
const genesis = makeGenesis(MEMBERS);
const source = new TestChain(genesis, MEMBERS, trustingVerifier);
// Too large for one chunk.
for (let index = 0; index < 2_500; index += 1) {
  const state = source.tip.state.set(ACCOUNT, index.toString(16).padStart(64, '0'), NEW_ACCOUNT);
  source.tip = { ...source.tip, state };
}
source.add([sign(genesis, 'dan', 1, { type: 'register-evaluator', stamp: 0, domains: [] })]);
const { header } = source.blocks.at(-1)!;
const { chunks } = takeSnapshot(header, source.tip.state);
const block = source.tip.hash;
const point = { height: header.height, hash: block, ledger: '--checkpoint' };

/** Says he is ahead and has the snapshot, in so many chunks; counts what he gives out. */
async function holder(
  factory: PortFactory,
  chunkOf: (index: number) => Uint8Array | null = (index) => chunks[index] ?? null,
  count = chunks.length,
): Promise<{ node: TestNode; served: number[] }> {
  const list = new BlockList();
  list.claimedHeight = 1_000;
  const node = await startNode(factory, list);
  const served: number[] = [];
  node.ctx
    .answer(chain.getSnapshots, () => ({
      snapshots: [
        {
          height: header.height,
          hash: block,
          header: encode(headerCodec, header),
          chunkSizes: Array.from({ length: count }, () => 1),
        },
      ],
    }))
    .answer(chain.getSnapshotChunk, ({ index }) => {
      served.push(index);
      return { chunk: chunkOf(index) };
    });
  return { node, served };
}

/** A node with an empty chain, whose gossip wants to start at a snapshot. */
async function joiner(factory: PortFactory, pins = [point]) {
  const store = MemoryBlockStore.open(genesisHash(genesis));
  const blockchain = await Blockchain.open(genesis, store, strictVerifier, new Pins(pins));
  const adopted: string[] = [];
  const exchange = new SnapshotExchange({ chain: blockchain, store, verify: strictVerifier.signature }, ({ hash }) =>
    adopted.push(hash),
  );
  const node = await startNode(factory, new BlockList(), { startAtSnapshot: true });
  const located: string[] = [];
  node.ctx
    .answer(chain.getJoinPoints, () => ({ points: exchange.joinPoints() }))
    .answer(chain.beginSnapshot, ({ header: bytes, chunks: count }) => exchange.begin(bytes, count))
    .answer(chain.receiveSnapshotChunk, ({ block: of, index, bytes }) => exchange.receive(of, index, bytes))
    .answer(chain.getLocator, () => {
      located.push(blockchain.head.hash);
      return { hashes: [blockchain.head.hash] };
    });
  return { node, blockchain, adopted, located };
}

const stopAll = (...nodes: readonly TestNode[]) => Promise.all(nodes.map((node) => node.stop()));

test('an empty chain starts at the snapshot of a trusted block, from several holders; blocks are fetched only then', async (t) => {
  const factory = memoryFactory();
  const [first, second] = [await holder(factory), await holder(factory)];
  const { node, blockchain, adopted, located } = await joiner(factory);
  for (const peer of [first, second]) await node.port.dial(peer.node.address());
  await eventually(() => adopted.length > 0, 'the start');
  t.deepEqual(adopted, [block]);
  t.is(blockchain.head.state.root(), header.stateRoot);
  t.true(chunks.length > 4);
  await eventually(() => located.length > 0, 'the catch-up');
  t.is(new Set(located).size, 1);
  t.is(located[0], block, 'not from the genesis');
  t.is((node.port.refused().invalid ?? 0) + (node.port.refused()['handler-failed'] ?? 0), 0);
  await stopAll(first.node, second.node, node);
});

test('holders who give wrong chunks, or say a wrong number of them, are blamed and done without', async (t) => {
  const factory = memoryFactory();
  const wrong = await holder(factory, (index) => chunks[index]?.with(40, chunks[index]![40]! ^ 1) ?? null);
  const fewer = await holder(factory, undefined, 2);
  const more = await holder(factory, undefined, chunks.length + 1);
  const honest = await holder(factory);
  const { node, blockchain, adopted } = await joiner(factory);
  for (const peer of [wrong, fewer, more, honest]) await node.port.dial(peer.node.address());
  await eventually(() => adopted.length > 0, 'the start');
  t.is(blockchain.head.state.root(), header.stateRoot);
  t.true((node.port.refused().invalid ?? 0) >= 1);
  t.true(wrong.served.length <= 4);
  await stopAll(wrong.node, fewer.node, more.node, honest.node, node);
});

test('a snapshot of a block that nobody trusted named is not asked for', async (t) => {
  const factory = memoryFactory();
  const { node: other, served } = await holder(factory);
  const { node, adopted } = await joiner(factory, [{ ...point, hash: 'ab'.repeat(32) }]);
  const asked: number[] = [];
  other.ctx.answer(chain.getSnapshots, () => {
    asked.push(1);
    return {
      snapshots: [{ height: header.height, hash: block, header: encode(headerCodec, header), chunkSizes: [1] }],
    };
  });
  await node.port.dial(other.address());
  await eventually(() => asked.length > 1, 'the second look');
  t.deepEqual([served, adopted], [[], []]);
  await stopAll(other, node);
});

test('without a snapshot for half a minute the chain is fetched from its beginning', async (t) => {
  const factory = memoryFactory();
  const { node: other } = await holder(factory);
  other.ctx.answer(chain.getSnapshots, () => ({ snapshots: [] }));
  const { node, located } = await joiner(factory);
  // Half a minute passes in a third of a second.
  node.ctx.monotonic = () => 100 * performance.now();
  await node.port.dial(other.address());
  await eventually(() => located.length > 0, 'the catch-up');
  t.is(located[0], genesisHash(genesis));
  await stopAll(other, node);
});
