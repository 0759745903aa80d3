import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { verifyChain } from '../../runtime/node/verify.js';
import { NodeProcess, temporaryFolder } from '../kit/node-process.js';

const quick = (dataDir: string, ...more: string[]) => [
  ...['start', '--json', '--port', '0', '--domain', 'quadratic', '--data-dir', dataDir],
  ...more,
];

test('after kill -9 at any moment a node goes on where it was, with the same identity and a valid chain', async (t) => {
  t.timeout(120_000);
  const dataDir = temporaryFolder(t);
  let height = 0;
  const identities = new Set<string>();
  for (let round = 0; round < 4; round += 1) {
    const node = new NodeProcess(t, quick(dataDir));
    const status = await node.status();
    identities.add(status.node_id);
    t.true(status.chain_height >= height, `height ${status.chain_height} after ${height}`);
    await node.line((line) => line.event === 'blockApplied' && Number(line.height) > height, 'a new block');
    // Anywhere inside the next slot: between commit, confirmation run, reveal, vote and settlement.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 1_500));
    height = Math.max(...node.lines.filter((line) => line.event === 'blockApplied').map((line) => Number(line.height)));
    node.kill('SIGKILL');
    await node.exited;
    const report = await verifyChain({ dataDir });
    t.true(report.ok, report.problem ?? '');
    t.true(report.height >= height, 'nothing that was told is lost');
    height = report.height;
  }
  t.is(identities.size, 1);
  t.is(statSync(join(dataDir, 'identity.json')).mode & 0o777, 0o600);
});

test('Ctrl-C stops a node cleanly: summary, exit code 0, the data folder free again', async (t) => {
  t.timeout(60_000);
  const dataDir = temporaryFolder(t);
  const node = new NodeProcess(t, quick(dataDir));
  await node.url();
  node.kill('SIGINT');
  t.is(await node.exited, 0, node.stderr);
  t.is(node.lines.at(-1)?.event, 'summary');
  t.throws(() => readFileSync(join(dataDir, 'node.lock')), { code: 'ENOENT' });
});

test('a second node on one data folder is refused with exit code 2 and does not touch the first', async (t) => {
  t.timeout(60_000);
  const dataDir = temporaryFolder(t);
  const first = new NodeProcess(t, quick(dataDir));
  await first.url();
  const second = new NodeProcess(t, quick(dataDir));
  t.is(await second.exited, 2);
  t.regex(second.stderr, new RegExp(`process ${first.pid} runs a node on it`));
  t.is((await first.status()).role, 'full');
});

test('a port in use is named, with exit code 2, and its owner lives on', async (t) => {
  t.timeout(60_000);
  const owner = createServer((_, response) => response.end('still here'));
  await new Promise<void>((resolve) => owner.listen(0, '127.0.0.1', resolve));
  t.teardown(() => owner.close());
  const { port } = owner.address() as AddressInfo;
  const node = new NodeProcess(t, ['start', '--port', String(port), '--data-dir', temporaryFolder(t)]);
  t.is(await node.exited, 2, node.stderr);
  t.regex(node.stderr, new RegExp(`port = ${port}: another program already listens`));
  t.is(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'still here');
});

test('a domain that the network does not have is named with the ones it has', async (t) => {
  const node = new NodeProcess(t, ['start', '--port', '0', '--domain', 'digit', '--data-dir', temporaryFolder(t)]);
  t.is(await node.exited, 2);
  t.regex(node.stderr, /domains\[0\]\.domain_id = "digit".*use one of digits, quadratic/);
});
