/** Checks of the machine: Node, memory and cores, open files, clock. Pure functions of what was read from it. */
import { type Finding, fail, ok, warn } from './finding.js';

/** As in `engines` of package.json; a test compares them. */
const SUPPORTED: readonly { readonly major: number; readonly fromMinor: number }[] = [
  { major: 20, fromMinor: 19 },
  { major: 22, fromMinor: 12 },
];
const RECOMMENDED_MAJOR = 24;

export function checkNodeVersion(version: string): Finding {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const supported =
    major >= RECOMMENDED_MAJOR || SUPPORTED.some((line) => line.major === major && minor >= line.fromMinor);
  if (supported) return ok('node', version);
  const lines = SUPPORTED.map((line) => `${line.major}.${line.fromMinor} or newer of ${line.major}`).join(', ');
  return fail('node', version, `install Node ${RECOMMENDED_MAJOR} (works too: ${lines})`);
}

/** Eight actor threads take 159 MB (DESIGN section 3); the rest is for the main thread and one training worker. A judgement. */
const LEAST_MEMORY_MB = 512;
const COMFORTABLE_MEMORY_MB = 1024;

export function checkMemory(memoryMb: number, cores: number): Finding {
  const found = `${cores} cores, ${memoryMb} MB`;
  if (memoryMb < LEAST_MEMORY_MB)
    return fail('machine', found, `give the node at least ${LEAST_MEMORY_MB} MB of memory`);
  if (memoryMb < COMFORTABLE_MEMORY_MB) {
    return warn('machine', found, 'set "workers": {"threads": 1} in the config, or give the node 1 GB');
  }
  return ok('machine', found);
}

/** 300 connections of libp2p, SQLite's files and those of the pool, three times over. */
const ENOUGH_FILES = 1024;

export function checkOpenFiles(limit: number | null): Finding {
  if (limit === null) return ok('open files', 'no limit that can be read');
  if (limit >= ENOUGH_FILES) return ok('open files', limit === Number.POSITIVE_INFINITY ? 'unlimited' : String(limit));
  return warn('open files', String(limit), `raise the limit before the start: ulimit -n ${ENOUGH_FILES}`);
}

/** Nobody runs this program before it was written. */
const WRITTEN_MS = Date.UTC(2026, 0, 1);
/** A header may be this far ahead of a node's clock (DESIGN section 5, timestamps). */
const TOLERANCE_MS = 5_000;

export interface ClockReading {
  readonly nowMs: number;
  /** How far the wall clock moved away from the monotonic one while both were watched. */
  readonly driftMs: number;
  /** Youngest file of the data folder; null when there is none. */
  readonly newestFileMs: number | null;
}

export function checkClock({ nowMs, driftMs, newestFileMs }: ClockReading): Finding {
  const found = new Date(nowMs).toISOString();
  const fix =
    'set the clock, best by NTP: blocks from a clock more than 5 s ahead are refused, seats are missed by one behind';
  if (nowMs < WRITTEN_MS) return fail('clock', `${found} is before this program was written`, fix);
  if (newestFileMs !== null && newestFileMs > nowMs + TOLERANCE_MS) {
    return fail('clock', `${found}, but the data folder was written at ${new Date(newestFileMs).toISOString()}`, fix);
  }
  if (Math.abs(driftMs) > TOLERANCE_MS / 100)
    return warn('clock', `${found}, being set by ${Math.round(driftMs)} ms`, fix);
  return ok('clock', found);
}
