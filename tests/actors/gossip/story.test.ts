/** One story on all nodes: what a node hears of an optimum or a block is in the story that its sender has it in. */
import test from 'ava';
import { headerHash } from '../../../actors/chain/codec.js';
import type { Transaction, TransactionBody } from '../../../actors/chain/types.js';
import { storyIdOf } from '../../../runtime/trace/story-id.js';
import { eventually } from '../../kit/context.js';
import { memoryFactory } from './kit.js';
import { BlockList, GENESIS, makeBlock, makeTransaction, startNode, type TestNode } from './node.js';

const OPTIMUM = 'ab12'.repeat(16);

/** The asks of this node's gossip actor with the story each is in. */
function recordStories(node: TestNode): { readonly name: string; readonly traceId: string | undefined }[] {
  const asked: { name: string; traceId: string | undefined }[] = [];
  const ask = node.ctx.ask.bind(node.ctx);
  node.ctx.ask = (reference, request, options?: { traceId?: string }) => {
    asked.push({ name: reference.name, traceId: options?.traceId });
    return ask(reference, request);
  };
  return asked;
}

async function pair(): Promise<readonly [TestNode, TestNode]> {
  const factory = memoryFactory();
  const first = await startNode(factory);
  const second = await startNode(factory, new BlockList(), { bootstrapPeers: [first.address()] });
  await eventually(() => second.port.peers().length > 0, 'the connection');
  return [first, second];
}

const withBody = (nonce: number, body: TransactionBody): Transaction => ({ ...makeTransaction(nonce), body });

test('a transaction about an optimum is in its story on the node that hears of it, any other in none', async (t) => {
  const [sender, receiver] = await pair();
  const asked = recordStories(receiver);
  const stories = () => asked.filter(({ name }) => name === 'chain.receiveTransaction').map(({ traceId }) => traceId);
  const bodies: readonly TransactionBody[] = [
    { type: 'commit', optimum: OPTIMUM, commitment: OPTIMUM, domain: 'digits', stamp: null },
    { type: 'vote', optimum: OPTIMUM, seat: 0, dataSeed: 'ab'.repeat(32), measurement: null },
    makeTransaction(3).body,
  ];
  for (const [index, body] of bodies.entries()) {
    await sender.submit(withBody(index + 1, body));
    await eventually(() => receiver.list.pool.size === index + 1, 'the transaction');
  }
  t.deepEqual(stories(), [storyIdOf(OPTIMUM), storyIdOf(OPTIMUM), undefined]);
  await Promise.all([sender.stop(), receiver.stop()]);
});

test('an announced block is in its own story on the node that hears of it', async (t) => {
  const [sender, receiver] = await pair();
  const asked = recordStories(receiver);
  const block = makeBlock(GENESIS, 1);
  await sender.produce(block);
  await eventually(() => receiver.list.blocks.length === 1, 'the block');
  const hash = headerHash(block.header);
  t.deepEqual(
    asked.filter(({ name }) => name === 'chain.receiveAnnouncement').map(({ traceId }) => traceId),
    [storyIdOf(hash)],
  );
  await Promise.all([sender.stop(), receiver.stop()]);
});
