/** Catch-up with peers who are ahead, say they are, lie, break off, or take their time. */
import test from 'ava';
import { headerCodec, headerHash } from '../../../actors/chain/codec.js';
import { chain } from '../../../actors/chain/messages.js';
import type { Block } from '../../../actors/chain/types.js';
import { MemoryNetwork } from '../../../actors/gossip/memory-port.js';
import { gossip } from '../../../actors/gossip/messages.js';
import { encode } from '../../../runtime/codec/canonical.js';
import { eventually, testEnvelope } from '../../kit/context.js';
import { cleanUp, libp2pFactory, memoryFactory, type PortFactory } from './kit.js';
import { BlockList, makeBlock, makeTransaction, startNode, type TestNode } from './node.js';

test.after.always(cleanUp);

const LATER_MS = 1_000_000;
/** Virtual milliseconds a real one, where a test waits for a timeout. */
const HASTE = 20;

const stopAll = (...nodes: readonly TestNode[]) => Promise.all(nodes.map((node) => node.stop()));
const scoreOf = (node: TestNode, peer: TestNode) =>
  node.port.peers().find(({ peerId }) => peerId === peer.port.peerId)?.score;

/** A network and nodes whose time passes quickly. */
function hastyFactory(): PortFactory {
  const schedule = (delayMs: number, callback: () => void) => {
    const timer = setTimeout(callback, delayMs / HASTE);
    return () => clearTimeout(timer);
  };
  const network = new MemoryNetwork({ seed: 1, schedule });
  return (options) => network.createPort(options);
}

function hurry(node: TestNode): void {
  node.ctx.monotonic = () => HASTE * performance.now();
}

/** A peer that claims to be far ahead and answers the n-th request for headers with what the test makes of it. */
async function liar(factory: PortFactory, line: (request: number) => readonly Block[]) {
  const list = new BlockList();
  list.claimedHeight = 1_000_000;
  const node = await startNode(factory, list);
  const state = { node, served: 0 };
  node.ctx.answer(chain.getHeadersAfter, () => {
    state.served += 1;
    const blocks = line(state.served);
    for (const block of blocks) list.keep(block);
    return { headers: blocks.map(({ header }) => encode(headerCodec, header)) };
  });
  return state;
}

/** Notes which blocks a node is asked for, and answers what the test makes of it. */
function serve(
  node: TestNode,
  answer: (blocks: readonly (Uint8Array | null)[]) => readonly (Uint8Array | null)[] | Promise<never> = (all) => all,
): string[] {
  const asked: string[] = [];
  node.ctx.answer(chain.getBlocks, async ({ hashes }) => {
    asked.push(...hashes);
    return { blocks: await answer(hashes.map((hash) => node.list.bytesOf(hash))) };
  });
  return asked;
}

/** Nodes with the same chain. */
function twins(factory: PortFactory, count: number, blocks: number, transactions = 0): Promise<TestNode[]> {
  const grown = new BlockList().grow(
    blocks,
    Array.from({ length: transactions }, (_, index) => makeTransaction(index + 1)),
  );
  const copy = () => {
    const list = new BlockList();
    for (const { block } of grown.blocks) list.append(block);
    return list;
  };
  return Promise.all(Array.from({ length: count }, () => startNode(factory, copy())));
}

/** Connected to all, in this order, and told by each how far he is. */
async function joinAll(factory: PortFactory, peers: readonly TestNode[], prepare = (_: TestNode) => {}) {
  const node = await startNode(factory);
  prepare(node);
  for (const peer of peers) await node.port.dial(peer.address());
  return node;
}

test('blocks from the future end a turn without blame, warn of the clock once, and let the next peer have his', async (t) => {
  const factory = memoryFactory();
  const list = new BlockList();
  const future = makeBlock(list.tipHash, 1);
  const late = { ...future, header: { ...future.header, timestampMs: LATER_MS + 1 } };
  const state = await liar(factory, () => [late]);
  const ahead = state.node;
  const honest = await startNode(factory, new BlockList().grow(10));
  list.clockMs = LATER_MS;
  const node = await startNode(factory, list, { bootstrapPeers: [ahead.address()] });
  const warnings = () => node.ctx.logs.filter(({ level, message }) => level === 'warn' && message.includes('clock'));
  await eventually(() => warnings().length > 0, 'the warning');
  await node.port.dial(honest.address());
  await eventually(() => list.blocks.length === 10, 'the honest chain');
  // His tip still counts as ahead, so comparing notes asks him again.
  await eventually(() => state.served > 1, 'the second look');
  t.is(warnings().length, 1);
  t.deepEqual(node.port.refused(), {});
  t.is(scoreOf(node, ahead), 0);
  await stopAll(ahead, honest, node);
});

test('a peer whose line brings nothing new, although he says he is ahead, is blamed', async (t) => {
  const factory = memoryFactory();
  const list = new BlockList().grow(200);
  const known = await liar(factory, (request) => [list.blocks[request - 1]!.block]);
  const node = await startNode(factory, list, { bootstrapPeers: [known.node.address()] });
  await eventually(() => (node.port.refused()['empty-sync'] ?? 0) > 0, 'the blame');
  t.true((scoreOf(node, known.node) ?? 0) < 0);
  await stopAll(known.node, node);
});

test('a peer whose headers hang in the air, or do not follow one another, is blamed', async (t) => {
  const factory = memoryFactory();
  const { node: floating } = await liar(factory, (request) => [makeBlock('77'.repeat(32), request)]);
  const first = makeBlock(new BlockList().tipHash, 1);
  const { node: broken } = await liar(factory, () => [first, makeBlock(headerHash(first.header), 3)]);
  for (const peer of [floating, broken]) {
    const node = await startNode(factory, new BlockList(), { bootstrapPeers: [peer.address()] });
    await eventually(() => (node.port.refused().invalid ?? 0) > 0, 'the blame');
    t.is(node.list.blocks.length, 0);
    t.true((scoreOf(node, peer) ?? 0) < 0);
    await node.stop();
  }
  await stopAll(floating, broken);
});

test('a peer who tells his line in short pieces goes to the end of the line after each', async (t) => {
  const factory = memoryFactory();
  const gate = Promise.withResolvers<void>();
  const slow = await startNode(factory, new BlockList().grow(400));
  slow.ctx.answer(chain.getHeadersAfter, async ({ locator }) => {
    await gate.promise;
    return { headers: slow.list.headersAfter(locator, 1) };
  });
  const quick = await startNode(factory, new BlockList().grow(300));
  const node = await joinAll(factory, [slow, quick]);
  const heights = async () => (await node.behaviour.handlers.getPeers({}, testEnvelope({}))).peers;
  for (let known = 0; known < 2; ) {
    known = (await heights()).filter(({ height }) => height !== null).length;
    await new Promise((resolve) => setImmediate(resolve));
  }
  gate.resolve();
  await eventually(() => node.list.blocks.length >= 300, 'the chain of the quick peer');
  t.is(node.ctx.eventsOf(gossip.syncProgress)[1]?.peerId, quick.port.peerId);
  t.deepEqual(node.port.refused(), {});
  await stopAll(slow, quick, node);
});

for (const [name, create] of [
  ['memory', memoryFactory],
  ['libp2p', () => libp2pFactory],
] as const) {
  test(`${name}: several peers deliver a line at once; who delivers others is blamed and done without`, async (t) => {
    const factory = create();
    const [first, second, third, wrong] = (await twins(factory, 4, 1_000, 2)) as [
      TestNode,
      TestNode,
      TestNode,
      TestNode,
    ];
    const asked = [first, second, third].map((peer) => serve(peer));
    serve(wrong, (blocks) => [...blocks].reverse());
    const gate = Promise.withResolvers<void>();
    const node = await startNode(factory);
    // Nothing is asked for before everybody is known.
    node.ctx.answer(chain.getLocator, async () => {
      await gate.promise;
      return { hashes: [node.list.genesisHash] };
    });
    for (const peer of [first, second, third, wrong]) await node.port.dial(peer.address());
    const heights = async () => (await node.behaviour.handlers.getPeers({}, testEnvelope({}))).peers;
    for (let known = 0; known < 4; ) {
      known = (await heights()).filter(({ height }) => height === 1_000).length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    gate.resolve();
    await eventually(() => node.list.tipHash === first.list.tipHash, 'the chain');
    t.true(
      asked.every((hashes) => hashes.length > 0),
      'all delivered',
    );
    t.true((node.port.refused()['wrong-body'] ?? 0) > 0);
    t.deepEqual(
      [first, second, third].map((peer) => scoreOf(node, peer)),
      [0, 0, 0],
    );
    await stopAll(first, second, third, wrong, node);
  });
}

test('who breaks his answers off, or lacks what he said he has, is made up for by others', async (t) => {
  const factory = memoryFactory();
  const [cutter, empty, honest] = (await twins(factory, 3, 500)) as [TestNode, TestNode, TestNode];
  serve(cutter, (blocks) => blocks.slice(0, 3));
  serve(empty, (blocks) => blocks.map(() => null));
  const node = await joinAll(factory, [cutter, empty, honest]);
  await eventually(() => node.list.tipHash === honest.list.tipHash, 'the chain');
  t.true((node.port.refused().truncated ?? 0) > 0);
  t.is(scoreOf(node, honest), 0);
  await stopAll(cutter, empty, honest, node);
});

test('the blocks a peer does not answer for come from another, and he is blamed for the wait', async (t) => {
  const factory = hastyFactory();
  const [staller, honest] = (await twins(factory, 2, 600)) as [TestNode, TestNode];
  const asked = serve(staller, () => new Promise<never>(() => undefined));
  const node = await joinAll(factory, [staller, honest], hurry);
  await eventually(() => node.list.tipHash === honest.list.tipHash, 'the chain');
  await eventually(() => asked.length === 0 || (node.port.refused().stalled ?? 0) > 0, 'the blame');
  t.is(node.list.blocks.length, honest.list.blocks.length);
  await stopAll(staller, honest, node);
});

test('a peer who stalls with his headers does not hold up the next', async (t) => {
  const factory = hastyFactory();
  const [staller, honest] = (await twins(factory, 2, 100)) as [TestNode, TestNode];
  staller.ctx.answer(chain.getHeadersAfter, () => new Promise<never>(() => undefined));
  const node = await joinAll(factory, [staller, honest], hurry);
  await eventually(() => node.list.tipHash === honest.list.tipHash, 'the chain');
  t.is(node.list.blocks.length, honest.list.blocks.length);
  await stopAll(staller, honest, node);
});

test('a line whose blocks nobody has is the fault of whose line it is', async (t) => {
  const factory = memoryFactory();
  const [bare] = (await twins(factory, 1, 20)) as [TestNode];
  serve(bare, (blocks) => blocks.map(() => null));
  const node = await joinAll(factory, [bare]);
  await eventually(() => node.port.refused()['not-delivered'] === 1, 'the blame');
  t.is(node.list.blocks.length, 0);
  await stopAll(bare, node);
});

test('a peer who pruned his old blocks is not asked for them, nor blamed for lacking them', async (t) => {
  const factory = memoryFactory();
  const [pruned, whole] = (await twins(factory, 2, 400)) as [TestNode, TestNode];
  pruned.list.bodiesFrom = 300;
  const asked = serve(pruned);
  const alone = await joinAll(factory, [pruned]);
  await eventually(() => alone.ctx.logs.some(({ message }) => message.includes('nobody delivers')), 'the warning');
  t.deepEqual([asked, alone.port.refused()], [[], {}]);
  const node = await joinAll(factory, [pruned, whole]);
  await eventually(() => node.list.tipHash === whole.list.tipHash, 'the chain');
  const below = new Set(whole.list.blocks.slice(0, 299).map(({ hash }) => hash));
  t.deepEqual(
    asked.filter((hash) => below.has(hash)),
    [],
  );
  t.deepEqual(node.port.refused(), {});
  await stopAll(pruned, whole, alone, node);
});

test('what was read of a line is fetched from others when its source is gone', async (t) => {
  const factory = memoryFactory();
  const [source, other] = (await twins(factory, 2, 600)) as [TestNode, TestNode];
  const node = await joinAll(factory, [source, other]);
  const once = Promise.withResolvers<void>();
  for (const peer of [source, other]) {
    serve(peer, (blocks) => {
      once.resolve();
      return blocks;
    });
  }
  await once.promise;
  await node.port.disconnect(source.port.peerId);
  await eventually(() => node.list.tipHash === other.list.tipHash, 'the chain');
  t.deepEqual(node.port.refused(), {});
  await stopAll(source, other, node);
});

test('nodes of different versions speak the newest that both know; with none in common they part', async (t) => {
  const factory = memoryFactory();
  const old = await startNode(factory, new BlockList().grow(70));
  const newer = await startNode(factory, new BlockList(), { bootstrapPeers: [old.address()] }, undefined, {
    oldest: 1,
    newest: 3,
  });
  await eventually(() => newer.list.tipHash === old.list.tipHash, 'the chain of the older program');
  const future = await startNode(factory, new BlockList(), { bootstrapPeers: [old.address()] }, undefined, {
    oldest: 2,
    newest: 3,
  });
  await eventually(
    () => (future.port.refused()['foreign-network'] ?? 0) + (old.port.refused()['foreign-network'] ?? 0) > 0,
    'the end of the connection',
  );
  const grown = await startNode(factory, new BlockList().grow(90), { bootstrapPeers: [newer.address()] }, undefined, {
    oldest: 2,
    newest: 3,
  });
  await eventually(() => newer.list.tipHash === grown.list.tipHash, 'the chain of the newer program');
  await eventually(
    () => old.list.tipHash === grown.list.tipHash,
    'the same at the old one, through the one in between',
  );
  t.is(future.list.blocks.length, 0);
  await stopAll(old, newer, future, grown);
});
