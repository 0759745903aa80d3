/** What every NetworkPort must do. Each implementation runs all of it (port.test.ts). */
import { randomBytes } from 'node:crypto';
import type { TestFn } from 'ava';
import type { Respond, RespondLimits, Validation } from '../../../actors/gossip/port.js';
import { keyPairFromSeed } from '../../../runtime/crypto/ed25519.js';
import { peerIdOf } from '../../../runtime/crypto/peer-id.js';
import { DoinError } from '../../../runtime/errors.js';
import { eventually } from '../../kit/context.js';
import { connect, type PortFactory, type TestPort, TOPIC, testPort } from './kit.js';

const ECHO = `/doin/test-net/echo/1`;
const GENEROUS: RespondLimits = { maxRequestBytes: 1 << 20, ratePerSecond: 1000, burst: 1000 };
/** Not whole on purpose: what is left of a deadline seldom is. */
const PATIENT = { timeoutMs: 10_000.25, maxResponseBytes: 1 << 20 };
const echo: Respond = async (bytes) => bytes;

/** A line of connected nodes: 0 - 1 - 2 ... Each records what it was asked to judge. */
interface Member extends TestPort {
  readonly judged: { readonly text: string; readonly from: string }[];
}

async function line(create: PortFactory, length: number, judge: (index: number, text: string) => Validation) {
  const members: Member[] = [];
  for (let index = 0; index < length; index += 1) {
    const member: Member = { ...testPort(create), judged: [] };
    member.port.subscribe(TOPIC, async (bytes, from) => {
      const text = Buffer.from(bytes).toString();
      const action = judge(index, text);
      member.judged.push({ text, from });
      return action;
    });
    await member.port.start();
    const previous = members.at(-1);
    if (previous !== undefined) await connect(member.port, previous.port);
    members.push(member);
  }
  return members;
}

/** Publishes until it reaches somebody: subscriptions travel a moment after the connection. */
async function publishWhenReady(from: Member, to: Member, ready: string): Promise<void> {
  let round = 0;
  await eventually(() => {
    void from.port.publish(TOPIC, Buffer.from(`${ready}-${round++}`));
    return to.judged.some((message) => message.text.startsWith(ready));
  }, 'a first message to arrive');
}

async function pair(create: PortFactory, respond: Respond = echo, limits: RespondLimits = GENEROUS) {
  const server = testPort(create);
  const client = testPort(create);
  server.port.respond(ECHO, respond, limits);
  await Promise.all([server.port.start(), client.port.start()]);
  await connect(client.port, server.port);
  await eventually(() => server.recorder.connected.length > 0, 'the server to see the client');
  const stop = () => Promise.all([server.port.stop(), client.port.stop()]);
  return {
    server,
    client,
    stop,
    ask: (bytes: Uint8Array, limits = PATIENT) => client.port.request(server.port.peerId, ECHO, bytes, limits),
  };
}

export function portCompliance(test: TestFn, name: string, create: PortFactory): void {
  test(`${name}: the peer id is that of the node's chain key`, (t) => {
    const privateSeed = randomBytes(32);
    t.is(testPort(create, { privateSeed }).port.peerId, peerIdOf(keyPairFromSeed(privateSeed).publicKey));
  });

  test(`${name}: both sides learn of a connection and of its end`, async (t) => {
    const { server, client, stop } = await pair(create);
    t.like(client.recorder.connected[0], { peerId: server.port.peerId, direction: 'outbound' });
    t.like(server.recorder.connected[0], { peerId: client.port.peerId, direction: 'inbound' });
    t.deepEqual(
      client.port.peers().map((peer) => peer.peerId),
      [server.port.peerId],
    );
    await client.port.disconnect(server.port.peerId);
    await eventually(() => server.recorder.disconnected.includes(client.port.peerId), 'the server to see the end');
    t.deepEqual(client.recorder.disconnected, [server.port.peerId]);
    t.is(client.port.peers().length, 0);
    await stop();
  });

  test(`${name}: a message is judged at each hop before it goes on`, async (t) => {
    const members = await line(create, 3, (index, text) => {
      if (index !== 1) return 'accept';
      return text.startsWith('bad') ? 'reject' : text.startsWith('dull') ? 'ignore' : 'accept';
    });
    const [first, middle, last] = members as [Member, Member, Member];
    await publishWhenReady(first, last, 'ready');
    await first.port.publish(TOPIC, Buffer.from('bad news'));
    await first.port.publish(TOPIC, Buffer.from('dull news'));
    await first.port.publish(TOPIC, Buffer.from('good news'));
    await eventually(() => last.judged.some((message) => message.text === 'good news'), 'good news at the end');
    await eventually(
      () => middle.judged.filter((message) => message.text.endsWith('news')).length === 3,
      'all in the middle',
    );
    t.false(last.judged.some((message) => message.text.startsWith('bad') || message.text.startsWith('dull')));
    t.is(last.judged.find((message) => message.text === 'good news')?.from, middle.port.peerId);
    t.false(
      first.judged.some((message) => message.text.endsWith('news')),
      'own messages do not come back',
    );
    await Promise.all(members.map((member) => member.port.stop()));
  });

  test(`${name}: a message is judged once, however many peers bring it`, async (t) => {
    const members = await line(create, 3, () => 'accept');
    const [first, , last] = members as [Member, Member, Member];
    await connect(first.port, last.port);
    await publishWhenReady(first, last, 'ready');
    for (let count = 0; count < 3; count += 1) await first.port.publish(TOPIC, Buffer.from('twice told'));
    await first.port.publish(TOPIC, Buffer.from('the end'));
    for (const member of members.slice(1)) {
      await eventually(() => member.judged.some((message) => message.text === 'the end'), 'the last message');
      t.is(member.judged.filter((message) => message.text === 'twice told').length, 1);
      const { copies, judged } = member.port.traffic();
      t.is(judged, member.judged.length);
      t.true(copies >= judged);
    }
    await Promise.all(members.map((member) => member.port.stop()));
  });

  test(`${name}: a judge that fails stops the message and does not blame the sender`, async (t) => {
    const members = await line(create, 3, (index, text) => {
      if (index === 1 && text === 'trap') throw new Error('the judge fails');
      return 'accept';
    });
    const [first, middle, last] = members as [Member, Member, Member];
    await publishWhenReady(first, last, 'ready');
    await first.port.publish(TOPIC, Buffer.from('trap'));
    await first.port.publish(TOPIC, Buffer.from('after'));
    await eventually(() => last.judged.some((message) => message.text === 'after'), 'the next message');
    await eventually(() => middle.port.refused()['handler-failed'] === 1, 'the failure to be counted');
    t.false(last.judged.some((message) => message.text === 'trap'));
    t.is(middle.port.peers().find((peer) => peer.peerId === first.port.peerId)?.score, 0);
    await Promise.all(members.map((member) => member.port.stop()));
  });

  test(`${name}: a request is answered, empty or a megabyte`, async (t) => {
    const { ask, client, server, stop } = await pair(create, async (bytes, from) =>
      bytes.length === 0 ? Buffer.from(from) : bytes,
    );
    t.is(Buffer.from(await ask(new Uint8Array())).toString(), client.port.peerId);
    const large = randomBytes(1 << 20);
    t.is(Buffer.compare(await ask(large), large), 0);
    const many = await Promise.all(Array.from({ length: 20 }, (_, index) => ask(Uint8Array.of(index))));
    t.deepEqual(
      many.map((answer) => answer[0]),
      Array.from({ length: 20 }, (_, index) => index),
    );
    t.deepEqual(server.port.refused(), {});
    await stop();
  });

  test(`${name}: a request above the cap is cut and counted against the sender`, async (t) => {
    const { ask, client, server, stop } = await pair(create, echo, { ...GENEROUS, maxRequestBytes: 100 });
    t.is((await ask(new Uint8Array(100))).length, 100);
    await t.throwsAsync(ask(new Uint8Array(101)));
    await eventually(() => server.port.refused().oversize === 1, 'the refusal');
    t.true((server.port.peers().find((peer) => peer.peerId === client.port.peerId)?.score ?? 0) < 0);
    await stop();
  });

  test(`${name}: an answer above the cap is refused and counted against the answerer`, async (t) => {
    const { ask, client, stop } = await pair(create);
    const limits = { ...PATIENT, maxResponseBytes: 99 };
    t.like(await t.throwsAsync(ask(new Uint8Array(100), limits)), { code: 'response-too-large' });
    t.is((await ask(new Uint8Array(99), limits)).length, 99);
    t.deepEqual(client.port.refused(), { oversize: 1 });
    await stop();
  });

  test(`${name}: a peer that breaks the caps again is disconnected and kept out`, async (t) => {
    const { ask, client, server, stop } = await pair(create, echo, { ...GENEROUS, maxRequestBytes: 10 });
    await t.throwsAsync(ask(new Uint8Array(11)));
    await t.throwsAsync(ask(new Uint8Array(11)));
    await eventually(() => client.recorder.disconnected.includes(server.port.peerId), 'the client to be dropped');
    await client.port.dial(server.port.addresses()[0]!).catch(() => null);
    await eventually(() => client.port.peers().length === 0, 'the client to stay out');
    await t.throwsAsync(ask(Uint8Array.of(1)));
    await stop();
  });

  test(`${name}: an answer that does not come in time is given up`, async (t) => {
    let release = () => {};
    const waiting = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { ask, stop } = await pair(create, async (bytes) => waiting.then(() => bytes));
    t.like(await t.throwsAsync(ask(Uint8Array.of(1), { ...PATIENT, timeoutMs: 100 })), { code: 'request-timeout' });
    release();
    t.deepEqual([...(await ask(Uint8Array.of(2)))], [2]);
    await stop();
  });

  test(`${name}: requests above the rate are refused, counted, and nobody else's are`, async (t) => {
    const { ask, server, stop } = await pair(create, echo, { ...GENEROUS, ratePerSecond: 0.01, burst: 3 });
    for (let count = 0; count < 3; count += 1) await ask(Uint8Array.of(count));
    t.like(await t.throwsAsync(ask(Uint8Array.of(9))), { code: 'rate-limited' });
    t.deepEqual(server.port.refused(), { 'rate-limited': 1 });
    const other = testPort(create);
    await other.port.start();
    await connect(other.port, server.port);
    t.deepEqual([...(await other.port.request(server.port.peerId, ECHO, Uint8Array.of(5), PATIENT))], [5]);
    await other.port.stop();
    await stop();
  });

  test(`${name}: garbage is blamed on the sender, our own failure is not`, async (t) => {
    const { ask, client, server, stop } = await pair(create, async (bytes) => {
      if (bytes[0] === 0) throw new DoinError({ code: 'malformed' }, 'garbage');
      throw new Error('the disk is full');
    });
    const score = () => server.port.peers().find((peer) => peer.peerId === client.port.peerId)?.score;
    t.like(await t.throwsAsync(ask(Uint8Array.of(1))), { code: 'request-refused' });
    t.is(score(), 0);
    t.like(await t.throwsAsync(ask(Uint8Array.of(0))), { code: 'request-refused' });
    t.true((score() ?? 0) < 0);
    t.deepEqual(server.port.refused(), { 'handler-failed': 1, malformed: 1 });
    await stop();
  });

  test(`${name}: a protocol the peer does not speak and a peer that is not there are told apart`, async (t) => {
    const { client, server, stop } = await pair(create);
    const unknown = client.port.request(server.port.peerId, '/doin/other/echo/1', new Uint8Array(), PATIENT);
    t.like(await t.throwsAsync(unknown), { code: 'unsupported-protocol' });
    const stranger = testPort(create).port.peerId;
    t.like(await t.throwsAsync(client.port.request(stranger, ECHO, new Uint8Array(), PATIENT)), {
      code: 'not-connected',
    });
    await stop();
  });

  test(`${name}: a dial to nobody fails with a reason`, async (t) => {
    const { port } = testPort(create);
    const nobody = testPort(create);
    await Promise.all([port.start(), nobody.port.start()]);
    const address = nobody.port.addresses()[0]!;
    await nobody.port.stop();
    t.like(await t.throwsAsync(port.dial(address)), { code: 'dial-failed' });
    await port.stop();
  });
}
