/** How nodes find each other and stay together, on both ports. */
import { randomBytes } from 'node:crypto';
import test from 'ava';
import { ANCHOR_PEERS, TARGET_OUTBOUND } from '../../../actors/gossip/dialer.js';
import { gossip } from '../../../actors/gossip/messages.js';
import { WIRE } from '../../../actors/gossip/wire.js';
import { decode, encode } from '../../../runtime/codec/canonical.js';
import { MemoryStateFile } from '../../../runtime/storage/state-file.js';
import { eventually, testEnvelope } from '../../kit/context.js';
import { CHAIN, cleanUp, libp2pFactory, memoryFactory, type PortFactory } from './kit.js';
import { BlockList, makeTransaction, startNode, type TestNode } from './node.js';

test.after.always(cleanUp);

const PEERS = `/doin/${CHAIN}/peers/1`;
const LIMITS = { timeoutMs: 5_000, maxResponseBytes: WIRE.peers.maxResponseBytes };
const stopAll = (nodes: readonly TestNode[]) => Promise.all(nodes.map((node) => node.stop()));
const connectedTo = (node: TestNode) => new Set(node.port.peers().map(({ peerId }) => peerId));

async function knownTo(node: TestNode): Promise<number> {
  return (await node.behaviour.handlers.getPeers({}, testEnvelope({}))).known;
}

/** All know only the first. */
async function star(factory: PortFactory, count: number): Promise<TestNode[]> {
  const hub = await startNode(factory, new BlockList(), { peerExchange: true });
  const nodes = [hub];
  for (let index = 1; index < count; index += 1) {
    nodes.push(await startNode(factory, new BlockList(), { peerExchange: true, bootstrapPeers: [hub.address()] }));
  }
  return nodes;
}

async function untilAllKnowAll(nodes: readonly TestNode[]): Promise<void> {
  for (const node of nodes) {
    let known = 0;
    await eventually(() => {
      void knownTo(node).then((count) => {
        known = count;
      });
      return known >= nodes.length - 1;
    }, 'a node to know all others');
  }
}

for (const [name, factory, count] of [
  ['memory', memoryFactory(), 12],
  ['libp2p', libp2pFactory, 5],
] as const) {
  test.serial(`${name}: one bootstrap address is enough to know and reach the whole network`, async (t) => {
    const nodes = await star(factory, count);
    await untilAllKnowAll(nodes);
    const [hub, ...others] = nodes as [TestNode, ...TestNode[]];
    await hub.stop();
    const wanted = Math.min(TARGET_OUTBOUND, others.length - 1);
    for (const node of others) await eventually(() => connectedTo(node).size >= wanted, 'connections without the hub');
    t.true(
      others.every(
        (node) => node.port.peers().filter(({ direction }) => direction === 'outbound').length <= TARGET_OUTBOUND,
      ),
    );
    await stopAll(others);
  });

  test.serial(
    `${name}: a node that lost everybody finds them again, and what happened meanwhile, without a restart`,
    async (t) => {
      const seeds = [randomBytes(32), randomBytes(32)];
      const keep = { peerExchange: true, bootstrapPeers: [] as string[] };
      const first = await Promise.all(
        seeds.map((privateSeed) => startNode(factory, new BlockList(), { ...keep, privateSeed })),
      );
      const addresses = first.map((node) => node.address());
      const node = await startNode(factory, new BlockList(), { ...keep, bootstrapPeers: [addresses[0]!] });
      await first[0]!.behaviour.handlers.dial({ address: addresses[1]! }, testEnvelope({ address: addresses[1]! }));
      await eventually(() => connectedTo(node).size === 2, 'both peers');
      await stopAll(first);
      await eventually(() => connectedTo(node).size === 0, 'the loss of both');
      // Where they were before, with the same identity; only the second, whom nobody configured.
      const listen = [addresses[1]!.replace(/\/p2p\/.*$/, '')];
      const back = await startNode(factory, new BlockList().grow(3), { ...keep, privateSeed: seeds[1]!, listen });
      await eventually(() => node.list.blocks.length === 3, 'the catch-up');
      t.true(connectedTo(node).has(back.port.peerId));
      await stopAll([node, back]);
    },
  );

  test.serial(`${name}: a node that only calls others sends and receives like the rest`, async (t) => {
    const server = await startNode(factory, new BlockList().grow(2), { peerExchange: true });
    const clients = await Promise.all(
      [1, 2].map(() =>
        startNode(factory, new BlockList(), { peerExchange: true, listen: [], bootstrapPeers: [server.address()] }),
      ),
    );
    for (const client of clients) {
      await eventually(() => client.list.blocks.length === 2, 'the blocks');
      t.deepEqual(client.port.addresses(), name === 'libp2p' ? [] : [client.address()]);
    }
    const [sender, receiver] = clients as [TestNode, TestNode];
    await eventually(() => {
      void sender.submit(makeTransaction(1));
      return receiver.list.pool.size === 1;
    }, 'a transaction from client to client');
    await stopAll([server, ...clients]);
  });
}

test('a restarted node starts with its anchors and knows whom it knew, without any bootstrap peer', async (t) => {
  const factory = memoryFactory();
  const nodes = await star(factory, 6);
  const file = new MemoryStateFile();
  const privateSeed = randomBytes(32);
  const before = await startNode(
    factory,
    new BlockList(),
    { peerExchange: true, privateSeed, bootstrapPeers: [nodes[0]!.address()] },
    file,
  );
  await eventually(() => connectedTo(before).size === 6, 'all of them');
  await before.stop();
  const { peers, anchors } = (await file.load()) as { peers: { peerId: string }[]; anchors: string[] };
  t.is(anchors.length, ANCHOR_PEERS);
  t.is(anchors[0], nodes[0]!.port.peerId, 'the oldest connection');
  t.true(anchors.every((anchor) => peers.some(({ peerId }) => peerId === anchor)));
  const again = await startNode(factory, new BlockList(), { peerExchange: true, privateSeed }, file);
  await again.ctx.event(gossip.peerConnected);
  const called = again.ctx.eventsOf(gossip.peerConnected).filter(({ direction }) => direction === 'outbound');
  t.true(anchors.includes(called[0]!.peerId), 'an anchor is called first');
  await eventually(() => connectedTo(again).size === 6, 'the others');
  await stopAll([...nodes, again]);
});

test('a file of known peers that is damaged costs the memory, not the start', async (t) => {
  const file = new MemoryStateFile();
  await file.save({ peers: [{ peerId: 7 }, null, 'x'], anchors: 'none' });
  const node = await startNode(memoryFactory(), new BlockList(), { peerExchange: true }, file);
  t.is(await knownTo(node), 0);
  file.load = async () => {
    throw new Error('not JSON');
  };
  const other = await startNode(memoryFactory(), new BlockList(), { peerExchange: true }, file);
  t.true(other.ctx.logs.some(({ level }) => level === 'warn'));
  await stopAll([node, other]);
});

test('who is in bad standing is neither told of peers, nor believed, nor passed on', async (t) => {
  const factory = memoryFactory();
  const nodes = await star(factory, 4);
  await untilAllKnowAll(nodes);
  const [hub] = nodes as [TestNode];
  const bad = await startNode(factory, new BlockList());
  await bad.port.dial(hub.address());
  const told = (node: TestNode, addresses: readonly string[]) =>
    node.port
      .request(hub.port.peerId, PEERS, encode(WIRE.peers.request, { addresses }), LIMITS)
      .then((bytes) => decode(WIRE.peers.response, bytes));
  t.is((await told(bad, [])).length, 3);
  hub.port.refuse(bad.port.peerId, 'malformed');
  const knownBefore = await knownTo(hub);
  t.deepEqual(await told(bad, [bad.address()]), []);
  t.is(await knownTo(hub), knownBefore);
  const asker = nodes[1]!;
  t.false((await told(asker, [])).some(({ peerId }) => peerId === bad.port.peerId));
  await stopAll([...nodes, bad]);
});

test('a peer who names hundreds of peers fills no more than his share, and none of them is believed to exist', async (t) => {
  const factory = memoryFactory();
  const node = await startNode(factory, new BlockList(), { peerExchange: true });
  const liar = await startNode(factory, new BlockList());
  let round = 0;
  node.port.refused();
  liar.port.respond(
    PEERS,
    async () => {
      round += 1;
      const invented = Array.from({ length: 64 }, (_, index) => `invented-${round}-${index}`);
      return encode(
        WIRE.peers.response,
        invented.map((peerId) => ({ peerId, addresses: [`/memory/0/p2p/${peerId}`] })),
      );
    },
    WIRE.peers.limits,
  );
  await node.port.dial(liar.address());
  await eventually(() => round >= 3, 'three answers');
  t.true((await knownTo(node)) <= 65);
  t.is(node.port.peers().length, 1);
  await stopAll([node, liar]);
});
