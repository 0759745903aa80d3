/** Every format holds the same rows as the tables. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parquetReadObjects } from 'hyparquet';
import { type ExportFormat, exportStatistics } from '../../runtime/stats/export.js';
import { OLAP_TABLES, type OlapTable } from '../../runtime/stats/olap-file.js';
import { Database } from '../../runtime/storage/sqlite.js';
import { block, experiment, newOptions, roundNumber, startTracker } from '../actors/tracker/kit.js';

/** More rounds than one batch holds. */
const ROUNDS = 2100;

async function filledFile(): Promise<string> {
  const options = newOptions();
  const tracker = await startTracker(options);
  await tracker.started(experiment);
  for (let number = 1; number <= ROUNDS; number += 1) await tracker.round(roundNumber(number, 0.5, 0.5, number === 1));
  await tracker.applied(block(1, 'b1', 'g', ['o1']));
  await tracker.stop();
  return options.olapFile;
}

async function contentOf(file: string, format: ExportFormat, table: OlapTable): Promise<Buffer> {
  const { content } = await exportStatistics(file, format, table);
  const parts: Buffer[] = [];
  for await (const part of content) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

async function tableRows(file: string, table: OlapTable): Promise<Record<string, unknown>[]> {
  const database = await Database.open(file, { readOnly: true });
  const rows = await database.all<Record<string, unknown>>(`SELECT * FROM ${table} ORDER BY rowid`);
  await database.close();
  return rows;
}

test('JSON Lines and Parquet are the table, row for row', async (t) => {
  const file = await filledFile();
  for (const table of OLAP_TABLES) {
    const rows = await tableRows(file, table);
    t.true(rows.length > 0, table);
    const text = (await contentOf(file, 'jsonl', table)).toString();
    t.deepEqual(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
      rows,
    );
    const bytes = await contentOf(file, 'parquet', table);
    const buffer = new Uint8Array(bytes).buffer;
    const read = await parquetReadObjects({ file: buffer });
    const plain = read.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : (value ?? null)]),
      ),
    );
    t.deepEqual(plain, rows);
  }
});

test('the CSV has a header and a line for each row', async (t) => {
  const file = await filledFile();
  const lines = (await contentOf(file, 'csv', 'fact_round')).toString().trimEnd().split('\r\n');
  t.is(lines.length, ROUNDS + 1);
  t.true(lines[0]!.startsWith('round_id,experiment_id,domain_id,round_number,'));
  t.true(lines[1]!.startsWith('experiment-1:1,experiment-1,digits,1,'));
});

test('the SQLite file opens, with every table', async (t) => {
  const file = await filledFile();
  const copy = join(mkdtempSync(join(tmpdir(), 'doin-export-test-')), 'copy.db');
  writeFileSync(copy, await contentOf(file, 'sqlite', 'fact_round'));
  for (const table of OLAP_TABLES) t.deepEqual(await tableRows(copy, table), await tableRows(file, table));
});

test('a file of another schema is refused', async (t) => {
  const file = join(mkdtempSync(join(tmpdir(), 'doin-export-test-')), 'other.db');
  await (await Database.open(file)).close();
  await t.throwsAsync(exportStatistics(file, 'csv', 'fact_round'), { message: /schema version 0/ });
});
