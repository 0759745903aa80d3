/** What only the real network can get wrong: hostile streams, signatures, transports, ports in use. */
import './kit.js';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { gossipsub } from '@libp2p/gossipsub';
import { identify } from '@libp2p/identify';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import test from 'ava';
import { createLibp2p } from 'libp2p';
import { eventually } from '../../kit/context.js';
import { atEnd, cleanUp, connect, libp2pFactory, TOPIC, testPort } from './kit.js';

test.after.always(cleanUp);

const ECHO = '/doin/test-net/echo/1';
const LIMITS = { maxRequestBytes: 1000, ratePerSecond: 1000, burst: 1000 };

async function victimAndAttacker(timeoutMs = 30_000) {
  const victim = testPort(libp2pFactory);
  const judged: string[] = [];
  let answered = 0;
  victim.port.respond(
    ECHO,
    async (bytes) => {
      answered += 1;
      return bytes;
    },
    { ...LIMITS, timeoutMs },
  );
  victim.port.subscribe(TOPIC, async (bytes) => {
    judged.push(Buffer.from(bytes).toString());
    return 'accept';
  });
  await victim.port.start();
  const attacker = await createLibp2p({
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: {
      identify: identify({ protocolPrefix: 'doin' }),
      pubsub: gossipsub({ globalSignaturePolicy: 'StrictSign', allowPublishToZeroTopicPeers: true }),
    },
  });
  atEnd(() => attacker.stop());
  const connection = await attacker.dial(multiaddr(victim.port.addresses()[0]!));
  const stop = async () => {
    await attacker.stop();
    await victim.port.stop();
  };
  return { victim, attacker, connection, judged, answered: () => answered, stop };
}

test('giant length prefixes get the peer dropped before a byte of body is read', async (t) => {
  const { victim, attacker, connection, answered, stop } = await victimAndAttacker();
  for (let count = 0; count < 2; count += 1) {
    const stream = await connection.newStream(ECHO);
    stream.send(Uint8Array.of(0xff, 0xff, 0xff, 0xff));
    await eventually(() => stream.status !== 'open', 'the stream to be cut');
  }
  await eventually(
    () => victim.recorder.disconnected.includes(attacker.peerId.toString()),
    'the attacker to be dropped',
  );
  t.deepEqual(victim.port.refused(), { oversize: 2 });
  t.is(answered(), 0);
  await stop();
});

test('a second frame on a stream is garbage', async (t) => {
  const { victim, connection, stop } = await victimAndAttacker();
  const stream = await connection.newStream(ECHO);
  stream.send(Uint8Array.of(0, 0, 0, 1, 42, 0, 0, 0, 1, 43));
  await eventually(() => victim.port.refused().malformed === 1, 'the refusal');
  t.pass();
  await stop();
});

test('a request that trickles in too slowly is cut and counted', async (t) => {
  const { victim, connection, answered, stop } = await victimAndAttacker(200);
  const stream = await connection.newStream(ECHO);
  stream.send(Uint8Array.of(0, 0, 0, 10, 1));
  await eventually(() => victim.port.refused()['request-timeout'] === 1, 'the refusal');
  await eventually(() => stream.status !== 'open', 'the stream to be cut');
  t.is(answered(), 0);
  await stop();
});

test('signed pubsub messages are refused unjudged: our own signatures are inside', async (t) => {
  const { attacker, judged, stop } = await victimAndAttacker();
  const honest = testPort(libp2pFactory);
  honest.port.subscribe(TOPIC, async () => 'accept');
  await honest.port.start();
  await honest.port.dial(attacker.getConnections()[0]!.remoteAddr.toString());
  attacker.services.pubsub.subscribe(TOPIC);
  await eventually(() => attacker.services.pubsub.getSubscribers(TOPIC).length > 0, 'the attacker to see a subscriber');
  const { recipients } = await attacker.services.pubsub.publish(TOPIC, Buffer.from('signed'));
  t.is(recipients.length, 1);
  let round = 0;
  await eventually(() => {
    void honest.port.publish(TOPIC, Buffer.from(`plain ${round++}`));
    return judged.some((text) => text.startsWith('plain'));
  }, 'a plain message');
  t.false(judged.includes('signed'));
  await honest.port.stop();
  await stop();
});

test('nodes meet over WebSockets as over TCP', async (t) => {
  const server = testPort(libp2pFactory, { listen: ['/ip4/127.0.0.1/tcp/0/ws'] });
  const client = testPort(libp2pFactory, { listen: [] });
  server.port.respond(ECHO, async (bytes) => bytes, LIMITS);
  await Promise.all([server.port.start(), client.port.start()]);
  t.regex(server.port.addresses()[0]!, /\/ws\/p2p\//);
  await connect(client.port, server.port);
  const answer = await client.port.request(server.port.peerId, ECHO, Uint8Array.of(7), {
    timeoutMs: 5000,
    maxResponseBytes: 10,
  });
  t.deepEqual([...answer], [7]);
  await Promise.all([client.port.stop(), server.port.stop()]);
});

test('a port in use is reported as such', async (t) => {
  const holder = createServer();
  await new Promise<void>((resolve) => void holder.listen(0, '127.0.0.1', resolve));
  atEnd(() => holder.close());
  const address = holder.address();
  const number = typeof address === 'object' && address !== null ? address.port : 0;
  const { port } = testPort(libp2pFactory, { listen: [`/ip4/127.0.0.1/tcp/${number}`], privateSeed: randomBytes(32) });
  const error = await t.throwsAsync(port.start());
  t.like(error, { code: 'address-in-use' });
  t.regex(error!.message, new RegExp(String(number)));
});

test('twelve nodes of one host connect at once', async (t) => {
  const hub = testPort(libp2pFactory);
  await hub.port.start();
  const others = Array.from({ length: 12 }, () => testPort(libp2pFactory, { listen: [] }));
  await Promise.all(others.map(({ port }) => port.start()));
  await Promise.all(others.map(({ port }) => connect(port, hub.port)));
  await eventually(() => hub.port.peers().length === 12, 'all twelve');
  t.true(hub.port.peers().every((peer) => peer.score === 0));
  await Promise.all([hub, ...others].map(({ port }) => port.stop()));
});
