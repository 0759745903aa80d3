import { access, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { optimizer } from '../../../actors/optimizer/messages.js';
import { loadConfig } from '../../../config/load.js';
import { isDoinError } from '../../../runtime/errors.js';
import { startNode } from '../../../runtime/node/start.js';

/** A whole solo node on the domain that needs no training. */
async function startSolo(t: ExecutionContext) {
  const dataDir = await mkdtemp(join(tmpdir(), 'doin-start-'));
  const { config } = loadConfig({
    overrides: {
      data_dir: dataDir,
      port: 0,
      p2p: { listen: ['/ip4/127.0.0.1/tcp/0'], mdns: false },
      domain_ids: ['quadratic'],
    },
  });
  const events: string[] = [];
  const node = await startNode(config, { onEvent: (line) => events.push(line), onLog: () => undefined });
  t.teardown(() => node.stop().catch(() => undefined));
  return { node, events, lockFile: join(dataDir, 'node.lock') };
}

/** A listener that throws is one of the things after which a node must not go on. */
function escalate(node: Awaited<ReturnType<typeof startSolo>>['node']): void {
  node.system.on(optimizer.roundFinished, () => {
    throw new Error('listener broke');
  });
}

test('a node that cannot go on has ended in order by the time it says so', async (t) => {
  const { node, events, lockFile } = await startSolo(t);
  await t.notThrowsAsync(access(lockFile));
  escalate(node);
  const error = await t.throwsAsync(node.failed!);
  t.true(isDoinError(error, 'listener-failed'), String(error));
  await t.throwsAsync(access(lockFile), { code: 'ENOENT' });
  await t.throwsAsync(fetch(node.httpUrl), undefined, 'HTTP is closed');
  t.is(events.filter((line) => /cannot go on/.test(line)).length, 1, 'told once, however often the listener throws');
});

test('a node told to stop while it fails ends once', async (t) => {
  const { node, lockFile } = await startSolo(t);
  escalate(node);
  let stopping: Promise<unknown> | null = null;
  node.system.on(optimizer.roundFinished, () => {
    stopping ??= node.stop().catch((error: unknown) => error);
  });
  const error = await t.throwsAsync(node.failed!);
  t.true(isDoinError(error, 'listener-failed'), String(error));
  await stopping;
  t.not(stopping, null);
  await t.throwsAsync(access(lockFile), { code: 'ENOENT' });
});
