/**
 * One node per data folder. The lock names its process, so that one left behind by kill -9 is recognised as stale;
 * nobody is ever killed for it.
 */
import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DoinError } from '../errors.js';

const LOCK_FILE = 'node.lock';

export interface DataLock {
  release(): Promise<void>;
}

export type LockState =
  | { readonly state: 'free' }
  /** Its process has ended; the next start takes the lock over. */
  | { readonly state: 'stale'; readonly pid: number }
  | { readonly state: 'held'; readonly pid: number };

/** Looks, and leaves everything as it is. */
export async function readLock(dataDir: string): Promise<LockState> {
  const text = await readFile(join(dataDir, LOCK_FILE), 'utf8').catch(() => null);
  if (text === null) return { state: 'free' };
  const pid = Number(text.trim());
  return { state: isRunning(pid) ? 'held' : 'stale', pid };
}

/** `pid` is the process that will hold the lock. */
export async function lockDataDir(dataDir: string, pid: number = process.pid): Promise<DataLock> {
  await mkdir(dataDir, { recursive: true });
  const file = join(dataDir, LOCK_FILE);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    if (await createWhole(file, `${pid}\n`)) return { release: () => rm(file, { force: true }) };
    const found = await readFile(file, 'utf8').catch(() => null);
    if (found === null) continue;
    const holder = Number(found.trim());
    if (holder !== pid && isRunning(holder)) {
      throw new DoinError(
        { code: 'data-dir-in-use', dataDir, pid: holder },
        `data_dir = ${JSON.stringify(dataDir)}: process ${holder} runs a node on it; stop that one or use another data_dir (if ${holder} is no doin node, remove ${file})`,
      );
    }
    if (!(await takeAway(file, found))) break;
  }
  throw new DoinError(
    { code: 'data-dir-in-use', dataDir, pid: null },
    `data_dir = ${JSON.stringify(dataDir)}: another node took it just now`,
  );
}

/** Makes the file with its content in one step, so that nobody reads it half-written. False when there is one. */
async function createWhole(file: string, content: string): Promise<boolean> {
  const temporary = uniqueName(file);
  await writeFile(temporary, content, { flag: 'wx', mode: 0o600 });
  try {
    await link(temporary, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * Removes a stale lock, and only that one: between reading and removing it, another starter may have removed it too
 * and made its own, which is then put back. False when it was such a fresh one. A third starter that comes in the
 * instant when the fresh one is away is not kept out; only a lock of the operating system could do that.
 */
export async function takeAway(file: string, stale: string): Promise<boolean> {
  const taken = uniqueName(file);
  try {
    await rename(file, taken);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
    throw error;
  }
  const isStale = (await readFile(taken, 'utf8')) === stale;
  // Not by renaming back, which would overwrite a lock made meanwhile.
  if (!isStale) await link(taken, file).catch(() => undefined);
  await rm(taken, { force: true });
  return isStale;
}

function uniqueName(file: string): string {
  return `${file}.${randomUUID()}`;
}

function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
