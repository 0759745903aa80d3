import { randomBytes } from 'node:crypto';
import test from 'ava';
import { transactionId } from '../../../actors/chain/codec.js';
import { gossip } from '../../../actors/gossip/messages.js';
import { blobHash } from '../../../runtime/storage/blob-store.js';
import { eventually, testEnvelope } from '../../kit/context.js';
import { cleanUp, libp2pFactory, memoryFactory, memoryNetwork, type PortFactory } from './kit.js';
import { BlockList, makeBlock, makeTransaction, startNode, type TestNode, transactionBytes } from './node.js';

test.after.always(cleanUp);

const KINDS: readonly (readonly [name: string, factory: () => PortFactory])[] = [
  ['memory', () => memoryFactory()],
  ['libp2p', () => libp2pFactory],
];

async function connectedTo(node: TestNode, other: TestNode): Promise<void> {
  await eventually(() => node.port.peers().some((peer) => peer.peerId === other.port.peerId), 'the connection');
}

/** A line of three: ends know each other only through the middle. */
async function threeInLine(factory: PortFactory): Promise<readonly [TestNode, TestNode, TestNode]> {
  const middle = await startNode(factory);
  const left = await startNode(factory, new BlockList(), { bootstrapPeers: [middle.address()] });
  const right = await startNode(factory, new BlockList(), { bootstrapPeers: [middle.address()] });
  await Promise.all([connectedTo(left, middle), connectedTo(right, middle)]);
  return [left, middle, right];
}

const stopAll = (...nodes: readonly TestNode[]) => Promise.all(nodes.map((node) => node.stop()));

for (const [name, factory] of KINDS) {
  // Real nodes one after another: a dozen handshakes at once on two cores only measure the queue.
  const one = name === 'libp2p' ? test.serial : test;
  one(`${name}: a transaction of one end reaches the other through the middle`, async (t) => {
    const nodes = await threeInLine(factory());
    const [left, middle, right] = nodes;
    const transaction = makeTransaction(1);
    await left.submit(transaction);
    const id = transactionId(transaction);
    await eventually(() => right.list.pool.has(id), 'the transaction at the other end');
    t.true(middle.list.pool.has(id));
    await stopAll(...nodes);
  });

  one(`${name}: a rejected transaction stops at the first judge, who counts it`, async (t) => {
    const nodes = await threeInLine(factory());
    const [left, middle, right] = nodes;
    middle.list.badTransaction = (transaction) => transaction.nonce === 666;
    // Once this one is through, gossip works on both links.
    await left.submit(makeTransaction(1));
    await eventually(() => right.list.pool.size === 1, 'a first transaction');
    const bad = makeTransaction(666);
    await left.submit(bad);
    await eventually(() => (middle.port.refused().invalid ?? 0) > 0, 'the refusal');
    await left.submit(makeTransaction(2));
    await eventually(() => right.list.pool.has(transactionId(makeTransaction(2))), 'the next one');
    t.false(right.list.received.includes(transactionId(bad)));
    t.true((middle.port.peers().find((peer) => peer.peerId === left.port.peerId)?.score ?? 0) < 0);
    await stopAll(...nodes);
  });

  one(`${name}: an announced block arrives although its transactions were never gossiped`, async (t) => {
    const nodes = await threeInLine(factory());
    const [left, , right] = nodes;
    const transactions = [makeTransaction(1), makeTransaction(2)];
    for (const transaction of transactions)
      left.list.pool.set(transactionId(transaction), transactionBytes(transaction));
    await left.produce(makeBlock(left.list.tipHash, 1, transactions));
    await eventually(() => right.list.blocks.length === 1, 'the block at the other end');
    t.is(right.list.tipHash, left.list.tipHash);
    t.is(right.list.blocks[0]?.block.transactions.length, 2);
    await stopAll(...nodes);
  });

  one(`${name}: a newcomer catches up with 600 blocks in batches and reports progress`, async (t) => {
    const create = factory();
    const old = await startNode(create, new BlockList().grow(600));
    const young = await startNode(create, new BlockList().grow(0), { bootstrapPeers: [old.address()] });
    await eventually(() => young.list.blocks.length === 600, 'all blocks');
    t.is(young.list.tipHash, old.list.tipHash);
    await young.ctx.event(gossip.syncProgress, (progress) => progress.height === 600);
    const progress = young.ctx.eventsOf(gossip.syncProgress);
    t.true(progress.length >= 3);
    t.true(progress.every((event) => event.targetHeight === 600 && event.peerId === old.port.peerId));
    const { peers } = await young.behaviour.handlers.getPeers({}, testEnvelope({}));
    t.like(peers[0], { peerId: old.port.peerId, height: 600, direction: 'outbound', score: 0 });
    t.deepEqual(old.port.refused(), {});
    await stopAll(old, young);
  });

  one(`${name}: a peer with another genesis is disconnected and counted`, async (t) => {
    const create = factory();
    const home = await startNode(create);
    const foreign = new BlockList();
    foreign.genesisHash = 'ef'.repeat(32);
    const stranger = await startNode(create, foreign, { bootstrapPeers: [home.address()] });
    await home.ctx.event(gossip.peerDisconnected, ({ peerId }) => peerId === stranger.port.peerId);
    t.true((home.port.refused()['foreign-network'] ?? 0) + (stranger.port.refused()['foreign-network'] ?? 0) >= 1);
    await stopAll(home, stranger);
  });

  one(`${name}: a blob is found at the one peer who has it, verified and stored`, async (t) => {
    const nodes = await threeInLine(factory());
    const [left, middle, right] = nodes;
    const blob = await left.store.put(randomBytes(3_000_000));
    t.true(await middle.fetchBlob(blob, 10_000));
    t.deepEqual(middle.ctx.eventsOf(gossip.blobReceived), [{ hash: blob.hash, sizeBytes: blob.sizeBytes }]);
    t.true(await right.fetchBlob(blob, 10_000), 'and from there on to a node that never met the first');
    t.is(Buffer.compare((await right.store.get(blob.hash))!, (await left.store.get(blob.hash))!), 0);
    await stopAll(...nodes);
  });
}

test('a transaction submitted while nobody was connected is there after connecting', async (t) => {
  const factory = memoryFactory();
  const lonely = await startNode(factory);
  await lonely.submit(makeTransaction(1));
  const other = await startNode(factory, new BlockList(), { bootstrapPeers: [lonely.address()] });
  const third = await startNode(factory, new BlockList(), { bootstrapPeers: [other.address()] });
  await eventually(() => third.list.pool.size === 1, 'the transaction two hops away');
  t.true(other.list.pool.has(transactionId(makeTransaction(1))));
  await stopAll(lonely, other, third);
});

test('an announcement whose parent is unknown starts a catch-up with the sender', async (t) => {
  const network = memoryNetwork();
  const factory: PortFactory = (options) => network.createPort(options);
  const ahead = await startNode(factory);
  const behind = await startNode(factory, new BlockList(), { bootstrapPeers: [ahead.address()] });
  await connectedTo(behind, ahead);
  await eventually(() => behind.ctx.eventsOf(gossip.peerConnected).length === 1, 'the connection');
  ahead.list.grow(5);
  await ahead.produce(makeBlock(ahead.list.tipHash, 6));
  await eventually(() => behind.list.blocks.length === 6, 'the branch');
  t.is(behind.list.tipHash, ahead.list.tipHash);
  await stopAll(ahead, behind);
});

test('a node on a long losing branch gets over to the better one, batch by batch', async (t) => {
  const factory = memoryFactory();
  const peer = await startNode(factory, new BlockList().grow(700));
  // Its own line is longer than a batch, so the first batches do not move its head, nor its locator.
  const node = await startNode(factory, new BlockList().grow(300, [makeTransaction(1)]), {
    bootstrapPeers: [peer.address()],
  });
  await eventually(() => node.list.tipHash === peer.list.tipHash, 'the better branch');
  t.is(node.list.blocks.length, 700);
  t.deepEqual(node.port.refused(), {});
  await stopAll(peer, node);
});

test('a peer that claims to be ahead and has nothing to show is blamed, and sync goes on with the next', async (t) => {
  const factory = memoryFactory();
  const liarList = new BlockList();
  liarList.claimedHeight = 1000;
  const liar = await startNode(factory, liarList);
  const honest = await startNode(factory, new BlockList().grow(10));
  const node = await startNode(factory, new BlockList(), { bootstrapPeers: [liar.address(), honest.address()] });
  await eventually(() => node.list.blocks.length === 10, 'the honest chain');
  await eventually(() => (node.port.refused()['empty-sync'] ?? 0) > 0, 'the blame');
  t.true((node.port.peers().find((peer) => peer.peerId === liar.port.peerId)?.score ?? 0) < 0);
  t.is(node.port.peers().find((peer) => peer.peerId === honest.port.peerId)?.score, 0);
  await stopAll(liar, honest, node);
});

test('sync stops at a block the chain rejects and blames the peer', async (t) => {
  const factory = memoryFactory();
  const peer = await startNode(factory, new BlockList().grow(20));
  const list = new BlockList();
  list.badBlock = (block) => block.header.height === 7;
  const node = await startNode(factory, list, { bootstrapPeers: [peer.address()] });
  await eventually(() => node.port.refused().invalid === 1, 'the blame');
  t.is(node.list.blocks.length, 6);
  await stopAll(peer, node);
});

test('a blob that turns up later is fetched by the retry; one that never does ends at the deadline', async (t) => {
  const factory = memoryFactory();
  const [holder, node] = [await startNode(factory), await startNode(factory)];
  await node.port.dial(holder.address());
  const bytes = randomBytes(100);
  const waiting = node.fetchBlob({ hash: blobHash(bytes), sizeBytes: 100 }, 10_000);
  const started = Date.now();
  t.false(await node.fetchBlob({ hash: 'ff'.repeat(32), sizeBytes: 1 }, 300));
  t.true(Date.now() - started < 2_000);
  await holder.store.put(bytes);
  t.true(await waiting);
  await stopAll(holder, node);
});

test('a blob of a domain this node does not carry is an error that names the domain', async (t) => {
  const node = await startNode(memoryFactory());
  const request = { blob: { hash: 'ff'.repeat(32), sizeBytes: 1 }, domain: 'weather' };
  const error = await t.throwsAsync(async () => node.behaviour.handlers.fetchBlob(request, testEnvelope(request)));
  t.like(error, { code: 'domain-not-carried' });
  t.regex(error!.message, /weather/);
  await node.stop();
});

test('a bootstrap peer that went away is dialled again when it is back', async (t) => {
  const factory = memoryFactory();
  const privateSeed = randomBytes(32);
  const first = await startNode(factory, new BlockList(), { privateSeed });
  const node = await startNode(factory, new BlockList(), { bootstrapPeers: [first.address()] });
  await connectedTo(node, first);
  await first.stop();
  await node.ctx.event(gossip.peerDisconnected);
  const again = await startNode(factory, new BlockList().grow(3), { privateSeed });
  await eventually(() => node.list.blocks.length === 3, 'the catch-up after coming back');
  t.is(again.port.peerId, first.port.peerId);
  await stopAll(again, node);
});

test('gossip of an unknown version or above 16 KiB is refused before the chain sees it', async (t) => {
  const network = memoryNetwork();
  const factory: PortFactory = (options) => network.createPort(options);
  const [sender, node] = [await startNode(factory), await startNode(factory)];
  await sender.port.dial(node.address());
  const topic = 'doin/test-net/transactions';
  await sender.port.publish(topic, Uint8Array.of(9, ...transactionBytes(makeTransaction(1))));
  await sender.port.publish(topic, new Uint8Array(16 * 1024 + 1).fill(1));
  await eventually(
    () => node.port.refused()['unknown-version'] === 1 && node.port.refused().oversize === 1,
    'refusals',
  );
  t.deepEqual(node.list.received, []);
  await stopAll(sender, node);
});

test('dial connects to an address given at run time', async (t) => {
  const factory = memoryFactory();
  const [a, b] = [await startNode(factory), await startNode(factory)];
  await a.behaviour.handlers.dial({ address: b.address() }, testEnvelope({ address: b.address() }));
  await a.ctx.event(
    gossip.peerConnected,
    ({ peerId, direction }) => peerId === b.port.peerId && direction === 'outbound',
  );
  await b.ctx.event(
    gossip.peerConnected,
    ({ peerId, direction }) => peerId === a.port.peerId && direction === 'inbound',
  );
  t.pass();
  await stopAll(a, b);
});
