/** `doin trace` against a real node, as a user runs both. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'ava';
import { packageRoot } from '../../runtime/package-info.js';
import type { ChromeEvent } from '../../runtime/trace/chrome.js';

type Json = Readonly<Record<string, unknown>>;
const launcher = join(packageRoot, 'bin/doin.js');

function start(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [launcher, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

function run(...args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = start(...args);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr?.on('data', (chunk) => (stderr += String(chunk)));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}

const parsed = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Json);

interface RunningNode {
  readonly url: string;
  readonly traceFile: string;
  /** The first event of that kind, past or to come. */
  seen(event: string): Promise<Json>;
  kill(): Promise<void>;
}

async function startNode(): Promise<RunningNode> {
  const folder = mkdtempSync(join(tmpdir(), 'doin-trace-cli-'));
  const traceFile = join(folder, 't.json');
  const config = join(folder, 'config.json');
  const p2p = { listen: ['/ip4/127.0.0.1/tcp/0'], mdns: false };
  writeFileSync(
    config,
    JSON.stringify({ data_dir: join(folder, 'data'), port: 0, p2p, domains: [{ domain_id: 'quadratic' }] }),
  );
  const child = start('start', '--config', config, '--json', '--trace-file', traceFile);
  const events: Json[] = [];
  const waiting = new Set<() => void>();
  let stderr = '';
  child.stderr?.on('data', (chunk) => (stderr += String(chunk)));
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  createInterface({ input: child.stdout! }).on('line', (line) => {
    events.push(JSON.parse(line) as Json);
    for (const check of waiting) check();
  });
  const first = (matches: (event: Json) => boolean) =>
    new Promise<Json>((resolve, reject) => {
      const check = () => {
        const found = events.find(matches);
        if (found === undefined) return;
        waiting.delete(check);
        resolve(found);
      };
      waiting.add(check);
      check();
      void ended.then(() => reject(new Error(`the node ended: ${stderr}`)));
    });
  const note = await first(({ text }) => String(text).startsWith('listening on '));
  return {
    url: String(note.text).slice('listening on '.length),
    traceFile,
    seen: (event) => first((one) => one.event === event),
    async kill() {
      child.kill('SIGKILL');
      await ended;
      rmSync(join(folder, 'data'), { recursive: true, force: true });
    },
  };
}

test('a running node is traced, and one optimum followed from its commitment to its block', async (t) => {
  t.timeout(60_000);
  const node = await startNode();
  t.teardown(() => node.kill());
  const { optimum } = await node.seen('committed');
  const id = String(optimum);

  const [life, tail, selective] = await Promise.all([
    run('trace', '--url', node.url, '--optimum', id.slice(0, 12), '--json', '--duration', '20'),
    run('trace', 'chain', 'quorum.chain.*', '--url', node.url, '--json', '--duration', '3'),
    run('trace', `optimum:${id}`, '--url', node.url, '--duration', '3'),
  ]);

  t.is(life.code, 0, life.stderr);
  const steps = parsed(life.stdout);
  const names = steps.filter(({ source }) => source === 'chain').map(({ step }) => step);
  for (const name of ['committed', 'revealed', 'seat', 'vote']) t.true(names.includes(name), `${name}: ${names}`);
  const summary = steps.at(-1)!;
  t.like(summary, { event: 'life', optimum: id });
  t.true(['accepted', 'rejected'].includes(String(summary.verdict)));
  for (const part of ['commit_to_reveal_ms', 'reveal_to_seats_ms', 'seats_to_last_vote_ms', 'total_ms']) {
    t.true(Number(summary[part]) >= 0, `${part} = ${summary[part]}`);
  }

  t.is(tail.code, 0, tail.stderr);
  const messages = parsed(tail.stdout);
  t.true(messages.length > 0);
  t.true(messages.every(({ actor }) => actor === 'chain' || actor === 'quorum'));
  const times = messages.map(({ at }) => Number(at));
  t.true(
    times.filter((at, index) => at < (times[index - 1] ?? 0)).length < times.length / 10,
    'nearly in order of time',
  );

  t.is(selective.code, 0, selective.stderr);
  for (const line of selective.stdout.split('\n').filter((text) => text !== '')) {
    t.true(
      line.includes(`trace ${id.slice(0, 16)}`) || line.includes(`optimum ${id.slice(0, 8)}`) || / block \d/.test(line),
      line,
    );
  }

  // Past optima are told from the chain alone, to people too.
  const past = await run('trace', '--url', node.url, '--optimum', id);
  t.is(past.code, 0, past.stderr);
  t.regex(past.stdout, /committed by [0-9a-f]{8} in quadratic\n/);
  t.regex(past.stdout, /\+\d+\.\d{3} {2}block \d+ +revealed: claims/);
  t.regex(past.stdout, /commit to reveal +\d+\.\d{3} s\n/);

  // The file of a killed node opens, and one story leads from the first training through the actors to the vote.
  await node.kill();
  const events = JSON.parse(`${readFileSync(node.traceFile, 'utf8')}]`) as ChromeEvent[];
  const story = events.flatMap((event) => (event.ph === 'X' && event.args.trace === id.slice(0, 16) ? [event] : []));
  const handled = story.map(({ name, args }) => `${String(args.from)} ${name}`);
  for (const step of [
    'optimizer task-queue run',
    'optimizer tracker optimizer.roundFinished',
    'optimizer chain submit',
    'chain gossip chain.transactionAccepted',
    'quorum evaluator measure',
    'evaluator task-queue run',
    'quorum chain submit',
  ]) {
    t.true(handled.includes(step), `${step} is not in ${[...new Set(handled)].join(', ')}`);
  }
});

test('what doin trace cannot do is said with what to type instead', async (t) => {
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['trace', 'chian'], 2, /"chian" names no actor; use chain, gossip/],
    [['trace', 'optimum:xy'], 2, /"optimum:xy" names no optimum; write/],
    [['trace', '--optimum', 'xyz'], 2, /--optimum = "xyz": is no id/],
    [['trace', 'chain', '--optimum', 'ab12'], 2, /doin trace chain optimum:ab12/],
    [['trace', '--url', 'localhost'], 2, /--url = "localhost".*http:\/\/127\.0\.0\.1:8470/],
    [['trace', '--url', 'http://127.0.0.1:1'], 1, /no node answers at http:\/\/127\.0\.0\.1:1\/trace/],
    [
      ['start', '--trace-file', '/no/such/folder/t.json', '--data-dir', mkdtempSync(join(tmpdir(), 'doin-trace-cli-'))],
      2,
      /--trace-file = "\/no\/such\/folder\/t\.json"/,
    ],
  ];
  for (const [args, code, expected] of cases) {
    const outcome = await run(...args);
    t.is(outcome.code, code, `${args.join(' ')}: ${outcome.stderr}`);
    t.regex(outcome.stderr, expected);
    t.notRegex(outcome.stderr, /\n {4}at /);
  }
});
