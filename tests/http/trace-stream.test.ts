import { once } from 'node:events';
import test from 'ava';
import { WebSocket } from 'ws';
import { startHttpServer } from '../../runtime/http/server.js';
import type { TraceFrame } from '../../runtime/http/trace-stream.js';
import type { TraceFilter } from '../../runtime/trace/filter.js';
import { TraceHub } from '../../runtime/trace/hub.js';
import { OPTIMUM, sampleRecord } from '../runtime/trace/samples.js';
import { sampleSource } from './samples.js';

/** The real server around the real hub; `applied` is what the threads of a node would be told to trace. */
async function startServer(t: { teardown(close: () => Promise<void>): void; fail(message: string): void }) {
  const applied: (TraceFilter | null)[] = [];
  const hub = new TraceHub((error) => t.fail(String(error)));
  hub.connect(async (filter) => void applied.push(filter));
  const server = await startHttpServer({ host: '127.0.0.1', port: 0, source: sampleSource(1), trace: hub });
  t.teardown(() => server.close());
  return { hub, applied, url: server.url };
}

function openTail(url: string, filter = '') {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/trace?filter=${encodeURIComponent(filter)}`);
  const frames: TraceFrame[] = [];
  const received = (count: number) =>
    new Promise<void>((resolve) => {
      const check = () => frames.length >= count && resolve();
      socket.on('message', check);
      check();
    });
  socket.on('message', (data) => frames.push(JSON.parse(String(data)) as TraceFrame));
  return { socket, frames, received };
}

async function refusalOf(socket: WebSocket): Promise<{ status: number; body: string }> {
  const [, response] = await once(socket, 'unexpected-response');
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode, body };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

test('a tail switches tracing on, gets what its filter names, and the last one to leave switches it off', async (t) => {
  const { hub, applied, url } = await startServer(t);
  const { socket, frames, received } = openTail(url, 'chain.sub*,optimum:ab12');
  await received(1);
  t.deepEqual(frames, [{ event: 'ready' }]);
  t.like(applied.at(-1), { include: ['chain.sub*'], optima: ['ab12'] });
  hub.publish(sampleRecord());
  hub.publish(sampleRecord({ actor: 'quorum', optima: [OPTIMUM] }));
  hub.publish(sampleRecord({ optima: [OPTIMUM] }));
  await received(2);
  t.like(frames[1], { event: 'message', actor: 'chain', kind: 'submit', cause_id: 40, optima: [OPTIMUM] });
  socket.close();
  await until(() => applied.at(-1) === null);
  t.is(frames.length, 2);
});

test('records that the threads lost are told to the tail as a count', async (t) => {
  const { hub, url } = await startServer(t);
  const { socket, frames, received } = openTail(url);
  await received(1);
  hub.dropped(12, 'chain');
  await received(2);
  t.deepEqual(frames[1], { event: 'dropped', count: 12 });
  socket.close();
});

test('a client that does not read loses records, counted, and costs the node a bounded buffer', async (t) => {
  const { hub, url } = await startServer(t);
  const { socket, frames, received } = openTail(url);
  await received(1);
  socket.pause();
  const TOTAL = 30_000;
  for (let id = 1; id <= TOTAL; id += 1) {
    hub.publish(sampleRecord({ id, optima: Array(8).fill(OPTIMUM) }));
    if (id % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  socket.resume();
  const dropped = () => frames.reduce((sum, frame) => sum + (frame.event === 'dropped' ? frame.count : 0), 0);
  const shown = () => frames.filter(({ event }) => event === 'message').length;
  // The count of what was lost travels with the next record that there is room for.
  while (shown() + dropped() < TOTAL + 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    if (dropped() === 0) hub.publish(sampleRecord({ id: TOTAL + 1 }));
  }
  t.true(dropped() > 0);
  socket.close();
});

test('a filter that is none is answered with 400 and what to write instead', async (t) => {
  const { applied, url } = await startServer(t);
  const { status, body } = await refusalOf(openTail(url, 'optimum:xy').socket);
  t.is(status, 400);
  t.regex(JSON.parse(body).detail, /^filter: .*"optimum:xy" names no optimum; write/);
  t.deepEqual(applied, []);
});

test('tails beyond the limit are refused until one leaves', async (t) => {
  const { url } = await startServer(t);
  const tails = Array.from({ length: 8 }, () => openTail(url));
  await Promise.all(tails.map(({ received }) => received(1)));
  t.is((await refusalOf(openTail(url).socket)).status, 503);
  tails[0]!.socket.close();
  await once(tails[0]!.socket, 'close');
  const next = openTail(url);
  await next.received(1);
  t.pass();
  for (const { socket } of [...tails, next]) socket.terminate();
});

test('a page of another site cannot open the trace, and a node without one has no such page', async (t) => {
  const { url } = await startServer(t);
  const foreign = new WebSocket(`${url.replace('http', 'ws')}/trace`, { origin: 'http://evil.example' });
  t.is((await refusalOf(foreign)).status, 401);
  const plain = await startHttpServer({ host: '127.0.0.1', port: 0, source: sampleSource(1) });
  t.teardown(() => plain.close());
  t.is((await refusalOf(openTail(plain.url).socket)).status, 404);
});

test('a client on another machine is refused', async (t) => {
  const { createHttpServer } = await import('../../runtime/http/server.js');
  const app = await createHttpServer({ source: sampleSource(1), trace: new TraceHub(() => undefined) });
  const response = await app.inject({ url: '/trace', remoteAddress: '192.168.1.7' });
  t.is(response.statusCode, 403);
  t.is(response.json().title, 'loopback-only');
  await app.close();
});
