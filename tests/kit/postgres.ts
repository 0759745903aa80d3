/** A PostgreSQL server of a test's own, in a temporary folder, reached by a socket there: no port, no other network. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { ExecutionContext } from 'ava';
import pg from 'pg';

/** Where Debian and its like keep the server, newest version first, then the path. */
export function postgresBinaries(): string | null {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  return folders.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres'))) ?? null;
}

/** PostgreSQL refuses to run as root; `nobody` will do. */
function user(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

export interface PostgresServer {
  readonly url: string;
  query<T extends object>(sql: string): Promise<T[]>;
  /** As a crash of the machine: at once, in the middle of whatever it does. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export async function startPostgres(t: ExecutionContext, binaries: string): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'doin-pg-'));
  const owner = user();
  if (owner.uid !== undefined && owner.gid !== undefined) chownSync(folder, owner.uid, owner.gid);
  const data = join(folder, 'data');
  const options = { ...owner, cwd: folder, encoding: 'utf8', stdio: 'pipe' } as const;
  execFileSync(join(binaries, 'initdb'), ['-D', data, '-U', 'doin', '-A', 'trust', '-N', '-E', 'UTF8'], options);
  let child: ReturnType<typeof spawn> | null = null;
  const kill = async () => {
    if (child === null || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    // The whole group: a postmaster that is killed leaves its children for a moment.
    process.kill(-(child.pid ?? 0), 'SIGKILL');
    await ended;
    child = null;
  };
  t.teardown(async () => {
    await kill();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  const url = `postgresql://doin@localhost/postgres?host=${encodeURIComponent(folder)}`;
  const server: PostgresServer = {
    url,
    async query<T extends object>(sql: string) {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      try {
        return (await client.query<T>(sql)).rows;
      } finally {
        await client.end();
      }
    },
    kill,
    async start() {
      rmSync(join(data, 'postmaster.pid'), { force: true });
      const args = [
        '-D',
        data,
        '-k',
        folder,
        '-c',
        'listen_addresses=',
        '-c',
        'fsync=off',
        '-c',
        'shared_buffers=16MB',
      ];
      child = spawn(join(binaries, 'postgres'), args, { ...owner, cwd: folder, detached: true, stdio: 'ignore' });
      for (;;) {
        const answer = await server.query('SELECT 1').catch((error: Error) => error);
        if (!(answer instanceof Error)) return;
        if (child.exitCode !== null) throw answer;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
  };
  await server.start();
  return server;
}
