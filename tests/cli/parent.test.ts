import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { launcher } from '../kit/node-process.js';

const standin = fileURLToPath(new URL('./standin-node.js', import.meta.url));

function spawnChild(t: ExecutionContext, program: string, args: readonly string[]) {
  const child: ChildProcess = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  t.teardown(() => child.kill('SIGKILL'));
  return { child, exited: once(child, 'exit') };
}

/** A child in the middle of its start, which ends on `go`. */
async function startingChild(t: ExecutionContext) {
  const file = join(mkdtempSync(join(tmpdir(), 'doin-parent-')), 'script.json');
  writeFileSync(file, JSON.stringify({ id: 'a1', tip: 'bb', startsOnGo: true }));
  const { child, exited } = spawnChild(t, standin, ['start', '--config', file]);
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout! }).on('line', (line) => lines.push(line));
  child.stderr!.setEncoding('utf8').on('data', (text: string) => lines.push(text));
  if (!lines.includes('starting')) await once(reader, 'line');
  return { child, exited, lines };
}

test('a child whose parent dies while it starts ends cleanly', async (t) => {
  const { child, exited, lines } = await startingChild(t);
  child.disconnect();
  t.deepEqual(await exited, [0, null], lines.join('\n'));
  t.true(lines.includes('stopped'));
});

test('what the parent says while the child starts is done when it is up', async (t) => {
  const { child, exited, lines } = await startingChild(t);
  child.send({ command: 'pause' });
  child.send({ command: 'stop' });
  child.send('go');
  t.deepEqual(await exited, [0, null], lines.join('\n'));
  t.true(lines.includes('paused') && lines.includes('stopped'), lines.join('\n'));
});

test('Ctrl-C in the terminal of the parent does not end a child that starts', async (t) => {
  const { child, exited, lines } = await startingChild(t);
  child.kill('SIGINT');
  child.send('go');
  const [ready] = await once(child, 'message');
  t.like(ready, { event: 'ready', nodeId: 'a1' });
  child.send({ command: 'stop' });
  t.deepEqual(await exited, [0, null], lines.join('\n'));
});

test('a real node whose parent is gone, and with it the reader of its output, gives its folder back', async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'doin-parent-'));
  const options = ['--data-dir', dataDir, '--domain', 'quadratic', '--port', '0', '--p2p-port', '0'];
  const { child, exited } = spawnChild(t, launcher, ['start', ...options]);
  child.stdout!.destroy();
  child.stderr!.destroy();
  child.disconnect();
  t.deepEqual(await exited, [0, null]);
  t.true(existsSync(join(dataDir, 'chain.db')), 'it did start');
  t.false(existsSync(join(dataDir, 'node.lock')));
});
