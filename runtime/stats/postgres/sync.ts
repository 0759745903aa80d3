/**
 * Copies the star schema into PostgreSQL, only what is new. Where the copy stands is written in the same transaction as
 * the rows, so a crash on either side repeats nothing and loses nothing; whatever is repeated anyway changes nothing.
 * Rows that a branch switch took out of olap.db are in its list of changes, and go here too.
 */
import type { ClientBase } from 'pg';
import { DoinError } from '../../errors.js';
import type { Database } from '../../storage/sqlite.js';
import { columnsOf, OLAP_TABLES, type OlapTable, type Row } from '../olap-file.js';
import { createTable, INDEXES_AND_VIEWS, type PostgresTable, postgresRow, postgresTable, upsert } from './tables.js';

/** Of the tables in PostgreSQL. */
const SCHEMA_VERSION = 1;
const BATCH_ROWS = 2000;

export interface SyncReport {
  /** Rows written, and rows taken out. */
  readonly written: number;
  readonly removed: number;
}

export interface SyncOptions {
  /** PostgreSQL schema that holds the tables; a plain lower-case name. */
  readonly schema: string;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

interface Position {
  readonly change_sequence: number;
  readonly round_rowid: number;
  readonly round_id: string | null;
}

const START: Position = { change_sequence: 0, round_rowid: 0, round_id: null };

/** Everything that olap.db has and PostgreSQL has not. Ends early, between two batches, when the signal comes. */
export async function syncPostgres(source: Database, client: ClientBase, options: SyncOptions): Promise<SyncReport> {
  const tables = new Map<OlapTable, PostgresTable>();
  for (const table of OLAP_TABLES) tables.set(table, postgresTable(table, await columnsOf(source, table)));
  await prepare(client, options.schema, [...tables.values()]);
  const copy = new Copy(source, client, tables, await sourceId(source));
  const total = await copy.waiting();
  let [written, removed] = [0, 0];
  while (options.signal?.aborted !== true) {
    const batch = await inTransaction(client, () => copy.batch());
    written += batch.written;
    removed += batch.removed;
    options.onProgress?.(written + removed, Math.max(total, written + removed));
    if (batch.written + batch.removed === 0) break;
  }
  return { written, removed };
}

async function sourceId(source: Database): Promise<string> {
  const row = await source.get<{ id: string }>('SELECT id FROM _source');
  if (row === undefined) throw new DoinError({ code: 'store-outdated' }, 'olap.db does not say which file it is');
  return row.id;
}

/** Creates the schema, or checks that this program knows it. Two copies that start at once wait for each other here. */
async function prepare(client: ClientBase, schema: string, tables: readonly PostgresTable[]): Promise<void> {
  await inTransaction(client, async () => {
    await client.query("SELECT pg_advisory_xact_lock(hashtext('doin-schema'))");
    await client.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
    await client.query(`SET search_path TO ${schema}`);
    await client.query('CREATE TABLE IF NOT EXISTS _schema_version (version int PRIMARY KEY, applied_at timestamptz)');
    const { rows } = await client.query<{ version: number | null }>(
      'SELECT max(version) AS version FROM _schema_version',
    );
    const found = rows[0]?.version ?? 0;
    if (found > SCHEMA_VERSION) {
      throw new DoinError(
        { code: 'store-too-new', found, supported: SCHEMA_VERSION },
        `--schema = "${schema}": it was made by a newer program (version ${found}, this one knows up to ${SCHEMA_VERSION}); use that program, or another schema`,
      );
    }
    if (found === SCHEMA_VERSION) return;
    for (const table of tables) await client.query(createTable(table));
    await client.query(
      'CREATE TABLE _sync_state (source_id text PRIMARY KEY, change_sequence bigint NOT NULL, round_rowid bigint NOT NULL, round_id text, last_sync_utc timestamptz NOT NULL)',
    );
    await client.query(INDEXES_AND_VIEWS);
    await client.query('INSERT INTO _schema_version VALUES ($1, now())', [SCHEMA_VERSION]);
  });
}

class Copy {
  readonly #source: Database;
  readonly #client: ClientBase;
  readonly #tables: ReadonlyMap<OlapTable, PostgresTable>;
  readonly #sourceId: string;

  constructor(source: Database, client: ClientBase, tables: ReadonlyMap<OlapTable, PostgresTable>, sourceId: string) {
    this.#source = source;
    this.#client = client;
    this.#tables = tables;
    this.#sourceId = sourceId;
  }

  /** Rows that wait, for a progress bar. */
  async waiting(): Promise<number> {
    const { change_sequence: sequence, round_rowid: rowid } = await this.#position();
    const row = await this.#source.get<{ count: number }>(
      'SELECT (SELECT count(*) FROM _changes WHERE sequence > ?) + (SELECT count(*) FROM fact_round WHERE rowid > ?) AS count',
      [sequence, rowid],
    );
    return row?.count ?? 0;
  }

  /** One batch, inside of a transaction: the small tables first, so that a round finds its experiment. */
  async batch(): Promise<SyncReport> {
    await this.#client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [this.#sourceId]);
    const position = await this.#position();
    const changes = await this.#source.all<{ sequence: number; table_name: OlapTable; key: string }>(
      'SELECT sequence, table_name, key FROM _changes WHERE sequence > ? ORDER BY sequence LIMIT ?',
      [position.change_sequence, BATCH_ROWS],
    );
    if (changes.length > 0) return this.#moveChanges(position, changes);
    const rounds = await this.#source.all<Row & { _rowid: number; round_id: string }>(
      'SELECT rowid AS _rowid, * FROM fact_round WHERE rowid > ? ORDER BY rowid LIMIT ?',
      [position.round_rowid, BATCH_ROWS],
    );
    const last = rounds.at(-1);
    if (last === undefined) return { written: 0, removed: 0 };
    await this.#write('fact_round', rounds);
    await this.#moveTo({ ...position, round_rowid: last._rowid, round_id: last.round_id });
    return { written: rounds.length, removed: 0 };
  }

  async #moveChanges(
    position: Position,
    changes: readonly { sequence: number; table_name: OlapTable; key: string }[],
  ): Promise<SyncReport> {
    let [written, removed] = [0, 0];
    for (const table of OLAP_TABLES) {
      const keys = changes.filter(({ table_name: name }) => name === table).map(({ key }) => key);
      if (keys.length === 0) continue;
      const column = this.#table(table).key.at(-1) ?? '';
      const rows = await this.#source.allOf<Row>(`SELECT * FROM ${table} WHERE ${column} IN`, keys);
      const present = new Set(rows.map((row) => String(row[column])));
      const gone = keys.filter((key) => !present.has(key));
      await this.#write(table, rows);
      await this.#remove(table, column, gone);
      written += rows.length;
      removed += gone.length;
    }
    await this.#moveTo({ ...position, change_sequence: changes.at(-1)?.sequence ?? position.change_sequence });
    return { written, removed };
  }

  async #write(name: OlapTable, rows: readonly Row[]): Promise<void> {
    if (rows.length === 0) return;
    const table = this.#table(name);
    await this.#client.query(upsert(table), [
      JSON.stringify(rows.map((row) => postgresRow(table, row, this.#sourceId))),
    ]);
  }

  async #remove(table: OlapTable, column: string, keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    const own = table === 'fact_chain_optimae' ? 'source_id = $2 AND' : '$2::text IS NOT NULL AND';
    await this.#client.query(`DELETE FROM ${table} WHERE ${own} ${column} = ANY($1)`, [keys, this.#sourceId]);
  }

  /** Where the copy stands; from the beginning when olap.db is an older one than was copied, from a backup perhaps. */
  async #position(): Promise<Position> {
    const { rows } = await this.#client.query<{
      change_sequence: string;
      round_rowid: string;
      round_id: string | null;
    }>('SELECT change_sequence, round_rowid, round_id FROM _sync_state WHERE source_id = $1', [this.#sourceId]);
    const [row] = rows;
    if (row === undefined) return START;
    const position = {
      change_sequence: Number(row.change_sequence),
      round_rowid: Number(row.round_rowid),
      round_id: row.round_id,
    };
    if (await this.#isAhead(position)) {
      await this.#client.query('DELETE FROM fact_chain_optimae WHERE source_id = $1', [this.#sourceId]);
      await this.#moveTo(START);
      return START;
    }
    return position;
  }

  async #isAhead({ change_sequence: sequence, round_rowid: rowid, round_id: roundId }: Position): Promise<boolean> {
    const newest = await this.#source.get<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = '_changes'");
    if (sequence > (newest?.seq ?? 0)) return true;
    if (rowid === 0) return false;
    const round = await this.#source.get<{ round_id: string }>('SELECT round_id FROM fact_round WHERE rowid = ?', [
      rowid,
    ]);
    return round?.round_id !== roundId;
  }

  async #moveTo({ change_sequence: sequence, round_rowid: rowid, round_id: roundId }: Position): Promise<void> {
    await this.#client.query(
      `INSERT INTO _sync_state VALUES ($1, $2, $3, $4, now()) ON CONFLICT (source_id) DO UPDATE
         SET change_sequence = $2, round_rowid = $3, round_id = $4, last_sync_utc = now()`,
      [this.#sourceId, sequence, rowid, roundId],
    );
  }

  #table(name: OlapTable): PostgresTable {
    const table = this.#tables.get(name);
    if (table === undefined) throw new Error(`no table ${name}`);
    return table;
  }
}

async function inTransaction<T>(client: ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  try {
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    // The connection may be what failed: the first error is the one that counts.
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
