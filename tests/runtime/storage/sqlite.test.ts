import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { isDoinError } from '../../../runtime/errors.js';
import { Database } from '../../../runtime/storage/sqlite.js';

async function open(): Promise<{ file: string; database: Database }> {
  const file = join(await mkdtemp(join(tmpdir(), 'doin-sqlite-')), 'test.db');
  const database = await Database.open(file);
  await database.exec('CREATE TABLE items (id INTEGER PRIMARY KEY, value)');
  return { file, database };
}
const ids = async (database: Database) =>
  (await database.all<{ id: number }>('SELECT id FROM items ORDER BY id')).map((row) => row.id);
const insert = 'INSERT INTO items (id, value) VALUES (?, ?)';

test('a transaction that fails leaves nothing behind and the database usable', async (t) => {
  const { database } = await open();
  await t.throwsAsync(
    database.transaction(async () => {
      await database.run(insert, [1, null]);
      throw new Error('changed my mind');
    }),
    { message: 'changed my mind' },
  );
  t.deepEqual(await ids(database), []);
  await database.transaction(() => database.run(insert, [2, null]));
  t.deepEqual(await ids(database), [2]);
  await database.close();
});

test('a transaction that SQLite already ended reports what went wrong, not that there is nothing to roll back', async (t) => {
  const { database } = await open();
  await database.run(insert, [1, null]);
  const failing = database.transaction(async () => {
    await database.run(insert, [2, null]);
    await database.run('INSERT OR ROLLBACK INTO items (id) VALUES (1)');
  });
  t.regex((await t.throwsAsync(failing))?.message ?? '', /UNIQUE constraint failed: items.id/);
  await database.transaction(() => database.run(insert, [3, null]));
  t.deepEqual(await ids(database), [1, 3]);
  await database.close();
});

test('what others write meanwhile is in no foreign transaction', async (t) => {
  const { database } = await open();
  const failing = database.transaction(async () => {
    await database.run(insert, [1, null]);
    await new Promise((resolve) => setImmediate(resolve));
    throw new Error('rolled back');
  });
  const outside = Array.from({ length: 5 }, (_, index) => database.run(insert, [10 + index, null]));
  await t.throwsAsync(failing, { message: 'rolled back' });
  await Promise.all(outside);
  t.deepEqual(await ids(database), [10, 11, 12, 13, 14]);
  await database.close();
});

test('transactions started together run one after another', async (t) => {
  const { database } = await open();
  await database.run(insert, [1, 0]);
  const increments = Array.from({ length: 20 }, () =>
    database.transaction(async () => {
      const row = await database.get<{ value: number }>('SELECT value FROM items WHERE id = 1');
      await database.run('UPDATE items SET value = ? WHERE id = 1', [(row?.value ?? 0) + 1]);
    }),
  );
  await Promise.all(increments);
  t.deepEqual(await database.get('SELECT value FROM items WHERE id = 1'), { value: 20 });
  await database.close();
});

test('what was written is there after opening again; bytes come back as they were', async (t) => {
  const { file, database } = await open();
  const bytes = Uint8Array.from({ length: 300 }, (_, index) => index & 255);
  await database.run(insert, [1, bytes.subarray(7, 200)]);
  await database.run(insert, [2, 123456789012345678901234567890n]);
  await database.close();
  const again = await Database.open(file, { readOnly: true });
  const rows = await again.all<{ value: unknown }>('SELECT value FROM items ORDER BY id');
  t.deepEqual(new Uint8Array(rows[0]?.value as Buffer), bytes.slice(7, 200));
  t.is(rows[1]?.value, '123456789012345678901234567890');
  t.true(isDoinError(await t.throwsAsync(again.run(insert, [3, null])), 'database-error'), 'read-only stays so');
  await again.close();
});

test('a wrong statement or file is an error that names it', async (t) => {
  const { file, database } = await open();
  const error = await t.throwsAsync(database.run('INSERT INTO nowhere VALUES (1)'));
  t.true(isDoinError(error, 'database-error'));
  t.regex(error?.message ?? '', /nowhere/);
  await database.close();
  const other = `${file}.text`;
  await writeFile(other, 'this is not a database, whatever its name says'.repeat(100));
  t.true(isDoinError(await t.throwsAsync(Database.open(other)), 'database-error'));
  t.true(isDoinError(await t.throwsAsync(Database.open(join(file, 'below'))), 'database-error'));
});
