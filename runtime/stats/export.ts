/** The star schema as files for other programs: the whole SQLite database, or one table as CSV, JSON Lines or Parquet. */
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { csvLine } from '../storage/csv-appender.js';
import type { Database } from '../storage/sqlite.js';
import { batchesOf, type Column, columnsOf, type OlapTable, openOlap, type Row } from './olap-file.js';
import { parquetFile } from './parquet.js';

export const EXPORT_FORMATS = ['sqlite', 'csv', 'jsonl', 'parquet'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

export interface ExportedFile {
  readonly name: string;
  readonly type: string;
  readonly content: Readable;
}

const TYPES: Readonly<Record<ExportFormat, string>> = {
  sqlite: 'application/vnd.sqlite3',
  csv: 'text/csv',
  jsonl: 'application/x-ndjson',
  parquet: 'application/vnd.apache.parquet',
};

export function exportType(format: ExportFormat): string {
  return TYPES[format];
}

/** One instant of the tables, whatever the tracker writes meanwhile. The content must be read or destroyed. */
export async function exportStatistics(
  olapFile: string,
  format: ExportFormat,
  table: OlapTable,
): Promise<ExportedFile> {
  const database = await openOlap(olapFile);
  const name = format === 'sqlite' ? 'olap.db' : `${table}.${format}`;
  const content = format === 'sqlite' ? wholeDatabase(database) : oneTable(database, format, table);
  return { name, type: TYPES[format], content: Readable.from(content, { objectMode: false }) };
}

async function* wholeDatabase(database: Database): AsyncGenerator<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'doin-export-'));
  try {
    const copy = join(folder, 'olap.db');
    await database.run('VACUUM INTO ?', [copy]);
    yield* createReadStream(copy);
  } finally {
    await database.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function* oneTable(
  database: Database,
  format: Exclude<ExportFormat, 'sqlite'>,
  table: OlapTable,
): AsyncGenerator<Uint8Array | string> {
  try {
    await database.exec('BEGIN');
    const columns = await columnsOf(database, table);
    const batches = batchesOf(database, table);
    yield* format === 'parquet' ? parquetFile(columns, batches) : lines(columns, batches, format);
  } finally {
    await database.close();
  }
}

async function* lines(
  columns: readonly Column[],
  batches: AsyncIterable<readonly Row[]>,
  format: 'csv' | 'jsonl',
): AsyncGenerator<string> {
  const names = columns.map(({ name }) => name);
  const values = (row: Row) => names.map((name) => plain(row[name]));
  if (format === 'csv') yield csvLine(names);
  for await (const rows of batches) {
    yield format === 'csv'
      ? rows.map((row) => csvLine(values(row))).join('')
      : rows.map((row) => `${JSON.stringify(Object.fromEntries(names.map((name) => [name, row[name]])))}\n`).join('');
  }
}

/** The star schema has text and numbers only. */
function plain(value: unknown): string | number | null {
  return typeof value === 'string' || typeof value === 'number' ? value : null;
}
