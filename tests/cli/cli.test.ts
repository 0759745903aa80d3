/** The real launcher, as a user runs it. */
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { packageRoot, packageVersion } from '../../runtime/package-info.js';

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function doin(...args: readonly string[]): Promise<Outcome> {
  const child = spawn(process.execPath, [join(packageRoot, 'bin/doin.js'), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}

const wrong = test.macro({
  async exec(t, args: readonly string[], expected: readonly RegExp[]) {
    const { code, stdout, stderr } = await doin(...args);
    t.is(code, 2);
    t.is(stdout, '');
    for (const pattern of expected) t.regex(stderr, pattern);
    t.notRegex(stderr, /\n {4}at /, 'no stack trace for a mistake of the user');
  },
  title: (_, args: readonly string[]) => `doin ${args.join(' ')} exits 2 and says what to type instead`,
});

test(wrong, ['start', '--port', 'abc'], [/port = "abc": .*whole number from 0 to 65535/]);
test(wrong, ['start', '--port', '99999', '--role', 'boss'], [/port = 99999/, /role = "boss".*optimizer, evaluator/]);
test(wrong, ['start', '--prot', '1'], [/--prot = "1": unknown option; did you mean --port\?/]);
test(wrong, ['start', '--duration', '0'], [/--duration = "0".*--duration 60/]);
test(wrong, ['start', '--port'], [/Not enough arguments following: port/]);
test(wrong, ['start', '--trace', 'chian'], [/trace\[0\] = "chian".*chain, gossip/]);
test(wrong, ['start', '--bootstrap', '1.2.3.4:8470'], [/bootstrap_peers\[0\].*\/ip4\/1\.2\.3\.4/]);
test(wrong, ['strat'], [/"strat": unknown command; did you mean "start"\?/]);
test(wrong, ['devnet', '--nodes', '0'], [/--nodes = "0".*from 1 to 32/]);
test(wrong, ['status', '--url', 'localhost'], [/--url = "localhost".*http:\/\/127\.0\.0\.1:8470/]);
test(wrong, [], [/Name a command/]);

test('a wrong config file exits 2 and names field, value and fix', async (t) => {
  const file = join(mkdtempSync(join(tmpdir(), 'doin-cli-')), 'config.json');
  writeFileSync(file, JSON.stringify({ hots: '127.0.0.1' }));
  const { code, stderr } = await doin('start', '--config', file);
  t.is(code, 2);
  t.regex(stderr, /hots = "127\.0\.0\.1": is not a known field; did you mean "host"\?/);
});

test('status of a node that does not run exits 1 and says how to start one', async (t) => {
  const { code, stderr } = await doin('status', '--url', 'http://127.0.0.1:1');
  t.is(code, 1);
  t.regex(stderr, /no node answers at http:\/\/127\.0\.0\.1:1\/status.*doin start/);
});

test('help lists the commands, and each command teaches by example', async (t) => {
  const { code, stdout } = await doin('--help');
  t.is(code, 0);
  for (const command of ['start', 'devnet', 'status', 'verify']) t.regex(stdout, new RegExp(`doin ${command}`));
  for (const command of ['start', 'devnet', 'status', 'verify']) {
    const help = await doin(command, '--help');
    t.is(help.code, 0);
    t.regex(help.stdout, /Examples:/);
  }
});

test('the version is that of package.json', async (t) => {
  const { code, stdout } = await doin('--version');
  t.is(code, 0);
  t.is(stdout.trim(), packageVersion);
});

test('config init writes a file that validates, and does not replace one unasked', async (t) => {
  const file = join(mkdtempSync(join(tmpdir(), 'doin-cli-')), 'node.json');
  t.is((await doin('config', 'init', file, '--preset', 'public')).code, 0);
  t.is((await doin('config', 'validate', file)).code, 0);
  const again = await doin('config', 'init', file);
  t.is(again.code, 2);
  t.regex(again.stderr, /exists.*--force/);
});

test('config show and config schema print JSON', async (t) => {
  const shown = await doin('config', 'show');
  t.is(JSON.parse(shown.stdout).port, 8470);
  const schema = await doin('config', 'schema');
  t.is(JSON.parse(schema.stdout).properties.port.default, 8470);
});

test('config validate exits 2 and names what is wrong', async (t) => {
  const file = join(mkdtempSync(join(tmpdir(), 'doin-cli-')), 'node.json');
  writeFileSync(file, JSON.stringify({ port: -1 }));
  const { code, stderr } = await doin('config', 'validate', file);
  t.is(code, 2);
  t.regex(stderr, /port = -1: is too small; use a whole number from 0 to 65535/);
});
