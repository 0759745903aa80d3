/**
 * Promises over `sqlite3`. One connection; statements outside a transaction wait for a running one to end, so that
 * nobody's write slips into somebody else's transaction.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import sqlite3 from 'sqlite3';
import { DoinError, errorMessage } from '../errors.js';
import { Serial } from '../serial.js';

export type SqlValue = string | number | bigint | Uint8Array | null;

export class Database {
  readonly #handle: sqlite3.Database;
  readonly #inside = new AsyncLocalStorage<true>();
  readonly #serial = new Serial();

  private constructor(handle: sqlite3.Database) {
    this.#handle = handle;
  }

  /** Write-ahead log and full synchronisation: what `run` acknowledged survives a power cut. */
  static async open(file: string, options: { readOnly?: boolean } = {}): Promise<Database> {
    const mode = options.readOnly ? sqlite3.OPEN_READONLY : sqlite3.OPEN_READWRITE | sqlite3.OPEN_CREATE;
    const handle = await new Promise<sqlite3.Database>((resolve, reject) => {
      const opened = new sqlite3.Database(file, mode, (error) =>
        error ? reject(databaseError(file, error)) : resolve(opened),
      );
    });
    const database = new Database(handle);
    await database.exec('PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON;');
    if (!options.readOnly) await database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    return database;
  }

  run(sql: string, parameters: readonly SqlValue[] = []): Promise<void> {
    return this.#exclusive(
      () =>
        new Promise((resolve, reject) => {
          this.#handle.run(sql, parameters.map(toSql), (error) =>
            error ? reject(databaseError(sql, error)) : resolve(),
          );
        }),
    );
  }

  all<T>(sql: string, parameters: readonly SqlValue[] = []): Promise<T[]> {
    return this.#exclusive(
      () =>
        new Promise((resolve, reject) => {
          this.#handle.all(sql, parameters.map(toSql), (error, rows) =>
            error ? reject(databaseError(sql, error)) : resolve(rows as T[]),
          );
        }),
    );
  }

  async get<T>(sql: string, parameters: readonly SqlValue[] = []): Promise<T | undefined> {
    return (await this.all<T>(sql, parameters))[0];
  }

  /** Adds rows to a statement that ends in `VALUES`, many at a time. */
  async insert(sql: string, rows: readonly (readonly SqlValue[])[]): Promise<void> {
    const perStatement = Math.max(1, Math.floor(PARAMETERS / (rows[0]?.length ?? 1)));
    for (let at = 0; at < rows.length; at += perStatement) {
      const some = rows.slice(at, at + perStatement);
      await this.run(`${sql} ${some.map((row) => placeholders(row.length)).join(', ')}`, some.flat());
    }
  }

  /** Completes a statement that ends in `IN` with these values, many at a time. */
  async forEach(sql: string, values: readonly SqlValue[]): Promise<void> {
    for (let at = 0; at < values.length; at += PARAMETERS) {
      const some = values.slice(at, at + PARAMETERS);
      await this.run(`${sql} ${placeholders(some.length)}`, some);
    }
  }

  /** The rows of a query that ends in `IN`, for many values. */
  async allOf<T>(sql: string, values: readonly SqlValue[]): Promise<T[]> {
    const found: T[] = [];
    for (let at = 0; at < values.length; at += PARAMETERS) {
      const some = values.slice(at, at + PARAMETERS);
      found.push(...(await this.all<T>(`${sql} ${placeholders(some.length)}`, some)));
    }
    return found;
  }

  exec(sql: string): Promise<void> {
    return this.#exclusive(() => this.#execute(sql));
  }

  /** All of `work`'s statements or none. Transactions do not nest. */
  transaction<T>(work: () => Promise<T>): Promise<T> {
    return this.#exclusive(async () => {
      await this.#execute('BEGIN IMMEDIATE');
      try {
        const result = await this.#inside.run(true, work);
        await this.#execute('COMMIT');
        return result;
      } catch (error) {
        // SQLite ends a transaction by itself on some errors (disk full), and then there is nothing to roll back:
        // what went wrong first is what the caller must hear.
        await this.#execute('ROLLBACK').catch(() => undefined);
        throw error;
      }
    });
  }

  close(): Promise<void> {
    return this.#exclusive(
      () =>
        new Promise((resolve, reject) => {
          this.#handle.close((error) => (error ? reject(databaseError('close', error)) : resolve()));
        }),
    );
  }

  #execute(sql: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#handle.exec(sql, (error) => (error ? reject(databaseError(sql, error)) : resolve()));
    });
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    return this.#inside.getStore() ? work() : this.#serial.run(work);
  }
}

/** Far below SQLite's own limit; more would not make it faster. */
const PARAMETERS = 512;

function placeholders(count: number): string {
  return `(${Array.from({ length: count }, () => '?').join(', ')})`;
}

/** The driver takes no bigints; values beyond 2^53 are stored as decimal text by their owners. */
function toSql(value: SqlValue): unknown {
  if (typeof value === 'bigint') return value.toString();
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}

function databaseError(what: string, error: unknown): DoinError<{ code: 'database-error'; statement: string }> {
  return new DoinError(
    { code: 'database-error', statement: what.slice(0, 200) },
    `database: ${errorMessage(error)} (${what.slice(0, 200)})`,
    { cause: error },
  );
}
