/** One connection, one copy; or a copy after the other until somebody ends it. */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { DoinError, errorMessage } from '../../errors.js';
import { openOlap } from '../olap-file.js';
import { type SyncReport, syncPostgres } from './sync.js';

export interface PostgresSyncOptions {
  readonly olapFile: string;
  /** Null: what libpq's variables (PGHOST, PGUSER, PGPASSWORD...) say. */
  readonly url: string | null;
  readonly schema: string;
  /** Seconds between two copies; null: one copy and done. */
  readonly everySeconds: number | null;
  readonly signal?: AbortSignal;
  onCopied(report: SyncReport): void;
  onProgress?(done: number, total: number): void;
  /** A copy that failed and will be tried again. */
  onTrouble(message: string): void;
}

export async function runPostgresSync(options: PostgresSyncOptions): Promise<void> {
  const { everySeconds, signal, onCopied, onTrouble } = options;
  while (signal?.aborted !== true) {
    try {
      onCopied(await copyOnce(options));
    } catch (error) {
      if (everySeconds === null || !(error instanceof DoinError && error.code === 'postgres-unreachable')) throw error;
      onTrouble(error.message);
    }
    if (everySeconds === null) return;
    await sleep(everySeconds * 1000, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}

async function copyOnce({ olapFile, url, schema, signal, onProgress }: PostgresSyncOptions): Promise<SyncReport> {
  const source = await openOlap(olapFile);
  try {
    const client = new pg.Client(url === null ? {} : { connectionString: url });
    let broken: unknown;
    // A connection that breaks between two queries would else end the program.
    client.on('error', (error) => {
      broken = error;
    });
    try {
      await client.connect();
      const options = {
        schema,
        ...(signal !== undefined && { signal }),
        ...(onProgress !== undefined && { onProgress }),
      };
      return await syncPostgres(source, client, options);
    } catch (error) {
      throw serverError(broken ?? error);
    } finally {
      await client.end().catch(() => undefined);
    }
  } finally {
    await source.close();
  }
}

/** What the server itself says no to is not mended by trying again; a connection that failed may be. */
function serverError(error: unknown): unknown {
  if (error instanceof DoinError) return error;
  const reason = errorMessage(error);
  if (error instanceof pg.DatabaseError && !/^(08|57P)/.test(error.code ?? '')) {
    return new DoinError({ code: 'postgres-refused' }, `PostgreSQL refuses: ${reason} (${error.code ?? 'no code'})`, {
      cause: error,
    });
  }
  return new DoinError(
    { code: 'postgres-unreachable' },
    `no PostgreSQL server answers (${reason}); check --url, for example --url postgresql://user@127.0.0.1:5432/doin`,
    { cause: error },
  );
}
