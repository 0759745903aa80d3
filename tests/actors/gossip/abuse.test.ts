/** Peers who use what gossip allows against it. */
import test from 'ava';
import { announcementCodec, headerHash, transactionId } from '../../../actors/chain/codec.js';
import { chain } from '../../../actors/chain/messages.js';
import type { Block } from '../../../actors/chain/types.js';
import { gossipFrame } from '../../../actors/gossip/frames.js';
import { GOSSIP_LIMITS } from '../../../actors/gossip/wire.js';
import { encode } from '../../../runtime/codec/canonical.js';
import { eventually } from '../../kit/context.js';
import { cleanUp, memoryFactory, type PortFactory, TOPIC } from './kit.js';
import {
  announcementOf,
  BlockList,
  GENESIS,
  makeBlock,
  makeTransaction,
  startNode,
  type TestNode,
  transactionBytes,
} from './node.js';

test.after.always(cleanUp);

const stopAll = (...nodes: readonly TestNode[]) => Promise.all(nodes.map((node) => node.stop()));
const scoreOf = (node: TestNode, peer: TestNode) =>
  node.port.peers().find(({ peerId }) => peerId === peer.port.peerId)?.score ?? 0;

/** The block's header with the id of no transaction. */
function bogusOf(block: Block, salt: number): Uint8Array {
  return encode(announcementCodec, { header: block.header, transactionIds: [salt.toString(16).padStart(64, '0')] });
}

/** The announcements this node hears, as it hears them. */
function recordAnnouncements(node: TestNode): Uint8Array[] {
  const heard: Uint8Array[] = [];
  node.ctx.answer(chain.receiveAnnouncement, ({ bytes }) => {
    heard.push(bytes);
    return node.list.receiveAnnouncement(bytes);
  });
  return heard;
}

/** Has the block, but his status says nothing of it: what the victim learns, it learns by gossip. */
function holdSecretly(node: TestNode, block: Block): void {
  const tip = node.list.tip();
  node.ctx.answer(chain.getTip, () => tip);
  node.list.append(block);
}

/** A victim connected to the honest node first, then to the others. */
async function victimAmong(factory: PortFactory, honest: TestNode, others: readonly TestNode[]): Promise<TestNode> {
  const victim = await startNode(factory);
  for (const node of [honest, ...others]) await victim.port.dial(node.address());
  return victim;
}

test('an announcement with ids that are not the block’s is blamed and not passed on; the right one still is', async (t) => {
  const factory = memoryFactory();
  const [honest, attacker, far] = [await startNode(factory), await startNode(factory), await startNode(factory)];
  const victim = await victimAmong(factory, honest, [attacker, far]);
  const heard = recordAnnouncements(far);
  const block = makeBlock(GENESIS, 1, [makeTransaction(1)]);
  holdSecretly(attacker, block);
  await attacker.announce(bogusOf(block, 1));
  await eventually(() => victim.port.refused().invalid === 1, 'the blame');
  t.true(scoreOf(victim, attacker) < 0);
  t.is(victim.list.tipHash, headerHash(block.header), 'the block itself was taken');
  holdSecretly(honest, block);
  await honest.announce(announcementOf(block));
  await eventually(() => heard.length > 0, 'the announcement further on');
  // It is judged once more when the transaction it names has been fetched.
  t.true(heard.every((bytes) => Buffer.from(announcementOf(block)).equals(bytes)));
  t.is(scoreOf(victim, honest), 0);
  await stopAll(honest, attacker, far, victim);
});

test('a right announcement that waits behind a bogus one of its block is passed on', async (t) => {
  const factory = memoryFactory();
  const [honest, attacker, far] = [await startNode(factory), await startNode(factory), await startNode(factory)];
  const victim = await victimAmong(factory, honest, [attacker, far]);
  const [heard, atVictim] = [recordAnnouncements(far), recordAnnouncements(victim)];
  const block = makeBlock(GENESIS, 1, [makeTransaction(1)]);
  const gate = Promise.withResolvers<void>();
  holdSecretly(attacker, block);
  attacker.ctx.answer(chain.getTransactions, async () => {
    await gate.promise;
    return { transactions: [] };
  });
  await attacker.announce(bogusOf(block, 1));
  await eventually(() => atVictim.length === 1, 'the bogus announcement');
  holdSecretly(honest, block);
  await honest.announce(announcementOf(block));
  await eventually(() => atVictim.length === 2, 'the right announcement');
  gate.resolve();
  await eventually(() => heard.length > 0, 'the announcement further on');
  t.deepEqual(Buffer.from(heard[0]!), Buffer.from(announcementOf(block)));
  await stopAll(honest, attacker, far, victim);
});

test('however many announcements of a header come, few pulls run, and only one at a time', async (t) => {
  const factory = memoryFactory();
  const honest = await startNode(factory);
  const attackers = await Promise.all(Array.from({ length: 5 }, () => startNode(factory)));
  const latecomer = await startNode(factory);
  const victim = await victimAmong(factory, honest, [...attackers, latecomer]);
  const heard = recordAnnouncements(victim);
  let [asked, running, most] = [0, 0, 0];
  honest.ctx.answer(chain.getTransactions, async () => {
    asked += 1;
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 20));
    running -= 1;
    return { transactions: [] };
  });
  const block = makeBlock(GENESIS, 1, [makeTransaction(1)]);
  for (let version = 0; version < 4; version += 1) {
    for (const [index, attacker] of attackers.entries()) await attacker.announce(bogusOf(block, 10 * version + index));
  }
  await eventually(() => heard.length >= 20 && asked >= 3 && running === 0, 'three pulls');
  const last = bogusOf(block, 100);
  await latecomer.announce(last);
  await eventually(() => heard.some((bytes) => Buffer.from(last).equals(bytes)), 'one more announcement');
  await eventually(() => running === 0, 'the last pull');
  t.is(asked, 3);
  t.is(most, 1);
  t.is(scoreOf(victim, honest), 0);
  t.is(honest.port.refused()['rate-limited'], undefined);
  await stopAll(honest, victim, latecomer, ...attackers);
});

async function flood(from: TestNode, firstNonce: number, count: number): Promise<void> {
  for (let nonce = firstNonce; nonce < firstNonce + count; nonce += 1) {
    await from.port.publish(TOPIC, gossipFrame(transactionBytes(makeTransaction(nonce))));
  }
}

test('who brings transactions above the rate is not listened to, scored down and cut off; others are heard', async (t) => {
  const factory = memoryFactory();
  const [flooder, honest] = [await startNode(factory), await startNode(factory)];
  const victim = await victimAmong(factory, honest, [flooder]);
  victim.ctx.monotonic = () => 0;
  const { burst } = GOSSIP_LIMITS.transactions.fromPeer;
  await flood(flooder, 1, burst + 150);
  await eventually(() => victim.port.peers().length === 1, 'the end of the connection');
  t.is(victim.port.refused()['gossip-flood'], 100);
  t.is(victim.list.received.length, burst);
  const transaction = makeTransaction(1_000_000);
  await honest.submit(transaction);
  await eventually(() => victim.list.pool.has(transactionId(transaction)), 'the honest transaction');
  t.is(scoreOf(victim, honest), 0);
  await stopAll(flooder, honest, victim);
});

test('those who flood together, each within his rate, do not make a node flood its neighbours', async (t) => {
  const factory = memoryFactory();
  let forwarded = 0;
  const neighbour = await startNode((options) => {
    const port = factory(options);
    const subscribe = port.subscribe.bind(port);
    port.subscribe = (topic, validate) =>
      subscribe(topic, (bytes, from) => {
        if (topic === TOPIC) forwarded += 1;
        return validate(bytes, from);
      });
    return port;
  });
  const flooders = [await startNode(factory), await startNode(factory)];
  const victim = await victimAmong(factory, neighbour, flooders);
  victim.ctx.monotonic = () => 0;
  const limits = GOSSIP_LIMITS.transactions;
  const each = 0.6 * limits.forwarded.burst;
  for (const [index, flooder] of flooders.entries()) await flood(flooder, 1 + index * each, each);
  await eventually(() => victim.list.received.length >= 2 * each && forwarded >= limits.forwarded.burst, 'the flood');
  t.is(forwarded, limits.forwarded.burst);
  t.deepEqual([victim.port.refused(), neighbour.port.refused()], [{}, {}]);
  await stopAll(neighbour, ...flooders, victim);
});

test('announcements above the rate do not reach the chain', async (t) => {
  const factory = memoryFactory();
  const [flooder, honest] = [await startNode(factory), await startNode(factory)];
  const victim = await victimAmong(factory, honest, [flooder]);
  victim.ctx.monotonic = () => 0;
  let judged = 0;
  victim.ctx.answer(chain.receiveAnnouncement, () => {
    judged += 1;
    return { action: 'ignore' as const, code: 'already-known' };
  });
  const { burst } = GOSSIP_LIMITS.blocks.fromPeer;
  for (let slot = 1; slot <= burst + 50; slot += 1) await flooder.announce(announcementOf(makeBlock(GENESIS, slot)));
  await eventually(() => victim.port.refused()['gossip-flood'] === 50, 'the refusals');
  t.is(judged, burst);
  await stopAll(flooder, honest, victim);
});

test('a peer who lists a transaction and does not deliver it does not keep it from coming from another', async (t) => {
  const factory = memoryFactory();
  const [empty, holder] = [await startNode(factory), await startNode(factory)];
  const transaction = makeTransaction(1);
  await holder.submit(transaction);
  // He has it among his recent ones, but no longer in the pool.
  await empty.submit(transaction);
  empty.list.pool.clear();
  const asked: string[] = [];
  empty.ctx.answer(chain.getTransactions, ({ ids }) => {
    asked.push(...ids);
    return { transactions: [] };
  });
  const node = await startNode(factory, new BlockList(), { bootstrapPeers: [empty.address()] });
  const repaired = () => node.ctx.logs.some(({ message }) => message === 'transactions repaired');
  await eventually(() => asked.length > 0 && repaired(), 'the repair that brings nothing');
  await node.port.dial(holder.address());
  await eventually(() => node.list.pool.has(transactionId(transaction)), 'the transaction');
  t.deepEqual(node.list.received, [transactionId(transaction)]);
  await stopAll(empty, holder, node);
});
