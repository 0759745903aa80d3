import { EventEmitter, once } from 'node:events';
import test from 'ava';
import { WebSocket } from 'ws';
import { EventLog, TOPICS } from '../../runtime/http/event-log.js';
import { streamEvents } from '../../runtime/http/event-stream.js';
import type { NodeEvent } from '../../runtime/http/events.js';
import { startHttpServer } from '../../runtime/http/server.js';
import { sampleSource } from './samples.js';

const peer = (at: number, length = 1): NodeEvent => ({
  event: 'peerDisconnected',
  peer_id: 'p'.repeat(length),
  at,
});
const block: NodeEvent = { event: 'blocksReverted', count: 2, at: 1 };

/** A socket whose other end reads when the test says so. */
class SlowSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  readonly sent: string[] = [];
  #callbacks: (() => void)[] = [];
  send(text: string, callback?: () => void): void {
    this.sent.push(text);
    this.bufferedAmount += text.length;
    if (callback !== undefined) this.#callbacks.push(callback);
  }
  read(): void {
    this.bufferedAmount = 0;
    const callbacks = this.#callbacks;
    this.#callbacks = [];
    for (const callback of callbacks) callback();
  }
}

function start(after: number | null) {
  const source = sampleSource(1);
  const log = new EventLog(source.subscribe, 1);
  const socket = new SlowSocket();
  streamEvents(socket as unknown as WebSocket, log, { topics: new Set(TOPICS), after });
  return { source, log, socket };
}

test('a client that does not read costs a bounded memory, and goes on where the log still is', (t) => {
  const { source, socket } = start(null);
  for (let id = 1; id <= 10_000; id += 1) source.send(peer(id, 1000));
  t.true(socket.bufferedAmount < 1.1 * 1024 * 1024);
  const before = socket.sent.length;
  while (socket.bufferedAmount > 0) socket.read();
  const frames = socket.sent.map(
    (text) => JSON.parse(text) as { id?: number; event: string; from?: number; to?: number },
  );
  const missed = frames[before]!;
  t.deepEqual([missed.event, missed.from, missed.to], ['missed', before + 1, 10_000 - 4096]);
  t.is(frames.at(-1)!.id, 10_000);
  t.is(frames.length, before + 1 + 4096, 'everything that was not missed, once');
  socket.emit('close');
});

test('a client that left is forgotten', (t) => {
  const { source, socket } = start(null);
  socket.emit('close');
  source.send(block);
  t.deepEqual(socket.sent, []);
});

async function connect(path: string) {
  const source = sampleSource(1);
  const server = await startHttpServer({ host: '127.0.0.1', port: 0, source });
  const frames: { id: number; event: string; topic: string }[] = [];
  const open = async (query: string) => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}${path}${query}`);
    socket.on('message', (data) => frames.push(JSON.parse(String(data))));
    await once(socket, 'open');
    return socket;
  };
  const received = async (wanted: number) => {
    while (frames.length < wanted) await new Promise((resolve) => setImmediate(resolve));
    return frames;
  };
  return { source, server, open, received };
}

test('events of the topics that were asked for come over WebSocket, and again from an id on', async (t) => {
  const { source, server, open, received } = await connect('/events');
  source.send(peer(1));
  source.send(block);
  source.send(peer(2));
  const chainOnly = await open('?topics=chain,quorum&after=0');
  const missedAndBlock = await received(2);
  t.is(missedAndBlock[0]!.event, 'missed', 'ids before the start of this node');
  t.like(missedAndBlock[1], { event: 'blocksReverted', topic: 'chain', count: 2 });
  chainOnly.close();
  await once(chainOnly, 'close');
  const { id } = missedAndBlock[1]!;
  const rest = await open(`?after=${id}`);
  source.send(block);
  const frames = await received(4);
  t.deepEqual(
    frames.slice(2).map((frame) => [frame.id, frame.event]),
    [
      [id + 1, 'peerDisconnected'],
      [id + 2, 'blocksReverted'],
    ],
  );
  rest.terminate();
  await server.close();
  t.is(source.listeners(), 0, 'the log ends with the server');
});

test('a wrong topic is a problem that names the right ones', async (t) => {
  const { server } = await connect('/events');
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/events?topics=chian`);
  const [, response] = await once(socket, 'unexpected-response');
  t.is(response.statusCode, 400);
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  t.regex(JSON.parse(Buffer.concat(parts).toString()).detail, /no topic "chian"; use chain, optimae/);
  await server.close();
});
