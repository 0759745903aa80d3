/** States in pieces, nodes that start from them, and stores without the transactions of old blocks. */
import test from 'ava';
import { Blockchain } from '../../../actors/chain/blockchain.js';
import { genesisHash } from '../../../actors/chain/genesis.js';
import { Housekeeping } from '../../../actors/chain/housekeeping.js';
import { MemoryBlockStore, MemoryBlocks } from '../../../actors/chain/memory-store.js';
import { openSnapshot, readChunk, type Snapshot, takeSnapshot } from '../../../actors/chain/state/snapshot.js';
import { ACCOUNT, EVALUATES, NEW_ACCOUNT, type State } from '../../../actors/chain/state/state.js';
import { type BlockStore, SqliteBlockStore } from '../../../actors/chain/store.js';
import { strictVerifier, trustingVerifier } from '../../../actors/chain/verifier.js';
import { isDoinError } from '../../../runtime/errors.js';
import { attestationsOf, DOMAIN_ID, keyOf, makeGenesis, sign, TestChain } from '../../kit/chain.js';

const MEMBERS = ['ada', 'bob', 'cid', 'dan'];
const genesis = makeGenesis(MEMBERS, { parameters: { anchorInterval: 5 } });

/** Blocks that registrations cause; where `others` attest, they become final some thirteen blocks later. */
function grow(chain: TestChain, count: number, name = 'dan', others: readonly string[] = []): TestChain {
  for (let index = 0; index < count; index += 1) {
    const registered = (chain.tip.state.get(EVALUATES, keyOf(name).publicKey) ?? []).length > 0;
    const domains = registered ? [] : [DOMAIN_ID];
    const registration = sign(genesis, name, chain.nextNonce(name), { type: 'register-evaluator', stamp: 0, domains });
    chain.add([...attestationsOf(chain, others), registration]);
  }
  return chain;
}
const ATTESTING = ['ada', 'bob', 'cid'];
const heightsOf = async (store: BlockStore) =>
  (await store.snapshotManifests()).map(({ header: { height } }) => height);

/** A block whose state has thousands of accounts, which is what its header says. */
function largeState(): { snapshot: Snapshot; state: State; checkpoint: { height: number; hash: string } } {
  const chain = grow(new TestChain(genesis, MEMBERS, trustingVerifier), 1);
  for (let index = 0; index < 3_000; index += 1) {
    const account = { ...NEW_ACCOUNT, balanceUnits: index };
    chain.tip = { ...chain.tip, state: chain.tip.state.set(ACCOUNT, index.toString(16).padStart(64, '0'), account) };
  }
  grow(chain, 1);
  const { header } = chain.blocks.at(-1)!;
  const checkpoint = { height: header.height, hash: chain.tip.hash };
  return { snapshot: takeSnapshot(header, chain.tip.state), state: chain.tip.state, checkpoint };
}

const LARGE = largeState();
const refused = { instanceOf: Error, message: /snapshot: not of block/ };

test('a state comes back from its chunks with the same root and the same entries', (t) => {
  const { snapshot, state, checkpoint } = LARGE;
  t.true(snapshot.chunks.length > 4);
  const restored = openSnapshot(snapshot, checkpoint);
  t.is(restored.root(), state.root());
  t.deepEqual([...restored.list(ACCOUNT)], [...state.list(ACCOUNT)]);
  const other = restored.set(ACCOUNT, 'ff'.repeat(32), NEW_ACCOUNT);
  t.is(other.root(), state.set(ACCOUNT, 'ff'.repeat(32), NEW_ACCOUNT).root());
});

test('equal states have equal chunks, however they were made', (t) => {
  const { snapshot, state } = LARGE;
  const again = takeSnapshot(snapshot.header, openSnapshot(snapshot, LARGE.checkpoint));
  t.deepEqual(again, snapshot);
  const detour = state.set(ACCOUNT, 'ff'.repeat(32), NEW_ACCOUNT).delete(ACCOUNT, 'ff'.repeat(32));
  t.deepEqual(takeSnapshot(snapshot.header, detour).chunks, snapshot.chunks);
});

test('every chunk proves itself, and none with a changed byte does', (t) => {
  const { snapshot } = LARGE;
  const root = snapshot.header.stateRoot;
  for (const [index, chunk] of snapshot.chunks.entries()) {
    t.not(readChunk(chunk, root), null);
    t.is(readChunk(chunk, genesisHash(genesis)), null);
    for (let step = 0; step < 20; step += 1) {
      const at = (step * 7_919 + index) % chunk.length;
      t.is(readChunk(chunk.with(at, chunk[at]! ^ 1), root), null, `byte ${at} of chunk ${index}`);
    }
  }
});

test('a missing, doubled-for-another or foreign chunk, another header or another checkpoint is refused', (t) => {
  const { snapshot, checkpoint } = LARGE;
  const { header, chunks } = snapshot;
  t.throws(() => openSnapshot({ header, chunks: chunks.slice(1) }, checkpoint), refused);
  t.throws(() => openSnapshot({ header, chunks: [...chunks.slice(1), chunks[1]!] }, checkpoint), refused);
  t.throws(() => openSnapshot({ header, chunks: [] }, checkpoint), refused);
  t.throws(() => openSnapshot({ header: { ...header, height: 9 }, chunks }, checkpoint), refused);
  t.throws(() => openSnapshot({ header: { ...header, stateRoot: '00'.repeat(32) }, chunks }, checkpoint), refused);
  t.throws(() => openSnapshot(snapshot, { ...checkpoint, height: 9 }), refused);
  t.throws(() => openSnapshot(snapshot, { ...checkpoint, hash: 'ab'.repeat(32) }), refused);
});

const STORES = {
  'in memory': () => {
    const blocks = new MemoryBlocks();
    return MemoryBlockStore.open(genesisHash(genesis), blocks);
  },
  'in SQLite': () => SqliteBlockStore.open(':memory:', genesisHash(genesis)),
};

for (const [kind, open] of Object.entries(STORES)) {
  test(`${kind}: a node that starts again at a snapshot, pruned or not, ends where it was and goes on`, async (t) => {
    for (const keepBlocks of [null, 10]) {
      const source = grow(new TestChain(genesis, MEMBERS, trustingVerifier), 62, 'dan', ATTESTING);
      const store = await open();
      t.teardown(() => store.close());
      const chain = await Blockchain.open(genesis, store, strictVerifier);
      const housekeeping = new Housekeeping(chain, store, { keepBlocks, snapshotInterval: 15 });
      for (const block of source.blocks) {
        await chain.import(block);
        await housekeeping.run();
      }
      t.deepEqual(await heightsOf(store), [45, 30]);
      t.is(await store.prunedBelow(), keepBlocks === null ? 1 : 31);
      const restarted = await Blockchain.open(genesis, store, strictVerifier);
      t.is(restarted.head.hash, source.tip.hash);
      t.is(restarted.head.state.root(), source.tip.state.root());
      const [next] = grow(source, 1).blocks.slice(-1);
      t.is((await restarted.import(next!)).kind, 'imported');
    }
  });

  test(`${kind}: no snapshot is taken of what is not final`, async (t) => {
    const source = grow(new TestChain(genesis, MEMBERS, trustingVerifier), 40);
    const store = await open();
    t.teardown(() => store.close());
    const chain = await Blockchain.open(genesis, store, trustingVerifier);
    const housekeeping = new Housekeeping(chain, store, { keepBlocks: 10, snapshotInterval: 5 });
    await chain.importAll(source.blocks);
    await housekeeping.run();
    t.deepEqual(await heightsOf(store), []);
    t.is(await store.prunedBelow(), 1);
    await chain.importAll(grow(source, 30, 'dan', ATTESTING).blocks);
    await housekeeping.run();
    t.deepEqual(await heightsOf(store), [chain.finalized.height - (chain.finalized.height % 5)]);
  });

  test(`${kind}: pruning leaves headers and records of the canonical chain, and no side branch`, async (t) => {
    const source = grow(new TestChain(genesis, MEMBERS, trustingVerifier), 12);
    const side = grow(new TestChain(genesis, MEMBERS, trustingVerifier), 2, 'ada');
    const store = await open();
    t.teardown(() => store.close());
    const chain = await Blockchain.open(genesis, store, trustingVerifier);
    for (const block of [...source.blocks, ...side.blocks]) await chain.import(block);
    const records = await Promise.all(source.history.map(({ hash }) => store.getRecords(hash)));
    const sizes = (await store.canonicalFrom(1, 20)).map(({ bytes }) => bytes.length);
    await store.prune(9);
    const kept = await store.canonicalFrom(1, 20);
    t.deepEqual(
      kept.map(({ hash }) => hash),
      source.history.map(({ hash }) => hash),
    );
    t.deepEqual(
      kept.map(({ bytes }, index) => bytes.length < sizes[index]!),
      sizes.map((_, index) => index < 8),
    );
    t.deepEqual(await Promise.all(source.history.map(({ hash }) => store.getRecords(hash))), records);
    for (const { hash } of side.history) t.is(await store.get(hash), null);
    t.is(await store.prunedBelow(), 9);
    t.is((await chain.tipOf(side.tip.hash)) === null, false, 'its state is still in memory');
  });

  test(`${kind}: an empty store adopts a snapshot, follows the chain from there and refuses a second one`, async (t) => {
    const source = grow(new TestChain(genesis, MEMBERS, trustingVerifier), 20);
    const at = 14;
    const snapshot = takeSnapshot(source.blocks[at - 1]!.header, source.history[at - 1]!.state);
    const store = await open();
    t.teardown(() => store.close());
    await store.adopt(snapshot);
    const chain = await Blockchain.open(genesis, store, strictVerifier);
    t.is(chain.head.hash, source.history[at - 1]!.hash);
    for (const block of source.blocks.slice(at)) t.is((await chain.import(block)).kind, 'imported');
    t.is(chain.head.state.root(), source.tip.state.root());
    t.is((await chain.import(source.blocks[3]!)).kind, 'unknown-parent', 'what lies below is not followed');
    const error = await t.throwsAsync(store.adopt(snapshot));
    t.true(isDoinError(error, 'store-not-empty'));
    t.is((await Blockchain.open(genesis, store, strictVerifier)).head.hash, source.tip.hash);
  });
}
