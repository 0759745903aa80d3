/** The real launcher, and the command alone where the machine may be neither broken nor well on purpose. */
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ACTOR_ROLES } from '../../config/schema.js';
import { packageRoot } from '../../runtime/package-info.js';
import { placeActors } from '../../runtime/system/placement.js';

interface DoctorJson {
  readonly ok: boolean;
  readonly checks: readonly { readonly check: string; readonly level: string; readonly fix: string | null }[];
  readonly recommended: { readonly placement: Record<string, string[]>; readonly threads: number };
}

function doctor(...args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const dataDir = join(mkdtempSync(join(tmpdir(), 'doin-doctor-cli-')), 'data');
  const all = [join(packageRoot, 'bin/doin.js'), 'doctor', '--data-dir', dataDir, ...args];
  const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}

test('doctor --json lists every check and a placement that the config takes; it exits 1 exactly when one fails', async (t) => {
  const { code, stdout } = await doctor('--json', '--port', '0');
  const report = JSON.parse(stdout) as DoctorJson;
  const failed = report.checks.filter(({ level }) => level === 'fail');
  t.is(code, failed.length === 0 ? 0 : 1);
  t.is(report.ok, failed.length === 0);
  t.true(failed.every(({ fix }) => fix !== null));
  const names = report.checks.map(({ check }) => check);
  for (const name of ['node', 'sqlite3', 'wasm simd', 'gpu backend', 'machine', 'placement', 'data folder', 'lock']) {
    t.true(names.includes(name), name);
  }
  for (const name of ['port', 'p2p.listen[0]', 'clock', 'open files']) t.true(names.includes(name), name);
  t.is(placeActors(ACTOR_ROLES, report.recommended.placement).size, report.recommended.threads);
});

test('doctor prints a table, the fix of what fails, and exits 1 when a port is taken', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const { code, stdout, stderr } = await doctor('--port', String(port));
  server.close();
  t.is(code, 1);
  t.regex(stdout, /^ok +node +v\d+/m);
  t.regex(stdout, new RegExp(`^fail +port +127\\.0\\.0\\.1:${port} is in use$`, 'm'));
  t.regex(stdout, /^fail port: end the program that listens there, or choose another port$/m);
  t.regex(stdout, /^ {2}"placement": \{/m);
  t.regex(stderr, /a node cannot run like this: .*port/);
});
