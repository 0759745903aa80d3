import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { DoinError } from '../../../runtime/errors.js';
import { migrate, requireVersion } from '../../../runtime/storage/migrations.js';
import { Database } from '../../../runtime/storage/sqlite.js';

const STEPS = [
  'CREATE TABLE things (name TEXT PRIMARY KEY)',
  "ALTER TABLE things ADD COLUMN colour TEXT NOT NULL DEFAULT 'grey'",
];

async function temporary() {
  const file = join(mkdtempSync(join(tmpdir(), 'doin-migrate-')), 'a.db');
  return { file, database: await Database.open(file) };
}

test('an older file is upgraded with its rows, step by step, and a second time nothing happens', async (t) => {
  const { file, database } = await temporary();
  t.is(await migrate(database, { file, steps: STEPS.slice(0, 1) }), 0);
  await database.run("INSERT INTO things VALUES ('stone')");
  t.is(await migrate(database, { file, steps: STEPS }), 1);
  t.is(await migrate(database, { file, steps: STEPS }), 2);
  t.deepEqual(await database.all('SELECT * FROM things'), [{ name: 'stone', colour: 'grey' }]);
  await database.close();
});

test('a step that fails leaves the version before it, whole', async (t) => {
  const { file, database } = await temporary();
  await migrate(database, { file, steps: STEPS.slice(0, 1) });
  const broken = `${STEPS[1]}; INSERT INTO nowhere VALUES (1)`;
  await t.throwsAsync(migrate(database, { file, steps: [STEPS[0]!, broken] }), { message: /nowhere/ });
  t.deepEqual(await database.all('SELECT version FROM _schema_version'), [{ version: 1 }]);
  t.is(await migrate(database, { file, steps: STEPS }), 1);
  await database.close();
});

test('a file of a newer program is refused, with both versions and the way out', async (t) => {
  const { file, database } = await temporary();
  await migrate(database, { file, steps: STEPS });
  const older = { file, steps: STEPS.slice(0, 1) };
  for (const refused of [migrate(database, older), requireVersion(database, older)]) {
    const error = await t.throwsAsync(refused, { instanceOf: DoinError });
    t.is(error.code, 'store-too-new');
    t.regex(error.message, /version 2, this one knows up to 1.*use that program/);
  }
  await database.close();
});

test('a reader names an older file instead of misreading it', async (t) => {
  const { file, database } = await temporary();
  const error = await t.throwsAsync(requireVersion(database, { file, steps: STEPS }), { instanceOf: DoinError });
  t.is(error.code, 'store-outdated');
  await database.close();
});
