/** Checks of what trains, stores and verifies: native modules, WebAssembly SIMD, the optional GPU backend. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { sodium } from '../../crypto/sodium.js';
import { errorMessage } from '../../errors.js';
import { type Finding, fail, ok, warn } from './finding.js';

/** Opens a database in memory: that the file of the native module exists says nothing about this Node and system. */
export async function checkSqlite(load: () => Promise<unknown> = () => import('sqlite3')): Promise<Finding> {
  try {
    const sqlite = (await load()) as { readonly default: typeof import('sqlite3') };
    const version = await new Promise<string>((resolve, reject) => {
      const database = new sqlite.default.Database(':memory:', (error) => {
        if (error !== null) return reject(error);
        database.get<{ version: string }>('SELECT sqlite_version() AS version', (failure, row) => {
          database.close();
          if (failure !== null) reject(failure);
          else resolve(row.version);
        });
      });
    });
    return ok('sqlite3', `SQLite ${version}`);
  } catch (error) {
    const fix = 'npm rebuild sqlite3 (npm 12 and newer: only with "allowScripts": {"sqlite3": true} in package.json)';
    return fail('sqlite3', `the native module does not load: ${firstLine(errorMessage(error))}`, fix);
  }
}

/** Never a fail: what libsodium finds, OpenSSL and JavaScript find as well. */
export function checkSodium(load: () => unknown = sodium): Finding {
  if (load() !== null) return ok('libsodium', 'signatures and VRF proofs are verified by libsodium');
  const found =
    'sodium-native has no build for this machine: blocks are verified several times slower, with equal results';
  return warn('libsodium', found, 'npm install again; on Linux it needs glibc 2.33 or newer on x64 or arm64');
}

/** A function of one SIMD instruction, `i8x16.popcnt(i8x16.splat(0))`. */
const SIMD_MODULE = [
  ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0],
  ...[10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11],
];

export function checkWasmSimd(validate: (bytes: Uint8Array) => boolean = wasmValidates): Finding {
  if (validate(new Uint8Array(SIMD_MODULE))) {
    return ok('wasm simd', 'optimizer and evaluator use the reproducible WebAssembly backend');
  }
  const fix = 'use a processor of the last ten years and a Node that was not started with --no-wasm-simd or --jitless';
  return fail('wasm simd', 'WebAssembly SIMD does not work, so nothing can be measured', fix);
}

/** Not among the types of Node 20, in which this is compiled. */
const wasmValidates = (bytes: Uint8Array): boolean =>
  (globalThis as unknown as { WebAssembly: { validate(bytes: Uint8Array): boolean } }).WebAssembly.validate(bytes);

const GPU_PACKAGE = '@tensorflow/tfjs-node-gpu';
/** Releases before this one have no ready binary for a Node that the project supports. */
const LEAST_GPU_VERSION = [4, 22] as const;
const LOAD_TIMEOUT_MS = 30_000;

/**
 * Loaded in a process of its own, because a native library that does not fit ends the process it is loaded into.
 * tfjs-node 4.22 calls functions of `util` that Node 23 removed; without them it would look broken on a new Node.
 */
const GPU_SCRIPT = `
const util = require('node:util');
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
util.isArray ??= Array.isArray;
const tf = require(process.argv[1]);
process.stdout.write('\\n' + JSON.stringify({ gpu: tf.backend().isUsingGpuDevice === true }));
`;

/** `from`: a file whose `node_modules` are searched. Never a fail: free training then runs on WebAssembly as well. */
export async function checkGpuBackend(from: string | URL = import.meta.url): Promise<Finding> {
  let manifestFile: string;
  try {
    manifestFile = createRequire(from).resolve(`${GPU_PACKAGE}/package.json`);
  } catch {
    return ok('gpu backend', `${GPU_PACKAGE} is not installed (optional): training runs on WebAssembly`);
  }
  const { version = '0.0.0' } = JSON.parse(readFileSync(manifestFile, 'utf8')) as { version?: string };
  if (isOlder(version)) {
    return warn('gpu backend', `${GPU_PACKAGE} ${version} is too old`, `npm install ${GPU_PACKAGE}@4.22`);
  }
  const folder = dirname(manifestFile);
  const loaded = await loadApart(folder);
  if (typeof loaded === 'string') {
    const why = existsSync(`${folder}/lib`) && /libcu|CUDA/i.test(loaded) ? 'does not find CUDA' : 'is half installed';
    const fix = `npm rebuild ${GPU_PACKAGE}, or remove it; until then training runs on WebAssembly`;
    return warn('gpu backend', `${GPU_PACKAGE} ${version} ${why}: ${loaded}`, fix);
  }
  if (!loaded.gpu) {
    const fix = 'install the CUDA 11.8 and cuDNN 8.6 libraries, or remove the package';
    return warn('gpu backend', `${GPU_PACKAGE} ${version} finds no GPU: training runs on WebAssembly`, fix);
  }
  return ok(
    'gpu backend',
    `${GPU_PACKAGE} ${version} with a GPU, for free training; verification stays on WebAssembly`,
  );
}

function isOlder(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < LEAST_GPU_VERSION[0] || (major === LEAST_GPU_VERSION[0] && minor < LEAST_GPU_VERSION[1]);
}

/** What the script answered, or why it could not. */
function loadApart(folder: string): Promise<{ readonly gpu: boolean } | string> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['-e', GPU_SCRIPT, folder], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LOAD_TIMEOUT_MS,
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
    });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk) => (output += String(chunk)));
    child.stderr.on('data', (chunk) => (errors += String(chunk)));
    child.on('error', (error) => resolve(errorMessage(error)));
    child.on('close', (code, signal) => {
      const answer = /^\{"gpu":(?<gpu>true|false)\}$/m.exec(output)?.groups?.gpu;
      if (code === 0 && answer !== undefined) resolve({ gpu: answer === 'true' });
      else resolve(reasonIn(errors) ?? `it ended with ${signal ?? `code ${code}`}`);
    });
  });
}

function reasonIn(errors: string): string | null {
  const line = errors.split('\n').find((text) => /Error: /.test(text));
  return line === undefined ? null : line.trim();
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
