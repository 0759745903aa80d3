/** Checks of where a node writes and listens: data folder, its lock, disk space, ports. */
import { access, constants, readdir, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { errorMessage } from '../../errors.js';
import { type LockState, readLock } from '../data-lock.js';
import { type Finding, fail, ok, warn } from './finding.js';

/** A chain of a year, its snapshots and the models beside it. */
const COMFORTABLE_DISK_MB = 1024;
const LEAST_DISK_MB = 64;

/** Makes nothing that was not there: a folder that does not exist yet is judged by the one it would be made in. */
export async function checkDataDir(dataDir: string): Promise<Finding> {
  const folder = await nearestExisting(resolve(dataDir));
  const found = folder === resolve(dataDir) ? dataDir : `${dataDir} (will be made)`;
  try {
    await access(folder, constants.W_OK);
    const probe = join(folder, `.doctor-${process.pid}`);
    await writeFile(probe, '', { flag: 'wx' });
    await rm(probe);
  } catch (error) {
    return fail(
      'data folder',
      `${found}: ${errorMessage(error)}`,
      'make it writable for this user, or use another --data-dir',
    );
  }
  const { bavail, bsize } = await statfs(folder);
  const freeMb = Math.floor((bavail * bsize) / 2 ** 20);
  const fix = 'free some space, or use a --data-dir on another disk';
  if (freeMb < LEAST_DISK_MB) return fail('data folder', `${found}, ${freeMb} MB free`, fix);
  if (freeMb < COMFORTABLE_DISK_MB) return warn('data folder', `${found}, ${freeMb} MB free`, fix);
  return ok('data folder', `${found}, ${freeMb} MB free`);
}

export async function checkLock(dataDir: string): Promise<Finding> {
  const lock = await readLock(dataDir);
  if (lock.state === 'free') return ok('lock', 'no node runs on the data folder');
  if (lock.state === 'stale') return ok('lock', `left behind by process ${lock.pid}; the next start takes it over`);
  return warn(
    'lock',
    `process ${lock.pid} runs a node on the data folder`,
    'stop it before you start another one there',
  );
}

export interface Listening {
  readonly host: string;
  /** 0: any. */
  readonly port: number;
  /** Which setting names it. */
  readonly setting: string;
}

/** TCP addresses among libp2p's; others (circuits, unix sockets) need no port. */
export function tcpAddresses(multiaddrs: readonly string[]): Listening[] {
  return multiaddrs.flatMap((text, index) => {
    const parts = /^\/ip[46]\/(?<host>[^/]+)\/tcp\/(?<port>\d+)/.exec(text)?.groups;
    const host = parts?.host;
    return host === undefined ? [] : [{ host, port: Number(parts?.port), setting: `p2p.listen[${index}]` }];
  });
}

/** A port that the node of this very folder holds is as it should be. */
export async function checkPort({ host, port, setting }: Listening, lock: LockState): Promise<Finding> {
  if (port === 0) return ok(setting, 'any free port');
  const error = await listenOnce(host, port);
  if (error === null) return ok(setting, `${host}:${port} is free`);
  if (error.code === 'EADDRINUSE') {
    if (lock.state === 'held') return ok(setting, `${host}:${port} is in use, as it is while process ${lock.pid} runs`);
    return fail(
      setting,
      `${host}:${port} is in use`,
      `end the program that listens there, or choose another ${setting}`,
    );
  }
  const fix = error.code === 'EACCES' ? 'choose a port above 1023' : `choose a ${setting} of this machine`;
  return fail(setting, `${host}:${port}: ${error.message}`, fix);
}

function listenOnce(host: string, port: number): Promise<NodeJS.ErrnoException | null> {
  return new Promise((resolvePort) => {
    const server = createServer();
    server.once('error', resolvePort);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolvePort(null)));
  });
}

/** Time of the youngest file in the folder itself; null when there is none. */
export async function newestFileMs(dataDir: string): Promise<number | null> {
  const names = await readdir(dataDir).catch(() => []);
  const times = await Promise.all(names.map((name) => stat(join(dataDir, name)).then(({ mtimeMs }) => mtimeMs)));
  return times.length === 0 ? null : Math.max(...times);
}

async function nearestExisting(folder: string): Promise<string> {
  const exists = await access(folder).then(
    () => true,
    () => false,
  );
  return exists || dirname(folder) === folder ? folder : nearestExisting(dirname(folder));
}
