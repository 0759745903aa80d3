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

// Real nodes one after another: dozens of handshakes at once on two cores only measure the queue.
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

test.serial('giant length prefixes get the peer dropped before a byte of body is read', async (t) => {
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

test.serial('a second frame on a stream is garbage', async (t) => {
  const { victim, connection, stop } = await victimAndAttacker();
  const stream = await connection.newStream(ECHO);
  stream.send(Uint8Array.of(0, 0, 0, 1, 42, 0, 0, 0, 1, 43));
  await eventually(() => victim.port.refused().malformed === 1, 'the refusal');
  t.pass();
  await stop();
});

test.serial('a request that trickles in too slowly is cut and counted', async (t) => {
  const { victim, connection, answered, stop } = await victimAndAttacker(200);
  const stream = await connection.newStream(ECHO);
  // Where both ends wait for a core, the stream may be cut before anything is sent.
  if (stream.status === 'open') stream.send(Uint8Array.of(0, 0, 0, 10, 1));
  await eventually(() => victim.port.refused()['request-timeout'] === 1, 'the refusal');
  await eventually(() => stream.status !== 'open', 'the stream to be cut');
  t.is(answered(), 0);
  await stop();
});

test.serial(
  'bytes that are no RPC are charged to who sent them, who is dropped in the end, and to nobody else',
  async (t) => {
    const { victim, attacker, connection, stop } = await victimAndAttacker();
    const honest = testPort(libp2pFactory);
    honest.port.subscribe(TOPIC, async () => 'accept');
    await honest.port.start();
    await connect(honest.port, victim.port);
    await eventually(() => victim.port.subscribers(TOPIC).includes(honest.port.peerId), 'the honest peer to be heard');
    const [protocol = ''] = attacker.services.pubsub.protocols;
    const stream = await connection.newStream(protocol);
    // Each a frame of one byte: a field that promises more than there is.
    for (let count = 0; count < 5; count += 1) stream.send(Uint8Array.of(1, 0x0a));
    await eventually(
      () => victim.recorder.disconnected.includes(attacker.peerId.toString()),
      'the attacker to be dropped',
    );
    t.deepEqual(victim.port.refused(), { malformed: 5 });
    t.is(victim.port.peers().find(({ peerId }) => peerId === honest.port.peerId)?.score, 0);
    await honest.port.stop();
    await stop();
  },
);

test.serial('a gossip frame beyond the limit is charged before its body comes', async (t) => {
  const { victim, attacker, connection, stop } = await victimAndAttacker();
  await eventually(() => attacker.services.pubsub.getPeers().length > 0, 'gossip streams');
  const [protocol = ''] = attacker.services.pubsub.protocols;
  const stream = await connection.newStream(protocol);
  stream.send(Uint8Array.of(0xff, 0xff, 0xff, 0x7f));
  await eventually(() => victim.port.refused().oversize === 1, 'the refusal');
  t.pass();
  await stop();
});

test.serial('signed pubsub messages are refused unjudged: our own signatures are inside', async (t) => {
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

test.serial('nodes meet over WebSockets as over TCP', async (t) => {
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

test.serial('an address may be a name, and leave open who is there', async (t) => {
  const [server, client] = [testPort(libp2pFactory), testPort(libp2pFactory, { listen: [] })];
  await Promise.all([server.port.start(), client.port.start()]);
  const [, , , , number] = server.port.addresses()[0]!.split('/');
  t.is(await client.port.dial(`/dns4/localhost/tcp/${number}`), server.port.peerId);
  await eventually(() => server.recorder.connected.length === 1, 'the server to see the client');
  await Promise.all([client.port.stop(), server.port.stop()]);
});

test.serial('a port in use is reported as such', async (t) => {
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

test.serial('twelve nodes of one host connect at once', async (t) => {
  const hub = testPort(libp2pFactory);
  await hub.port.start();
  const others = Array.from({ length: 12 }, () => testPort(libp2pFactory, { listen: [] }));
  await Promise.all(others.map(({ port }) => port.start()));
  await Promise.all(others.map(({ port }) => connect(port, hub.port)));
  await eventually(() => hub.port.peers().length === 12, 'all twelve');
  t.true(hub.port.peers().every((peer) => peer.score === 0));
  await Promise.all([hub, ...others].map(({ port }) => port.stop()));
});

test.serial('a node that cannot be called is reached through a relay, and answers', async (t) => {
  const relay = testPort(libp2pFactory, { relay: 'serve' });
  const hidden = testPort(libp2pFactory, { listen: [], relay: 'use' });
  const caller = testPort(libp2pFactory, { listen: [], relay: 'use' });
  hidden.port.respond(ECHO, async (bytes) => bytes, LIMITS);
  await Promise.all([relay, hidden, caller].map(({ port }) => port.start()));
  await connect(hidden.port, relay.port);
  const address = await eventually(
    () => hidden.port.addresses().find((candidate) => candidate.includes('/p2p-circuit/')),
    'an address at the relay',
  );
  t.is(await caller.port.dial(address), hidden.port.peerId);
  const limits = { timeoutMs: 30_000, maxResponseBytes: 10 };
  t.deepEqual([...(await caller.port.request(hidden.port.peerId, ECHO, Uint8Array.of(7), limits))], [7]);
  await Promise.all([relay, hidden, caller].map(({ port }) => port.stop()));
});

test.serial('with a DHT nodes that never met are announced to each other', async (t) => {
  const found: string[] = [];
  const listener = {
    connected: () => {},
    disconnected: () => {},
    discovered: (address: string) => void found.push(address),
  };
  const hub = testPort(libp2pFactory, { dht: true });
  const first = testPort(libp2pFactory, { dht: true, listener });
  const second = testPort(libp2pFactory, { dht: true });
  await Promise.all([hub, first, second].map(({ port }) => port.start()));
  await connect(second.port, hub.port);
  await connect(first.port, hub.port);
  await eventually(() => found.includes(`/p2p/${second.port.peerId}`), 'the second to be found', 120_000);
  t.pass();
  await Promise.all([hub, first, second].map(({ port }) => port.stop()));
});

test.serial('a node that may not listen where it should calls others all the same', async (t) => {
  // An address of the documentation range (RFC 5737) is none of this machine's.
  const port = testPort(libp2pFactory, { listen: ['/ip4/192.0.2.1/tcp/0'] });
  const server = testPort(libp2pFactory);
  await Promise.all([port.port.start(), server.port.start()]);
  t.deepEqual(port.port.addresses(), []);
  await connect(port.port, server.port);
  t.is(port.port.peers().length, 1);
  await Promise.all([port.port.stop(), server.port.stop()]);
});
