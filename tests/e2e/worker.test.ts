/** One identity, several machines: a node that computes nothing itself, and workers that do it for him. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { PoolJson } from '../../runtime/http/status.js';
import { NodeProcess, temporaryFolder, until } from '../kit/node-process.js';

test('a node without a pool of its own reaches an accepted optimum by the work of remote workers', async (t) => {
  t.timeout(180_000);
  const dataDir = temporaryFolder(t);
  const config = join(dataDir, 'node.json');
  writeFileSync(config, JSON.stringify({ workers: { remote_only: true }, p2p: { mdns: false } }));
  const node = new NodeProcess(t, ['start', '--json', '--port', '0', '--config', config, '--data-dir', dataDir]);
  const url = await node.url();
  const pool = async () => (await (await fetch(`${url}/api/tasks`)).json()) as PoolJson;
  await until(pool, ({ tasks }) => tasks.length > 0);
  t.like(await pool(), { workers: 0, completed: 0 });

  const tokenFile = join(dataDir, 'wrong');
  writeFileSync(tokenFile, '00'.repeat(32));
  const start = (...args: readonly string[]) => new NodeProcess(t, ['worker', '--node', url, '--json', ...args]);
  const intruder = start('--token-file', tokenFile);
  t.is(await intruder.exited, 1);
  t.regex(intruder.stderr, /token/);

  const one = ['--data-dir', dataDir, '--threads', '1'];
  const first = start(...one, '--name', 'first');
  await until(pool, ({ remote_workers: workers }) => workers.some(({ tasks }) => tasks > 0));
  // A machine that dies takes no task with it.
  first.kill();
  await first.exited;
  const second = start(...one, '--name', 'second');
  const accepted = await node.line((line) => line.event === 'optimumAccepted', 'an accepted optimum');
  t.truthy(accepted);
  const { remote_workers: workers, workers: threads } = await pool();
  t.is(threads, 0);
  t.true((workers.find(({ worker }) => worker === 'second')?.completed ?? 0) > 0);

  await until(pool, ({ tasks }) => tasks.some(({ worker }) => worker === 'second'));
  second.kill('SIGINT');
  t.is(await second.exited, 0, second.stderr);
  t.is(second.lines.at(-1)?.event, 'stopped');
  // Long before its lease would have run out: whoever comes next has it at once.
  t.true((await pool()).tasks.every(({ worker }) => worker !== 'second'));
  node.kill('SIGTERM');
  t.is(await node.exited, 0, node.stderr);
});
