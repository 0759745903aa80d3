/** Catch-up with peers who are ahead, say they are, or take their time. */
import test from 'ava';
import { blockCodec, decodeBlock } from '../../../actors/chain/codec.js';
import { chain } from '../../../actors/chain/messages.js';
import type { Block } from '../../../actors/chain/types.js';
import { gossip } from '../../../actors/gossip/messages.js';
import { encode } from '../../../runtime/codec/canonical.js';
import { eventually, testEnvelope } from '../../kit/context.js';
import { cleanUp, memoryFactory } from './kit.js';
import { BlockList, makeBlock, makeTransaction, startNode, type TestNode } from './node.js';

test.after.always(cleanUp);

const LATER_MS = 1_000_000;

const stopAll = (...nodes: readonly TestNode[]) => Promise.all(nodes.map((node) => node.stop()));
const scoreOf = (node: TestNode, peer: TestNode) =>
  node.port.peers().find(({ peerId }) => peerId === peer.port.peerId)?.score;

/** A peer that claims to be far ahead and answers the n-th request for blocks with what the test makes of it. */
async function liar(factory: ReturnType<typeof memoryFactory>, batch: (request: number) => readonly Block[]) {
  const list = new BlockList();
  list.claimedHeight = 1_000_000;
  const node = await startNode(factory, list);
  const state = { node, served: 0 };
  node.ctx.answer(chain.getBlocksAfter, () => {
    state.served += 1;
    return { blocks: batch(state.served).map((block) => encode(blockCodec, block)) };
  });
  return state;
}

/** Serves blocks in small batches once the gate opens, and notes the heights. */
function serveSlowly(node: TestNode, batch: number, gate: Promise<void>): number[] {
  const heights: number[] = [];
  node.ctx.answer(chain.getBlocksAfter, async ({ locator }) => {
    await gate;
    const blocks = node.list.after(locator, batch);
    for (const bytes of blocks) {
      const decoded = decodeBlock(bytes);
      if (decoded.ok) heights.push(decoded.value.header.height);
    }
    return { blocks };
  });
  return heights;
}

async function heightsKnown(node: TestNode, count: number): Promise<void> {
  await eventually(() => node.ctx.eventsOf(gossip.peerConnected).length === count, 'the connections');
  for (let known = 0; known < count; ) {
    const { peers } = await node.behaviour.handlers.getPeers({}, testEnvelope({}));
    known = peers.filter(({ height }) => height !== null).length;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('blocks from the future end a turn without blame, warn of the clock once, and let the next peer have his', async (t) => {
  const factory = memoryFactory();
  const future = (height: number): Block => {
    const block = makeBlock('77'.repeat(32), height);
    return { ...block, header: { ...block.header, timestampMs: LATER_MS + height } };
  };
  const state = await liar(factory, (request) => [future(request)]);
  const ahead = state.node;
  const honest = await startNode(factory, new BlockList().grow(10));
  const list = new BlockList();
  list.clockMs = LATER_MS;
  const node = await startNode(factory, list, { bootstrapPeers: [ahead.address()] });
  const warnings = () => node.ctx.logs.filter(({ level, message }) => level === 'warn' && message.includes('clock'));
  await eventually(() => warnings().length > 0, 'the warning', 5_000);
  await node.port.dial(honest.address());
  await eventually(() => list.blocks.length === 10, 'the honest chain', 5_000);
  // His tip still counts as ahead, so comparing notes asks him again.
  await eventually(() => state.served > 1, 'the second look', 5_000);
  t.is(warnings().length, 1);
  t.deepEqual(node.port.refused(), {});
  t.is(scoreOf(node, ahead), 0);
  await stopAll(ahead, honest, node);
});

test('a peer who serves known blocks one by one is given up after the eighth', async (t) => {
  const factory = memoryFactory();
  const list = new BlockList().grow(200);
  const known = await liar(factory, (request) => [list.blocks[request - 1]!.block]);
  const node = await startNode(factory, list, { bootstrapPeers: [known.node.address()] });
  await eventually(() => (node.port.refused()['empty-sync'] ?? 0) > 0, 'the blame', 5_000);
  t.is(known.served, 8);
  t.true((scoreOf(node, known.node) ?? 0) < 0);
  await stopAll(known.node, node);
});

test('a peer whose blocks hang in the air is blamed', async (t) => {
  const factory = memoryFactory();
  const { node: floating } = await liar(factory, (request) => [makeBlock('77'.repeat(32), request)]);
  const node = await startNode(factory, new BlockList(), { bootstrapPeers: [floating.address()] });
  await eventually(() => (node.port.refused()['empty-sync'] ?? 0) > 0, 'the blame', 5_000);
  t.true((scoreOf(node, floating) ?? 0) < 0);
  await stopAll(floating, node);
});

test('after sixteen batches a peer goes to the end of the line', async (t) => {
  const factory = memoryFactory();
  const gate = Promise.withResolvers<void>();
  const slow = await startNode(factory, new BlockList().grow(400));
  serveSlowly(slow, 1, gate.promise);
  const quick = await startNode(factory, new BlockList().grow(300));
  const node = await startNode(factory);
  await node.port.dial(slow.address());
  await node.port.dial(quick.address());
  await heightsKnown(node, 2);
  gate.resolve();
  await eventually(() => node.list.blocks.length >= 300, 'the chain of the quick peer', 5_000);
  const order = node.ctx.eventsOf(gossip.syncProgress).map(({ peerId }) => (peerId === slow.port.peerId ? 's' : 'q'));
  t.regex(order.join(''), /^s{16}q/);
  t.deepEqual(node.port.refused(), {});
  await stopAll(slow, quick, node);
});

test('the next peer goes on with a branch where the turn of the one before ended', async (t) => {
  const factory = memoryFactory();
  const gate = Promise.withResolvers<void>();
  const [first, second] = [
    await startNode(factory, new BlockList().grow(100)),
    await startNode(factory, new BlockList().grow(100)),
  ];
  // A line of its own, so that all of theirs is a side branch until it is longer.
  const node = await startNode(factory, new BlockList().grow(90, [makeTransaction(1)]));
  const byFirst = serveSlowly(first, 4, gate.promise);
  const bySecond = serveSlowly(second, 4, gate.promise);
  await node.port.dial(first.address());
  await node.port.dial(second.address());
  await heightsKnown(node, 2);
  gate.resolve();
  await eventually(() => node.list.tipHash === first.list.tipHash, 'the better branch', 5_000);
  t.deepEqual(
    [...byFirst, ...bySecond].sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, index) => index + 1),
    'each block travelled once',
  );
  t.deepEqual(node.port.refused(), {});
  await stopAll(first, second, node);
});
