/** Reads the star schema's file beside the tracker that writes it: for exports and copies, which ask for all of it. */
import { OLAP_STEPS } from '../../actors/tracker/schema.js';
import { requireVersion } from '../storage/migrations.js';
import { Database, type SqlValue } from '../storage/sqlite.js';

export const OLAP_TABLES = [
  'dim_domain',
  'dim_experiment',
  'fact_round',
  'fact_experiment_summary',
  'fact_chain_optimae',
] as const;
export type OlapTable = (typeof OLAP_TABLES)[number];

export interface Column {
  readonly name: string;
  readonly type: 'text' | 'integer' | 'real';
  readonly nullable: boolean;
}

export type Row = Readonly<Record<string, SqlValue>>;

const BATCH_ROWS = 2000;

export async function openOlap(file: string): Promise<Database> {
  const database = await Database.open(file, { readOnly: true });
  try {
    await requireVersion(database, { file, steps: OLAP_STEPS });
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

export async function columnsOf(database: Database, table: OlapTable): Promise<readonly Column[]> {
  const rows = await database.all<{ name: string; type: string; notnull: number; pk: number }>(
    `PRAGMA table_info(${table})`,
  );
  return rows.map(({ name, type, notnull, pk }) => ({
    name,
    type: type === 'TEXT' ? 'text' : type === 'REAL' ? 'real' : 'integer',
    nullable: notnull === 0 && pk === 0,
  }));
}

/** All rows of a table in the order in which they were written, a batch at a time. */
export async function* batchesOf(database: Database, table: OlapTable): AsyncGenerator<readonly Row[]> {
  let last = 0;
  for (;;) {
    const rows = await database.all<Row & { readonly _rowid: number }>(
      `SELECT rowid AS _rowid, * FROM ${table} WHERE rowid > ? ORDER BY rowid LIMIT ?`,
      [last, BATCH_ROWS],
    );
    const end = rows.at(-1)?._rowid;
    if (end === undefined) return;
    last = end;
    yield rows;
  }
}
