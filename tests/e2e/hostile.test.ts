import '../../runtime/polyfill.js';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import test from 'ava';
import { transactionCodec } from '../../actors/chain/codec.js';
import { gossipFrame } from '../../actors/gossip/frames.js';
import { createLibp2pPort } from '../../actors/gossip/libp2p-port.js';
import type { NetworkPort } from '../../actors/gossip/port.js';
import { topicsOf } from '../../actors/gossip/topics.js';
import { readGenesis } from '../../config/network.js';
import { encode } from '../../runtime/codec/canonical.js';
import { keyOf, sign } from '../kit/chain.js';
import { NodeProcess, temporaryFolder, until } from '../kit/node-process.js';

function stranger(chainId: string, topics: readonly string[]): NetworkPort {
  const quiet = () => undefined;
  return createLibp2pPort({
    chainId,
    privateSeed: randomBytes(32),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    mdns: false,
    dht: false,
    relay: 'off',
    topics,
    membershipTopics: [],
    listener: { connected: quiet, disconnected: quiet, discovered: quiet },
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    now: () => performance.now(),
    standing: () => 0,
  });
}

test('what a hostile peer sends to a running node is refused, counted and without effect, and the node goes on', async (t) => {
  t.timeout(90_000);
  const dataDir = temporaryFolder(t);
  const args = ['start', '--json', '--port', '0', '--domain', 'quadratic', '--data-dir', dataDir];
  const node = new NodeProcess(t, args);
  const { p2p_addresses: addresses } = await node.status();
  const genesis = await readGenesis(join(dataDir, 'genesis.json'));
  const topics = topicsOf(genesis.chainId);
  const port = stranger(genesis.chainId, [topics.transactions, topics.blocks]);
  // Without the handshake the node hangs up at once: this peer tells it its own status.
  const limits = { maxRequestBytes: 4_096, ratePerSecond: 100, burst: 100 };
  port.respond(`/doin/${genesis.chainId}/status`, async (bytes) => bytes, limits);
  await port.start();
  t.teardown(() => port.stop());
  for (const topic of [topics.transactions, topics.blocks]) port.subscribe(topic, async () => 'accept');
  await port.dial(addresses.find((address) => address.includes('127.0.0.1') && !address.includes('/ws')) ?? '');

  const body = { type: 'transfer', to: keyOf('thief').publicKey, amountUnits: 1 } as const;
  const honest = sign(genesis, 'stranger', 1, body);
  const forged = { ...honest, sender: (await readGenesis(join(dataDir, 'genesis.json'))).members[0]!.nodeId };
  const float = Buffer.concat([Buffer.from([0x94, 0xcb]), Buffer.from(new Float64Array([Number.NaN]).buffer)]);
  // Gossip hands nothing to peers whose subscription it has not heard yet: harmless messages until one arrives.
  let nonce = 1;
  await until(
    () => {
      nonce += 1;
      return port
        .publish(topics.transactions, gossipFrame(encode(transactionCodec, sign(genesis, 'stranger', nonce, body))))
        .catch(() => 0);
    },
    (reached) => reached > 0,
  );
  const attacks = [
    gossipFrame(encode(transactionCodec, forged)),
    gossipFrame(float),
    Buffer.concat([Buffer.from([99]), encode(transactionCodec, honest)]),
    gossipFrame(randomBytes(200)),
  ];
  for (const attack of attacks) await port.publish(topics.transactions, attack);
  const { refused } = await until(
    () => node.status(),
    (status) => (status.refused['bad-signature'] ?? 0) > 0 && (status.refused.malformed ?? 0) > 0,
  );
  t.log(refused);
  const before = await node.status();
  const after = await until(
    () => node.status(),
    (status) => status.chain_height > before.chain_height,
  );
  t.is(after.node_id, before.node_id);
  t.true(after.actors.every((actor) => actor.restarts === 0));
});
