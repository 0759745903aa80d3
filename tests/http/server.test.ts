import { once } from 'node:events';
import { createServer } from 'node:net';
import test from 'ava';
import { WebSocket } from 'ws';
import { DoinError } from '../../runtime/errors.js';
import { createHttpServer, startHttpServer } from '../../runtime/http/server.js';
import { sampleSource } from './samples.js';

async function get(path: string, height = 100) {
  const app = await createHttpServer({ source: sampleSource(height) });
  const response = await app.inject({ url: path });
  await app.close();
  return response;
}

test('every page answers with JSON', async (t) => {
  const pages = [
    '/health',
    '/status',
    '/chain/status',
    '/chain/blocks',
    '/chain/block/1',
    '/fees',
    '/peers',
    '/tasks/pending',
    '/stats',
    '/stats/experiments',
    '/stats/rounds?experiment_id=e1',
    '/stats/chain-metrics',
    '/openapi.json',
  ];
  for (const path of [...pages, '/api/tasks']) {
    const response = await get(path);
    t.is(response.statusCode, 200, path);
    t.regex(String(response.headers['content-type']), /^application\/json/, path);
    t.notThrows(() => response.json(), path);
  }
});

test('an answer that is not what its page promises is a fault of the node, not of the client', async (t) => {
  const source = sampleSource(1);
  const reported: string[] = [];
  const app = await createHttpServer({
    source: { ...source, peers: async () => ({ ...(await source.peers()), refused: { oversize: -1 } }) },
    onError: (message, error) => reported.push(`${message} ${String(error)}`),
  });
  const response = await app.inject({ url: '/peers' });
  await app.close();
  t.is(response.statusCode, 500);
  t.is(response.json().title, 'answer-invalid');
  t.regex(reported[0] ?? '', /answer\/refused\/oversize must be >= 0/);
});

test('a page that did not change is not sent again', async (t) => {
  const app = await createHttpServer({ source: sampleSource(9) });
  const first = await app.inject({ url: '/chain/block/5' });
  const tag = String(first.headers.etag);
  const again = await app.inject({ url: '/chain/block/5', headers: { 'if-none-match': tag } });
  const other = await app.inject({ url: '/chain/block/6', headers: { 'if-none-match': tag } });
  await app.close();
  t.deepEqual([first.statusCode, again.statusCode, again.body, other.statusCode], [200, 304, '', 200]);
});

test('blocks come in pages of at most 50, the newest by default', async (t) => {
  const range = async (query: string) => {
    const body = (await get(`/chain/blocks${query}`)).json();
    t.is(body.blocks[0].header.index, body.from);
    t.is(body.blocks.at(-1).header.index, body.to);
    return [body.from, body.to, body.has_more];
  };
  t.deepEqual(await range(''), [51, 100, false]);
  t.deepEqual(await range('?from=0'), [0, 49, false]);
  t.deepEqual(await range('?from=10&to=90'), [10, 59, true]);
  t.deepEqual(await range('?from=98&to=500'), [98, 100, false]);
});

test('a block is found by height and by hash, and a missing one is a 404 problem', async (t) => {
  t.is((await get('/chain/block/5')).json().header.index, 5);
  t.is((await get(`/chain/block/${'5'.padStart(64, '0')}`)).json().header.index, 5);
  const missing = await get('/chain/block/101');
  t.is(missing.statusCode, 404);
  t.is(missing.json().title, 'unknown-block');
});

test('a wrong parameter is a 400 problem that names the field', async (t) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['/chain/blocks?from=abc', /from: must be integer/],
    ['/chain/blocks?from=-1', /from: must be >= 0/],
    ['/chain/blocks?from=9&to=3', /to: must be >= from/],
    ['/chain/blocks?form=1', /form: /],
    ['/chain/block/abc', /index: must match/],
    ['/stats/rounds', /experiment_id: must have required property/],
    ['/tasks/pending?limit=100000', /limit: must be <= 1000/],
    ['/tasks/pending?limit=1e999', /limit: must be <= 1000/],
  ];
  for (const [path, expected] of cases) {
    const response = await get(path);
    t.is(response.statusCode, 400, path);
    t.regex(String(response.headers['content-type']), /^application\/problem\+json/, path);
    t.regex(response.json().detail, expected, path);
  }
});

test('an unknown path is a 404 problem', async (t) => {
  t.is((await get('/nothing')).json().title, 'not-found');
});

test('a failure inside is reported to the node and not to the client', async (t) => {
  const reported: string[] = [];
  const app = await createHttpServer({
    source: sampleSource(1),
    onError: (message, error) => reported.push(`${message} ${String(error)}`),
  });
  const response = await app.inject({ url: '/api/experiments' });
  await app.close();
  t.is(response.statusCode, 500);
  t.false(response.body.includes('secret detail'));
  t.deepEqual(reported, ['GET /api/experiments Error: secret detail']);
});

test('a listening server answers over TCP and stops', async (t) => {
  const server = await startHttpServer({ host: '127.0.0.1', port: 0, source: sampleSource(3) });
  t.regex(server.url, /^http:\/\/127\.0\.0\.1:\d+$/);
  const status = await fetch(`${server.url}/status`).then((response) => response.json());
  t.like(status, { chain_height: 3 });
  await server.close();
  await t.throwsAsync(fetch(`${server.url}/status`));
});

test('a port in use is an error that names it and the way out', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const error = await t.throwsAsync(startHttpServer({ host: '127.0.0.1', port, source: sampleSource(1) }), {
    instanceOf: DoinError,
  });
  t.is(error.code, 'port-in-use');
  t.true(error.message.includes(`port = ${port}:`) && error.message.includes('--port'));
  other.close();
});

test('a page of another site cannot open the event stream', async (t) => {
  const server = await startHttpServer({ host: '127.0.0.1', port: 0, source: sampleSource(1) });
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/events`, { origin: 'http://evil.example' });
  const [error] = await once(socket, 'error');
  t.regex(String(error), /401/);
  await server.close();
});
