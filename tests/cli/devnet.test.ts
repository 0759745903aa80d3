import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import yargs from 'yargs';
import { devnetCommand } from '../../runtime/cli/devnet.js';
import { isDoinError } from '../../runtime/errors.js';

const launcher = fileURLToPath(new URL('./standin-node.js', import.meta.url));

async function runDevnet(nodes: readonly object[], ...args: readonly string[]) {
  const dataDir = mkdtempSync(join(tmpdir(), 'doin-devnet-'));
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') =>
    ({ write: (text: string) => (written[name] += text) }) as unknown as NodeJS.WriteStream;
  const createDevnet = async () =>
    nodes.map((node, index) => {
      const configFile = join(dataDir, `${index}.json`);
      writeFileSync(configFile, JSON.stringify(node));
      return { configFile, dataDir };
    });
  const io = { stdout: stream('stdout'), stderr: stream('stderr'), environment: {}, parent: null, launcher };
  const parser = yargs(['devnet', '--nodes', String(nodes.length), '--duration', '1', ...args])
    .command(devnetCommand({ createDevnet }, io))
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new Error(message);
    });
  let error: unknown = null;
  try {
    await parser.parseAsync();
  } catch (thrown) {
    error = thrown;
  }
  return { ...written, error };
}

const member = (id: string, tip: string) => ({ id: id.repeat(32), tip: tip.repeat(32) });

// The command listens for the process's signals, so its runs come one after another.
test.serial('nodes on one head agree, and the last line of --json says so', async (t) => {
  const nodes = [{ ...member('a1', 'bb'), busyUntilPause: true }, member('a2', 'bb'), member('a3', 'bb')];
  const { stdout, stderr, error } = await runDevnet(nodes, '--json');
  t.is(error, null);
  t.is(stdout.split('\n').length, 2, 'standard output holds the result alone');
  const result = JSON.parse(stdout);
  t.true(result.agreed);
  t.deepEqual(
    result.nodes.map((node: { node_id: string }) => node.node_id.slice(0, 2)),
    ['a1', 'a2', 'a3'],
  );
  t.regex(stderr, /node 1 \| paused[\s\S]*node 1 \| stopped/);
  t.regex(stderr, /3 of 3 nodes, 1 head\n/);
});

test.serial('a node that dies is reported, and the devnet fails', async (t) => {
  const { stdout, error } = await runDevnet([member('a1', 'bb'), { ...member('a2', 'bb'), dies: true }]);
  t.true(isDoinError(error, 'node-died'), String(error));
  t.regex(stdout, /node 2 \| ended unexpectedly \(7\)/);
  t.regex(stdout, /node 1 \| stopped/, 'the other one does not stay behind');
});

test.serial('a person gets a table and the word', async (t) => {
  const { stdout, error } = await runDevnet([member('a1', 'bb')]);
  t.is(error, null);
  t.regex(stdout, /NODE +ID +HEIGHT/);
  t.regex(stdout, /agreed: yes\n$/);
});
