import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { launcher, temporaryFolder } from '../kit/node-process.js';

test('a node whose reader went away ends in order', async (t) => {
  t.timeout(120_000);
  const dataDir = temporaryFolder(t);
  const args = [launcher, 'start', '--domain', 'quadratic', '--port', '0', '--data-dir', dataDir];
  const node = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  t.teardown(() => node.kill('SIGKILL'));
  const exited = once(node, 'exit');
  await once(node.stdout, 'data');
  t.true(existsSync(join(dataDir, 'node.lock')), 'it runs');
  node.stdout.destroy();
  t.deepEqual(await exited, [0, null]);
  t.false(existsSync(join(dataDir, 'node.lock')));
});
