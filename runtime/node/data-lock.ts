/**
 * One node per data folder. The lock names its process, so that one left behind by kill -9 is recognised as stale;
 * nobody is ever killed for it.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DoinError } from '../errors.js';

export interface DataLock {
  release(): Promise<void>;
}

export async function lockDataDir(dataDir: string): Promise<DataLock> {
  await mkdir(dataDir, { recursive: true });
  const file = join(dataDir, 'node.lock');
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      await writeFile(file, `${process.pid}\n`, { flag: 'wx', mode: 0o600 });
      return { release: () => rm(file, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = Number((await readFile(file, 'utf8').catch(() => '')).trim());
    if (holder !== process.pid && isRunning(holder)) {
      throw new DoinError(
        { code: 'data-dir-in-use', dataDir, pid: holder },
        `data_dir = ${JSON.stringify(dataDir)}: process ${holder} runs a node on it; stop that one or use another data_dir (if ${holder} is no doin node, remove ${file})`,
      );
    }
    await rm(file, { force: true });
  }
  throw new DoinError(
    { code: 'data-dir-in-use', dataDir, pid: null },
    `data_dir = ${JSON.stringify(dataDir)}: another node took it just now`,
  );
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
