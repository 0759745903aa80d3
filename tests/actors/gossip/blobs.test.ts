/** Blobs in chunks: from several holders, past liars and stallers, and on from where it was left. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { chain } from '../../../actors/chain/messages.js';
import { dropIdleBlobs, idleBlobs, KEPT_MS, MAX_IDLE_BYTES, MIN_KEPT_MS } from '../../../actors/gossip/blob-keeper.js';
import { domainTopic } from '../../../actors/gossip/topics.js';
import {
  BLOB_CHUNK_BYTES,
  blobHash,
  blobHashOf,
  chunkHashesOf,
  chunkRange,
} from '../../../runtime/storage/blob-chunks.js';
import { FileBlobStore, MemoryBlobStore } from '../../../runtime/storage/blob-store.js';
import { eventually, TestContext } from '../../kit/context.js';
import { CHAIN, cleanUp, libp2pFactory, memoryFactory } from './kit.js';
import { BlockList, startNode, type TestNode } from './node.js';

test.after.always(cleanUp);

const stopAll = (...nodes: readonly TestNode[]) => Promise.all(nodes.map((node) => node.stop()));
const scoreOf = (node: TestNode, peer: TestNode) =>
  node.port.peers().find(({ peerId }) => peerId === peer.port.peerId)?.score;

/** Counts the chunks a node hands out. */
function served(node: TestNode, change: (chunk: Uint8Array | null) => Uint8Array | null | Promise<never> = (it) => it) {
  const indices: number[] = [];
  const chunk = node.store.chunk.bind(node.store);
  node.store.chunk = async (name, index) => {
    indices.push(index);
    return change(await chunk(name, index));
  };
  return indices;
}

test('a name is the hash of the hashes of its chunks, whatever the size', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3 * BLOB_CHUNK_BYTES + 1 }), (size) => {
      const bytes = new Uint8Array(size).map((_, index) => index % 251);
      const hashes = chunkHashesOf(bytes);
      t.is(hashes.length, Math.ceil(size / BLOB_CHUNK_BYTES));
      t.is(blobHash(bytes), blobHashOf(hashes));
      if (size > 0) t.not(blobHash(bytes.with(size - 1, 255)), blobHash(bytes));
    }),
    { numRuns: 20 },
  );
});

for (const [name, create] of [
  ['memory', memoryFactory],
  ['libp2p', () => libp2pFactory],
] as const) {
  test(`${name}: a blob comes from several holders at once, past one who gives wrong chunks and one who gives none`, async (t) => {
    const factory = create();
    const bytes = randomBytes(24 * BLOB_CHUNK_BYTES + 1_000);
    const [first, second, liar, staller, node] = await Promise.all([
      startNode(factory),
      startNode(factory),
      startNode(factory),
      startNode(factory),
      startNode(factory),
    ]);
    const holders = [first, second, liar, staller];
    for (const holder of holders) await holder.store.put(bytes);
    const [byFirst, bySecond, byLiar] = [
      served(first),
      served(second),
      served(liar, (chunk) => chunk?.with(0, chunk[0]! ^ 1) ?? null),
    ];
    served(staller, () => new Promise<never>(() => undefined));
    for (const holder of holders) await node.port.dial(holder.address());
    const carriers = () => node.port.subscribers(domainTopic(CHAIN, 'digits')).length;
    await eventually(() => carriers() === holders.length, 'the subscriptions');
    t.true(await node.fetchBlob({ hash: blobHash(bytes), sizeBytes: bytes.length }, 60_000));
    t.is(Buffer.compare((await node.store.get(blobHash(bytes)))!, bytes), 0);
    t.true(byFirst.length > 0 && bySecond.length > 0);
    t.true(byLiar.length <= 4, 'no more than he had in hand at his first wrong one');
    t.true((node.port.refused()['wrong-blob'] ?? 0) > 0);
    t.deepEqual([scoreOf(node, first), scoreOf(node, second)], [0, 0]);
    await stopAll(...holders, node);
  });
}

for (const [name, create] of [
  ['memory', memoryFactory],
  ['libp2p', () => libp2pFactory],
] as const) {
  test(`${name}: a blob is asked of those who carry its domain, and of nobody else`, async (t) => {
    const factory = create();
    const node = await startNode(factory);
    const carrier = await startNode(factory);
    const other = await startNode(factory, new BlockList(), { domains: ['weather'] });
    const asked: string[] = [];
    other.store.chunkHashes = async (hash) => {
      asked.push(hash);
      return null;
    };
    await Promise.all([node.port.dial(carrier.address()), node.port.dial(other.address())]);
    const topic = domainTopic(CHAIN, 'digits');
    await eventually(() => node.port.subscribers(topic).length > 0, 'the subscription');
    t.deepEqual(node.port.subscribers(topic), [carrier.port.peerId]);
    t.true(await node.fetchBlob(await carrier.store.put(randomBytes(100)), 30_000));
    t.deepEqual(asked, []);
    await carrier.stop();
    await eventually(() => node.port.subscribers(topic).length === 0, 'the carrier to be gone');
    t.false(await node.fetchBlob({ hash: 'ff'.repeat(32), sizeBytes: 1 }, 300));
    t.true(asked.length > 0, 'where nobody says that he carries it, everybody is asked');
    await stopAll(node, other);
  });
}

test('whoever publishes where a domain’s carriers are noted is blamed, and it goes no further', async (t) => {
  const factory = memoryFactory();
  const [liar, node, behind] = [await startNode(factory), await startNode(factory), await startNode(factory)];
  await liar.port.dial(node.address());
  await node.port.dial(behind.address());
  await liar.port.publish(domainTopic(CHAIN, 'digits'), randomBytes(100));
  await eventually(() => (scoreOf(node, liar) ?? 0) < 0, 'the blame');
  t.is(behind.port.traffic().copies, 0);
  await stopAll(liar, node, behind);
});

test('blobs of a domain that a node gave up are idle, its own champions’ are not', async (t) => {
  const ctx = new TestContext('gossip');
  const store = new MemoryBlobStore();
  const [own, foreign] = [await store.put(randomBytes(10)), await store.put(randomBytes(11))];
  const champion = (domainId: string, blob: unknown) => ({ domainId, champion: { blob } });
  ctx
    .answer(chain.getStatus, () => ({ domains: [champion('digits', own), champion('weather', foreign)] }) as never)
    .answer(chain.getOpenOptimae, () => ({ optimae: [] }));
  const list = store.list.bind(store);
  store.list = async () => (await list()).map((blob) => ({ ...blob, writtenMs: ctx.now() - KEPT_MS }));
  await dropIdleBlobs(ctx, store, ['digits']);
  t.deepEqual(
    (await list()).map(({ hash }) => hash),
    [own.hash],
  );
  ctx.dispose();
});

test('a list of hashes that is not the name’s is the fault of who tells it', async (t) => {
  const factory = memoryFactory();
  const [liar, honest, node] = [await startNode(factory), await startNode(factory), await startNode(factory)];
  const bytes = randomBytes(1_000);
  liar.store.chunkHashes = async () => chunkHashesOf(randomBytes(1_000));
  await honest.store.put(bytes);
  for (const peer of [liar, honest]) await node.port.dial(peer.address());
  t.true(await node.fetchBlob({ hash: blobHash(bytes), sizeBytes: bytes.length }, 30_000));
  await eventually(() => node.port.refused()['wrong-blob'] === 1, 'the blame');
  await stopAll(liar, honest, node);
});

test('a size that is not the blob’s ends the search, and no holder is blamed', async (t) => {
  const factory = memoryFactory();
  const [holder, node] = [await startNode(factory), await startNode(factory)];
  const bytes = randomBytes(1_000);
  await holder.store.put(bytes);
  await node.port.dial(holder.address());
  for (const sizeBytes of [999, BLOB_CHUNK_BYTES + 1])
    t.false(await node.fetchBlob({ hash: blobHash(bytes), sizeBytes }, 300));
  t.deepEqual(node.port.refused(), {});
  await stopAll(holder, node);
});

test('what came of a blob outlives the process, if it is right', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'doin-blobs-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const bytes = randomBytes(5 * BLOB_CHUNK_BYTES + 7);
  const blob = { hash: blobHash(bytes), sizeBytes: bytes.length };
  const hashes = chunkHashesOf(bytes);
  const chunkOf = (index: number) => {
    const { from, sizeBytes } = chunkRange(bytes.length, index);
    return bytes.subarray(from, from + sizeBytes);
  };
  const before = await new FileBlobStore(folder).openPart(blob, hashes);
  t.deepEqual([...before.missing], [0, 1, 2, 3, 4, 5]);
  for (const index of [0, 3, 5]) await before.write(index, chunkOf(index));
  await before.write(2, new Uint8Array(BLOB_CHUNK_BYTES));
  await before.close();
  const store = new FileBlobStore(folder);
  t.false(await store.has(blob.hash));
  t.like((await store.list())[0], { hash: blob.hash, isPart: true });
  const again = await store.openPart(blob, hashes);
  t.deepEqual([...again.missing], [1, 2, 4]);
  for (const index of [1, 2, 4]) await again.write(index, chunkOf(index));
  await again.finish();
  t.is(Buffer.compare((await store.get(blob.hash))!, bytes), 0);
  t.like(await store.list(), [{ ...blob, isPart: false }]);
});

test('a fetch goes on where the one before ended', async (t) => {
  const factory = memoryFactory();
  const bytes = randomBytes(8 * BLOB_CHUNK_BYTES);
  const blob = { hash: blobHash(bytes), sizeBytes: bytes.length };
  const [broken, whole, node] = [await startNode(factory), await startNode(factory), await startNode(factory)];
  await broken.store.put(bytes);
  await whole.store.put(bytes);
  let left = 5;
  served(broken, (chunk) => {
    left -= 1;
    return left >= 0 ? chunk : null;
  });
  await node.port.dial(broken.address());
  t.false(await node.fetchBlob(blob, 500));
  const indices = served(whole);
  await node.port.dial(whole.address());
  t.true(await node.fetchBlob(blob, 30_000));
  const fetched = new Set(indices).size;
  t.true(fetched >= 3 && fetched < 8, `${fetched} chunks`);
  await stopAll(broken, whole, node);
});

test('a blob that nobody needs goes when it is old, or the oldest first when there are too many; needed ones stay', (t) => {
  const now = 10 * KEPT_MS;
  const stored = (hash: string, ageMs: number, sizeBytes = 1, isPart = false) => {
    return { hash, sizeBytes, isPart, writtenMs: now - ageMs };
  };
  const blobs = [
    stored('champion', 2 * KEPT_MS),
    stored('old', KEPT_MS),
    stored('half', KEPT_MS, 1, true),
    stored('recent', KEPT_MS - 1),
    stored('new', MIN_KEPT_MS - 1, MAX_IDLE_BYTES),
  ];
  t.deepEqual(idleBlobs(blobs, new Set(['champion']), now).sort(), ['half', 'old']);
  const many = [stored('a', MIN_KEPT_MS + 3, MAX_IDLE_BYTES), stored('b', MIN_KEPT_MS + 2), ...blobs];
  t.deepEqual(idleBlobs(many, new Set(['champion']), now).sort(), ['a', 'half', 'old']);
});

test('a store lists what it holds and removes what it is told to', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'doin-blobs-'));
  t.teardown(() => rm(folder, { recursive: true }));
  for (const store of [new FileBlobStore(folder), new MemoryBlobStore()]) {
    const [kept, gone] = [await store.put(randomBytes(300_000)), await store.put(randomBytes(10))];
    await store.remove(gone.hash);
    t.like(await store.list(), [{ ...kept, isPart: false }]);
    t.deepEqual([await store.chunk(gone.hash, 0), await store.chunkHashes(gone.hash)], [null, null]);
    t.is((await store.chunkHashes(kept.hash))?.length, 2);
    t.is(await store.chunk(kept.hash, 2), null);
  }
});
