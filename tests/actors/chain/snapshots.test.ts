/** A node that starts from what peers send, some of whom lie. */
import test from 'ava';
import { createChainActor } from '../../../actors/chain/actor.js';
import { Blockchain } from '../../../actors/chain/blockchain.js';
import { headerCodec } from '../../../actors/chain/codec.js';
import { genesisHash } from '../../../actors/chain/genesis.js';
import { MemoryBlockStore, MemoryBlocks } from '../../../actors/chain/memory-store.js';
import { chain } from '../../../actors/chain/messages.js';
import { type PinnedBlock, Pins } from '../../../actors/chain/pins.js';
import { SnapshotExchange } from '../../../actors/chain/snapshots.js';
import { withMemberEntry } from '../../../actors/chain/state/members.js';
import { takeSnapshot } from '../../../actors/chain/state/snapshot.js';
import { ACCOUNT, EVALUATES, NEW_ACCOUNT, REPUTATION } from '../../../actors/chain/state/state.js';
import { strictVerifier, trustingVerifier } from '../../../actors/chain/verifier.js';
import { reputationActor } from '../../../actors/reputation/actor.js';
import { reputation } from '../../../actors/reputation/messages.js';
import { encode } from '../../../runtime/codec/canonical.js';
import { isDoinError } from '../../../runtime/errors.js';
import { MemoryStateFile } from '../../../runtime/storage/state-file.js';
import { Simulation, simulated } from '../../../runtime/system/simulation/simulation.js';
import { DOMAIN_ID, keyOf, makeGenesis, sign, TestChain } from '../../kit/chain.js';

const MEMBERS = ['ada', 'bob', 'cid', 'dan'];
const genesis = makeGenesis(MEMBERS);

function grow(chain: TestChain, count: number): TestChain {
  for (let index = 0; index < count; index += 1) {
    const registered = (chain.tip.state.get(EVALUATES, keyOf('dan').publicKey) ?? []).length > 0;
    const domains = registered ? [] : [DOMAIN_ID];
    chain.add([sign(genesis, 'dan', chain.nextNonce('dan'), { type: 'register-evaluator', stamp: 0, domains })]);
  }
  return chain;
}

/** Its state is too large for one chunk, and has a member whom the genesis does not know. */
const LATE = keyOf('late').publicKey;
const source = grow(new TestChain(genesis, MEMBERS, trustingVerifier), 3);
source.tip = {
  ...source.tip,
  state: withMemberEntry(source.tip.state, LATE).set(REPUTATION, LATE, {
    scoreMicro: 1_000_000,
    updatedMs: genesis.timestampMs,
  }),
};
for (let index = 0; index < 1_500; index += 1) {
  const state = source.tip.state.set(ACCOUNT, index.toString(16).padStart(64, '0'), NEW_ACCOUNT);
  source.tip = { ...source.tip, state };
}
grow(source, 1);
const { header } = source.blocks.at(-1)!;
const snapshot = takeSnapshot(header, source.tip.state);
const point: PinnedBlock = { height: header.height, hash: source.tip.hash, ledger: '--checkpoint' };
const headerBytes = encode(headerCodec, header);
const CHUNKS = snapshot.chunks.length;

async function open(pins: readonly PinnedBlock[] = [point], blocks = new MemoryBlocks()) {
  const store = MemoryBlockStore.open(genesisHash(genesis), blocks);
  const chain = await Blockchain.open(genesis, store, strictVerifier, new Pins(pins));
  const adopted: string[] = [];
  const exchange = new SnapshotExchange({ chain, store, verify: strictVerifier.signature }, ({ hash }) =>
    adopted.push(hash),
  );
  return { store, chain, exchange, adopted };
}
type Node = Awaited<ReturnType<typeof open>>;

async function receiveAll({ exchange }: Node, order: readonly number[]): Promise<string[]> {
  const codes: string[] = [];
  for (const index of order) codes.push((await exchange.receive(point.hash, index, snapshot.chunks[index]!)).code);
  return codes;
}
const all = [...snapshot.chunks.keys()];

test('chunks of any order make the state, which the node follows from there on and after a restart', async (t) => {
  t.true(CHUNKS > 3);
  const blocks = new MemoryBlocks();
  const node = await open([point], blocks);
  t.deepEqual(node.exchange.joinPoints(), [point]);
  t.is(node.exchange.begin(headerBytes, CHUNKS).code, 'ok');
  const codes = await receiveAll(node, all.toReversed());
  t.deepEqual(codes, [...all.slice(1).map(() => 'ok'), 'adopted']);
  t.deepEqual(node.adopted, [point.hash]);
  t.is(node.chain.head.state.root(), source.tip.state.root());
  t.deepEqual(node.exchange.joinPoints(), [], 'it has a block now');
  t.is(node.exchange.begin(headerBytes, CHUNKS).code, 'chain-not-empty');
  const again = await open([point], blocks);
  const further = grow(source.fork(), 2);
  t.is(again.chain.head.hash, point.hash);
  for (const block of further.blocks.slice(-2)) t.is((await again.chain.import(block)).kind, 'imported');
  t.is(again.chain.head.state.root(), further.tip.state.root());
});

test('what a node keeps, it offers and gives out chunk by chunk', async (t) => {
  const { store, exchange } = await open();
  t.deepEqual(await exchange.offers(), []);
  await store.adopt(snapshot);
  const { height, hash } = point;
  const chunkSizes = snapshot.chunks.map(({ length }) => length);
  t.deepEqual(await exchange.offers(), [{ height, hash, header: headerBytes, chunkSizes }]);
  for (const index of all) t.deepEqual(await exchange.chunk(hash, index), snapshot.chunks[index]!);
  t.is(await exchange.chunk(hash, CHUNKS), null);
  t.is(await exchange.chunk('ab'.repeat(32), 0), null);
});

test('nothing but a pinned block is a start', async (t) => {
  for (const pins of [[], [{ ...point, hash: 'ab'.repeat(32) }], [{ ...point, height: point.height + 1 }]]) {
    const node = await open(pins);
    t.deepEqual(node.exchange.begin(headerBytes, CHUNKS), { action: 'reject', code: 'untrusted-snapshot' });
    t.deepEqual(await node.exchange.receive(point.hash, 0, snapshot.chunks[0]!), {
      action: 'ignore',
      code: 'not-asked-for',
    });
    t.true(isDoinError(await t.throwsAsync(node.chain.adopt(snapshot)), 'snapshot-untrusted'));
    t.is(node.chain.head.hash, genesisHash(genesis));
  }
  const node = await open();
  const unsigned = encode(headerCodec, { ...header, signature: '00'.repeat(64) });
  t.deepEqual(node.exchange.begin(unsigned, CHUNKS), { action: 'reject', code: 'bad-signature' });
  const { chunks } = snapshot;
  const adopting = node.chain.adopt({ header: { ...header, signature: '00'.repeat(64) }, chunks });
  t.true(isDoinError(await t.throwsAsync(adopting), 'snapshot-invalid'));
  for (const [bytes, count] of [
    [headerBytes.slice(1), CHUNKS],
    [headerBytes, 0],
    [headerBytes, 2 ** 40],
    [headerBytes, Number.NaN],
  ] as const) {
    t.deepEqual(node.exchange.begin(bytes, count), { action: 'reject', code: 'malformed' });
  }
});

test('a chunk that is no part of the state, or is there already, is not taken', async (t) => {
  const node = await open();
  const { exchange } = node;
  exchange.begin(headerBytes, CHUNKS);
  const receive = async (index: number, bytes: Uint8Array) => (await exchange.receive(point.hash, index, bytes)).code;
  const [first, second] = snapshot.chunks as [Uint8Array, Uint8Array];
  t.is(await receive(0, first.with(40, first[40]! ^ 1)), 'bad-chunk');
  t.is(await receive(0, first.slice(0, -1)), 'bad-chunk');
  t.is(await receive(0, new Uint8Array(0)), 'bad-chunk');
  t.is(await receive(CHUNKS, first), 'malformed');
  t.is(await receive(-1, first), 'malformed');
  t.is(await receive(0, first), 'ok');
  t.is(await receive(0, second), 'already-known');
  t.is(await receive(1, first), 'bad-chunk', 'the same part under another number');
  t.is((await receiveAll(node, all.slice(1))).at(-1), 'adopted', 'honest ones are taken all the same');
});

test('too few chunks are found out with the last one, too many never come, and the next try has all', async (t) => {
  const node = await open();
  node.exchange.begin(headerBytes, CHUNKS - 1);
  t.is((await receiveAll(node, all.slice(0, -1))).at(-1), 'incomplete-snapshot');
  t.is(node.chain.head.hash, genesisHash(genesis));
  node.exchange.begin(headerBytes, CHUNKS + 1);
  t.deepEqual(new Set(await receiveAll(node, all)), new Set(['ok']));
  node.exchange.begin(headerBytes, CHUNKS);
  t.is((await receiveAll(node, all)).at(-1), 'adopted');
});

test('what came before the peer was lost is not asked for again, and a chain that got a block meanwhile stays', async (t) => {
  const node = await open();
  node.exchange.begin(headerBytes, CHUNKS);
  await receiveAll(node, all.slice(0, 2));
  node.exchange.begin(headerBytes, CHUNKS);
  t.is((await receiveAll(node, all.slice(0, 1)))[0], 'already-known');
  await node.chain.import(source.blocks[0]!);
  t.is((await receiveAll(node, all.slice(2))).at(-1), 'chain-not-empty');
  t.is(node.chain.head.hash, source.history[0]!.hash);
  t.deepEqual(node.adopted, []);
});

test('a running node starts from a snapshot, and its other actors hear of it', async (t) => {
  const sim = Simulation.create({ seed: 1, startMs: genesis.timestampMs });
  const blocks = new MemoryBlocks();
  const chainActor = createChainActor({
    openStore: async (_file, hash) => MemoryBlockStore.open(hash, blocks),
    openDuties: () => new MemoryStateFile(),
  });
  const { secretSeed } = keyOf('joiner');
  const options = { databaseFile: 'chain', dutiesFile: 'duties', genesis, secretSeed, pins: [point] };
  const { halfLifeMs } = genesis.parameters.reputation;
  sim.addNode('joiner', [simulated(chainActor, options), simulated(reputationActor, { halfLifeMs })]);
  await sim.start();
  t.is((await sim.ask('joiner', reputation.getReputation, { nodeId: LATE })).view, null);
  const { points } = await sim.ask('joiner', chain.getJoinPoints, {});
  t.deepEqual(points, [point]);
  await sim.ask('joiner', chain.beginSnapshot, { header: headerBytes, chunks: CHUNKS });
  for (const index of all) {
    await sim.ask('joiner', chain.receiveSnapshotChunk, {
      block: point.hash,
      index,
      bytes: snapshot.chunks[index]!,
    });
  }
  t.is((await sim.ask('joiner', chain.getTip, {})).hash, point.hash);
  const { snapshots } = await sim.ask('joiner', chain.getSnapshots, {});
  t.deepEqual(
    snapshots.map(({ hash }) => hash),
    [point.hash],
    'it gives it on',
  );
  const { chunk } = await sim.ask('joiner', chain.getSnapshotChunk, { block: point.hash, index: 1 });
  t.deepEqual(chunk, snapshot.chunks[1]);
  await sim.run({ forMs: 1_000 });
  t.not((await sim.ask('joiner', reputation.getReputation, { nodeId: LATE })).view, null);
});
