/** Pages of a node in the terminal, asked for by the real launcher over real HTTP. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import test from 'ava';
import type { AskPort } from '../../runtime/http/port.js';
import { startHttpServer } from '../../runtime/http/server.js';
import { packageRoot } from '../../runtime/package-info.js';
import { sampleSource } from '../http/samples.js';

/** A chain without proposals. */
const domainsOnly: AskPort = { ask: async () => ({ domains: [], proposals: [] }) as never };

async function ask(...args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const source = {
    ...sampleSource(30),
    experiments: async () => ({
      experiments: [
        {
          experiment_id: 'ga-1',
          domain_id: 'digits',
          total_rounds: 12,
          best_performance: 0.95,
          converged: true,
          elapsed_seconds: 61.4,
        },
      ],
    }),
  };
  const services = { system: domainsOnly, token: '' };
  const server = await startHttpServer({ host: '127.0.0.1', port: 0, source, services });
  const all = [join(packageRoot, 'bin/doin.js'), ...args, '--url', server.url];
  const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  await server.close();
  return { code, stdout, stderr };
}

test('peers are listed best first, and their texts cannot colour the terminal', async (t) => {
  const { stdout } = await ask('peers');
  t.true(stdout.indexOf('better') < stdout.indexOf('worse'));
  t.false(stdout.includes('\u001b'));
  t.regex(stdout, /oversize 3/);
});

test('the chain shows the newest blocks, or those asked for, with what happened in them', async (t) => {
  const newest = (await ask('chain', '--limit', '3')).stdout.trimEnd().split('\n');
  t.deepEqual(
    newest.slice(1).map((line) => line.split(' ')[0]),
    ['28', '29', '30'],
  );
  t.regex(newest[2] ?? '', /PROOF .*REPUTATION x2, COINBASE/);
  const { blocks } = JSON.parse((await ask('chain', '--from', '4', '--limit', '2', '--json')).stdout);
  t.deepEqual(
    blocks.map(({ header }: { header: { index: number } }) => header.index),
    [4, 5],
  );
});

test('a wrong number of blocks is refused by name', async (t) => {
  const { code, stderr } = await ask('chain', '--limit', '51');
  t.is(code, 2);
  t.regex(stderr, /--limit = "51": .*1 to 50/);
});

test('domains and experiments are tables, or JSON', async (t) => {
  t.regex((await ask('domains')).stdout, /digits +maximize accuracy +0\.1000 +0\.9400/);
  t.regex((await ask('experiments')).stdout, /ga-1 +digits +12 +0\.9500 +61 s +converged/);
  t.is(JSON.parse((await ask('experiments', '--json')).stdout).experiments.length, 1);
});
