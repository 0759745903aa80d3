/** Real libp2p peers that flood gossipsub's own protocol: they are dropped, and honest traffic goes on. */
import '../../runtime/polyfill.js';
import { randomBytes } from 'node:crypto';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { RPC } from '@libp2p/gossipsub/message';
import { identify } from '@libp2p/identify';
import type { Stream } from '@libp2p/interface';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import test from 'ava';
import { createLibp2p } from 'libp2p';
import { CONTROL_LIMITS } from '../../actors/gossip/wire.js';
import { atEnd, cleanUp, connect, libp2pFactory, TOPIC, testPort } from '../actors/gossip/kit.js';
import { eventually } from '../kit/context.js';

test.after.always(cleanUp);

const MESHSUB = '/meshsub/1.2.0';
const ids = (count: number) => Array.from({ length: count }, () => randomBytes(32));
const EMPTY = { ihave: [], iwant: [], graft: [], prune: [], idontwant: [] };
const rpc = (parts: Partial<RPC>): RPC => ({ subscriptions: [], messages: [], ...parts });

/** Each sends more entries in a few RPCs than a peer may in an hour of silence and a second. */
const FLOODS: readonly (readonly [name: string, make: () => RPC])[] = [
  ['GRAFT', () => rpc({ control: { ...EMPTY, graft: Array.from({ length: 500 }, () => ({ topicID: TOPIC })) } })],
  [
    'PRUNE',
    () => rpc({ control: { ...EMPTY, prune: Array.from({ length: 500 }, () => ({ topicID: TOPIC, peers: [] })) } }),
  ],
  [
    'IHAVE',
    () =>
      rpc({
        control: { ...EMPTY, ihave: Array.from({ length: 500 }, () => ({ topicID: TOPIC, messageIDs: ids(2) })) },
      }),
  ],
  ['IWANT', () => rpc({ control: { ...EMPTY, iwant: Array.from({ length: 500 }, () => ({ messageIDs: ids(2) })) } })],
  [
    'IDONTWANT',
    () => rpc({ control: { ...EMPTY, idontwant: Array.from({ length: 500 }, () => ({ messageIDs: ids(1) })) } }),
  ],
  [
    'subscription',
    () => rpc({ subscriptions: Array.from({ length: 500 }, (_, index) => ({ subscribe: true, topic: `t${index}` })) }),
  ],
];

/** Frames as gossipsub writes them: an unsigned varint of the length first. */
function framed({ subscriptions, messages, control }: RPC): Uint8Array {
  const body = RPC.encode({ subscriptions, messages, ...(control !== undefined && { control }) });
  const prefix: number[] = [];
  for (let rest = body.length; ; rest >>>= 7) {
    if (rest < 128) {
      prefix.push(rest);
      break;
    }
    prefix.push((rest & 127) | 128);
  }
  return Buffer.concat([Buffer.from(prefix), body]);
}

async function listenerPort() {
  const node = testPort(libp2pFactory);
  const heard: string[] = [];
  node.port.subscribe(TOPIC, async (bytes) => {
    const text = Buffer.from(bytes).toString();
    heard.push(text);
    return text.startsWith('bad') ? 'reject' : 'accept';
  });
  await node.port.start();
  return { ...node, heard };
}

async function attackerOf(address: string) {
  const attacker = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify({ protocolPrefix: 'doin' }) },
  });
  atEnd(() => attacker.stop());
  await attacker.handle(MESHSUB, () => undefined);
  const connection = await attacker.dial(multiaddr(address));
  const stream = await connection.newStream(MESHSUB);
  return { attacker, stream };
}

/** Sends as long as the victim takes it. */
async function pour(stream: Stream, make: () => RPC, until: () => boolean): Promise<void> {
  for (let count = 0; count < 5_000 && !until() && stream.status === 'open'; count += 1) {
    try {
      if (!stream.send(framed(make()))) await stream.onDrain();
    } catch {
      return;
    }
    // One turn of the loop for the victim, who lives in the same process.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

for (const [name, make] of FLOODS) {
  test.serial(`who floods with ${name} entries is disconnected, and honest messages still arrive`, async (t) => {
    const [victim, honest] = [await listenerPort(), await listenerPort()];
    await connect(honest.port, victim.port);
    const { attacker, stream } = await attackerOf(victim.port.addresses()[0]!);
    const id = attacker.peerId.toString();
    await eventually(() => victim.port.peers().some(({ peerId }) => peerId === id), 'the attacker to be there');
    await pour(stream, make, () => victim.recorder.disconnected.includes(id));
    await eventually(() => victim.recorder.disconnected.includes(id), 'the attacker to be dropped', 60_000);
    t.true((victim.port.refused()['gossip-flood'] ?? 0) >= 100);
    let round = 0;
    await eventually(() => {
      void honest.port.publish(TOPIC, Buffer.from(`honest ${round++}`));
      return victim.heard.some((text) => text.startsWith('honest'));
    }, 'an honest message');
    t.deepEqual(victim.recorder.disconnected, [id]);
    t.true(victim.port.peers().every(({ score }) => score === 0));
    await Promise.all([attacker.stop(), victim.port.stop(), honest.port.stop()]);
  });
}

test.serial('control entries within the rate cost a peer nothing', async (t) => {
  const victim = await listenerPort();
  const { attacker, stream } = await attackerOf(victim.port.addresses()[0]!);
  const few = rpc({ control: { ...EMPTY, idontwant: Array.from({ length: 100 }, () => ({ messageIDs: ids(1) })) } });
  for (let count = 0; count < CONTROL_LIMITS.burst / 200; count += 1) stream.send(framed(few));
  stream.send(framed(rpc({ messages: [{ topic: TOPIC, data: Buffer.from('last') }] })));
  await eventually(() => victim.heard.includes('last'), 'what came after them');
  t.deepEqual(victim.port.refused(), {});
  await Promise.all([attacker.stop(), victim.port.stop()]);
});
