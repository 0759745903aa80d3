/** What every block store must do, held against both. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { headerCodec, headerHash } from '../../../actors/chain/codec.js';
import { MemoryBlockStore, MemoryBlocks } from '../../../actors/chain/memory-store.js';
import { type BlockStore, SqliteBlockStore, type StoredBlock } from '../../../actors/chain/store.js';
import type { ChainRecord } from '../../../actors/chain/types.js';
import { encode } from '../../../runtime/codec/canonical.js';
import { blockBytes, DOMAIN_ID, makeGenesis, sign, TestChain } from '../../kit/chain.js';

/** Opens a store on one place; opened again, it finds what was there. */
type Open = (genesis: string) => Promise<BlockStore>;

const KINDS: Readonly<Record<string, (t: ExecutionContext) => Promise<Open>>> = {
  'in memory': async () => {
    const blocks = new MemoryBlocks();
    return async (genesis) => MemoryBlockStore.open(genesis, blocks);
  },
  'in SQLite': async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'doin-store-'));
    t.teardown(() => rm(folder, { recursive: true }));
    return (genesis) => SqliteBlockStore.open(join(folder, 'chain.db'), genesis);
  },
};

const GENESIS = '00'.repeat(32);
const hashOf = (name: string) => Buffer.from(name).toString('hex').padEnd(64, '0');

function block(name: string, parent: string, height: number): StoredBlock {
  const hash = hashOf(name);
  return { hash, parent, height, isProofBlock: height % 2 === 0, bytes: Uint8Array.from(Buffer.from(name)) };
}

const a1 = block('a1', GENESIS, 1);
const a2 = block('a2', a1.hash, 2);
const b2 = block('b2', a1.hash, 2);
const b3 = block('b3', b2.hash, 3);
const record = { type: 'COMMIT_EXPIRED', optimum: hashOf('o') } as unknown as ChainRecord;

for (const [kind, create] of Object.entries(KINDS)) {
  const withStore = async (t: ExecutionContext) => {
    const open = await create(t);
    const store = await open(GENESIS);
    await store.save([{ block: a1, records: [record], moves: [] }], {
      head: a1.hash,
      reverted: [],
      applied: [a1.hash],
    });
    await store.save([{ block: a2, records: [], moves: [] }], { head: a2.hash, reverted: [], applied: [a2.hash] });
    return { open, store };
  };
  const heads = async (store: BlockStore) => (await store.canonicalFrom(1, 10)).map(({ hash }) => hash);

  test(`${kind}: headers come without their blocks, and which blocks are known without either`, async (t) => {
    const network = new TestChain(makeGenesis(['ada']), ['ada']);
    for (const [index, domains] of [[], [DOMAIN_ID]].entries()) {
      network.add([sign(network.genesis, 'ada', index + 1, { type: 'register-evaluator', stamp: 0, domains })]);
    }
    const open = await create(t);
    const store = await open(GENESIS);
    t.teardown(() => store.close());
    const hashes = network.blocks.map(({ header }) => headerHash(header));
    const stored = network.blocks.map((whole, index) => ({
      block: { ...block('', whole.header.parent, index + 1), hash: hashes[index]!, bytes: blockBytes(whole) },
      records: [],
      moves: [],
    }));
    await store.save(stored, { head: hashes[1]!, reverted: [], applied: hashes });
    const headers = network.blocks.map(({ header }) => encode(headerCodec, header));
    t.deepEqual(await store.canonicalHeaders(1, 10), headers);
    t.deepEqual(await store.canonicalHeaders(2, 10), headers.slice(1));
    t.deepEqual(await store.canonicalHeaders(1, 1), headers.slice(0, 1));
    t.deepEqual(await store.known([hashOf('x'), hashes[1]!]), new Set([hashes[1]!]));
    await store.prune(2);
    t.deepEqual(await store.canonicalHeaders(1, 10), headers);
  });

  test(`${kind}: blocks and records come back as they went in`, async (t) => {
    const { store } = await withStore(t);
    t.teardown(() => store.close());
    t.deepEqual(await store.get(a1.hash), a1);
    t.deepEqual(await store.getRecords(a1.hash), [record]);
    t.deepEqual(await store.canonicalAt(2), a2);
    t.is(await store.get(b2.hash), null);
    t.is(await store.canonicalAt(3), null);
    t.deepEqual(await store.getRecords(b2.hash), []);
    t.false(await store.isCanonical(b2.hash));
  });

  test(`${kind}: all branches are listed from a height on, and which of them is canonical`, async (t) => {
    const { store } = await withStore(t);
    t.teardown(() => store.close());
    await store.save([{ block: b2, records: [], moves: [] }], null);
    const places = async (from: number, limit: number) =>
      (await store.branchesFrom(from, limit)).map(({ hash, parent, isCanonical }) => [hash, parent, isCanonical]);
    const second = [
      [a2.hash, a1.hash, true],
      [b2.hash, a1.hash, false],
    ];
    t.deepEqual(await places(2, 10), second);
    t.deepEqual(await places(0, 10), [[a1.hash, GENESIS, true], ...second]);
    t.is((await places(0, 2)).length, 2);
    const change = { head: b3.hash, reverted: [a2.hash], applied: [b2.hash, b3.hash] };
    await store.save([{ block: b3, records: [], moves: [] }], change);
    t.deepEqual(
      (await store.branchesFrom(2, 10)).filter(({ isCanonical }) => isCanonical).map(({ hash }) => hash),
      [b2.hash, b3.hash],
    );
  });

  test(`${kind}: a side branch is kept without being canonical, and becomes it by a head change`, async (t) => {
    const { store } = await withStore(t);
    t.teardown(() => store.close());
    await store.save([{ block: b2, records: [], moves: [] }], null);
    t.deepEqual(await heads(store), [a1.hash, a2.hash]);
    await store.save([{ block: b3, records: [], moves: [] }], {
      head: b3.hash,
      reverted: [a2.hash],
      applied: [b2.hash, b3.hash],
    });
    t.deepEqual(await heads(store), [a1.hash, b2.hash, b3.hash]);
    t.false(await store.isCanonical(a2.hash));
    t.true(await store.isCanonical(b2.hash));
    t.deepEqual(await store.get(a2.hash), a2);
    t.deepEqual(await store.canonicalFrom(2, 1), [b2]);
  });

  test(`${kind}: a shorter branch that wins leaves nothing above it`, async (t) => {
    const { store } = await withStore(t);
    t.teardown(() => store.close());
    const b1 = block('b1', GENESIS, 1);
    await store.save([{ block: b1, records: [], moves: [] }], {
      head: b1.hash,
      reverted: [a2.hash, a1.hash],
      applied: [b1.hash],
    });
    t.deepEqual(await heads(store), [b1.hash]);
  });

  test(`${kind}: two canonical blocks at one height are refused, and nothing of the save stays`, async (t) => {
    const { store } = await withStore(t);
    t.teardown(() => store.close());
    await t.throwsAsync(
      store.save([{ block: b2, records: [], moves: [] }], { head: b2.hash, reverted: [], applied: [b2.hash] }),
    );
    t.is(await store.get(b2.hash), null);
    t.deepEqual(await heads(store), [a1.hash, a2.hash]);
  });

  test(`${kind}: saving a block twice changes nothing`, async (t) => {
    const { store } = await withStore(t);
    t.teardown(() => store.close());
    await store.save([{ block: a1, records: [record], moves: [] }], null);
    t.deepEqual(await heads(store), [a1.hash, a2.hash]);
    t.deepEqual(await store.getRecords(a1.hash), [record]);
  });

  test(`${kind}: writes of a caller after the call change nothing stored`, async (t) => {
    const { store } = await withStore(t);
    t.teardown(() => store.close());
    const bytes = Uint8Array.of(1, 2, 3);
    await store.save([{ block: { ...b2, bytes }, records: [], moves: [] }], null);
    bytes.fill(9);
    (await store.get(b2.hash))?.bytes.fill(8);
    t.deepEqual((await store.get(b2.hash))?.bytes, Uint8Array.of(1, 2, 3));
  });

  test(`${kind}: opened again it has everything, for the same chain only`, async (t) => {
    const { open, store } = await withStore(t);
    await store.close();
    const again = await open(GENESIS);
    t.deepEqual(await heads(again), [a1.hash, a2.hash]);
    await again.close();
    t.like(await t.throwsAsync(open('11'.repeat(32))), { code: 'wrong-chain-store' });
  });
}
