import { mkdirSync, mkdtempSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { lockDataDir, readLock } from '../../../runtime/node/data-lock.js';
import { checkGpuBackend, checkSodium, checkSqlite, checkWasmSimd } from '../../../runtime/node/doctor/backends.js';
import { checkClock, checkMemory, checkNodeVersion, checkOpenFiles } from '../../../runtime/node/doctor/machine.js';
import { checkDataDir, checkLock, checkPort, newestFileMs, tcpAddresses } from '../../../runtime/node/doctor/places.js';
import { packageRoot } from '../../../runtime/package-info.js';

const folder = () => mkdtempSync(join(tmpdir(), 'doin-doctor-'));
/** A pid that no process has: larger than any system gives out. */
const NO_PROCESS = 2 ** 30;

test('the Node versions of package.json pass, those between and before do not', (t) => {
  const { engines } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    engines: { node: string };
  };
  t.is(engines.node, '^20.19.0 || ^22.12.0 || >=24', 'change checkNodeVersion with it');
  for (const version of ['v20.19.0', 'v20.20.2', 'v22.12.0', 'v24.0.0', 'v26.1.0']) {
    t.is(checkNodeVersion(version).level, 'ok', version);
  }
  for (const version of ['v18.20.0', 'v20.18.3', 'v21.7.0', 'v22.11.0', 'v23.5.0']) {
    t.like(checkNodeVersion(version), { level: 'fail' }, version);
    t.regex(checkNodeVersion(version).fix ?? '', /Node 24/);
  }
});

test('memory is judged in three steps, and the middle one names the setting', (t) => {
  t.is(checkMemory(4096, 4).level, 'ok');
  t.regex(checkMemory(800, 4).fix ?? '', /"workers": \{"threads": 1\}/);
  t.is(checkMemory(800, 4).level, 'warn');
  t.is(checkMemory(256, 4).level, 'fail');
});

test('few open files are a warning with the command that raises them', (t) => {
  t.is(checkOpenFiles(1024).level, 'ok');
  t.is(checkOpenFiles(null).level, 'ok');
  t.like(checkOpenFiles(256), { level: 'warn', fix: 'raise the limit before the start: ulimit -n 1024' });
});

test('a clock from before the program, behind its own files or being set is found', (t) => {
  const nowMs = Date.UTC(2026, 10, 1);
  t.is(checkClock({ nowMs, driftMs: 0, newestFileMs: nowMs - 1 }).level, 'ok');
  t.is(checkClock({ nowMs, driftMs: 0, newestFileMs: nowMs + 4_000 }).level, 'ok');
  t.is(checkClock({ nowMs: 0, driftMs: 0, newestFileMs: null }).level, 'fail');
  t.regex(
    checkClock({ nowMs, driftMs: 0, newestFileMs: nowMs + 6_000 }).found,
    /data folder was written at 2026-11-01T00:00:06/,
  );
  t.is(checkClock({ nowMs, driftMs: -120, newestFileMs: null }).level, 'warn');
});

test('the youngest file of the data folder is what the clock is held against', async (t) => {
  const dataDir = folder();
  t.is(await newestFileMs(dataDir), null);
  for (const [name, seconds] of [
    ['a', 1_000],
    ['b', 3_000],
    ['c', 2_000],
  ] as const) {
    writeFileSync(join(dataDir, name), '');
    utimesSync(join(dataDir, name), seconds, seconds);
  }
  t.is(await newestFileMs(dataDir), 3_000_000);
  t.is(await newestFileMs(join(dataDir, 'missing')), null);
});

test('a machine without libsodium is told that verifying takes longer, and what it needs', (t) => {
  const without = checkSodium(() => null);
  t.is(without.level, 'warn');
  t.regex(without.found, /slower, with equal results/);
  t.regex(without.fix ?? '', /glibc/);
  t.is(checkSodium(() => ({})).level, 'ok');
});

test('sqlite3 is opened, and one that does not load is a fail with the command that builds it', async (t) => {
  const real = await checkSqlite();
  const loads = await import('sqlite3').then(
    () => true,
    () => false,
  );
  t.is(real.level, loads ? 'ok' : 'fail', real.found);
  const broken = await checkSqlite(() =>
    Promise.reject(new Error('Could not locate the bindings file. Tried:\n a\n b')),
  );
  t.like(broken, {
    level: 'fail',
    found: 'the native module does not load: Could not locate the bindings file. Tried:',
  });
  t.regex(broken.fix ?? '', /npm rebuild sqlite3.*allowScripts/);
});

test('WebAssembly SIMD is tried with a real module, and its absence is a fail', (t) => {
  t.is(checkWasmSimd().level, 'ok');
  t.is(checkWasmSimd(() => false).level, 'fail');
  t.is(checkWasmSimd((bytes) => bytes.length === 31).level, 'ok', 'the module has 31 bytes');
});

/** A package of that name as an install leaves it. */
function gpuPackage(version: string, main: string): URL {
  const root = folder();
  const home = join(root, 'node_modules/@tensorflow/tfjs-node-gpu');
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, 'package.json'), JSON.stringify({ name: 'x', version, main: 'index.js' }));
  writeFileSync(join(home, 'index.js'), main);
  return new URL(`file://${root}/index.js`);
}

const tfWith = (gpu: boolean) => `exports.backend = () => ({ isUsingGpuDevice: ${gpu} });`;

test('the GPU backend is absent, too old, half installed, without a GPU, or ready', async (t) => {
  const absent = await checkGpuBackend(new URL(`file://${folder()}/index.js`));
  t.like(absent, { level: 'ok', fix: null });
  t.regex(absent.found, /not installed \(optional\)/);
  t.regex((await checkGpuBackend(gpuPackage('3.21.0', tfWith(true)))).found, /3\.21\.0 is too old/);
  const half = await checkGpuBackend(gpuPackage('4.22.0', "throw new Error('tfjs_binding.node is missing');"));
  t.is(half.level, 'warn');
  t.regex(half.found, /half installed: Error: tfjs_binding\.node is missing/);
  const aborted = await checkGpuBackend(gpuPackage('4.22.0', 'process.abort();'));
  t.regex(aborted.found, /half installed: it ended with SIGABRT/, 'the doctor outlives it');
  t.regex((await checkGpuBackend(gpuPackage('4.22.0', tfWith(false)))).found, /finds no GPU/);
  t.like(await checkGpuBackend(gpuPackage('4.22.0', tfWith(true))), { level: 'ok' });
});

test('a GPU backend that needs functions which new Nodes removed is not called broken', async (t) => {
  const main = `if (!require('node:util').isNullOrUndefined(null)) throw new Error('no'); ${tfWith(true)}`;
  t.is((await checkGpuBackend(gpuPackage('4.22.0', main))).level, 'ok');
});

test('a data folder that can be made is ok and is not made, a file in its place is a fail', async (t) => {
  const root = folder();
  const dataDir = join(root, 'a/b');
  t.regex((await checkDataDir(dataDir)).found, /will be made.*MB free/);
  await t.throwsAsync(async () => readFileSync(join(root, 'a')), { code: 'ENOENT' });
  writeFileSync(join(root, 'file'), '');
  t.is((await checkDataDir(join(root, 'file'))).level, 'fail');
});

test('a lock is free, held by a running process or left behind by one that ended', async (t) => {
  const dataDir = folder();
  t.deepEqual(await readLock(dataDir), { state: 'free' });
  t.is((await checkLock(dataDir)).level, 'ok');
  const lock = await lockDataDir(dataDir);
  t.like(await checkLock(dataDir), { level: 'warn', found: `process ${process.pid} runs a node on the data folder` });
  await lock.release();
  writeFileSync(join(dataDir, 'node.lock'), `${NO_PROCESS}\n`);
  t.regex((await checkLock(dataDir)).found, /left behind by process \d+/);
  t.deepEqual(await readLock(dataDir), { state: 'stale', pid: NO_PROCESS });
});

test('a port in use is a fail, unless the node of this folder may be who uses it', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const listening = { host: '127.0.0.1', port, setting: 'port' };
  t.like(await checkPort(listening, { state: 'free' }), { level: 'fail', found: `127.0.0.1:${port} is in use` });
  t.is((await checkPort(listening, { state: 'held', pid: 1 })).level, 'ok');
  t.is((await checkPort({ ...listening, port: 0 }, { state: 'free' })).found, 'any free port');
  t.is((await checkPort({ ...listening, host: '192.0.2.1' }, { state: 'free' })).level, 'fail', 'not of this machine');
  await new Promise((resolve) => server.close(resolve));
  t.is((await checkPort(listening, { state: 'free' })).level, 'ok');
});

test('ports are found in the addresses of libp2p', (t) => {
  t.deepEqual(tcpAddresses(['/ip4/0.0.0.0/tcp/8471', '/ip6/::/tcp/8472/ws', '/p2p-circuit']), [
    { host: '0.0.0.0', port: 8471, setting: 'p2p.listen[0]' },
    { host: '::', port: 8472, setting: 'p2p.listen[1]' },
  ]);
});
