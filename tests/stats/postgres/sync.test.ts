/** The copy in a real PostgreSQL server, against the file it was made from. */
import { mkdtempSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import pg from 'pg';
import type { TrackerOptions } from '../../../actors/tracker/actor.js';
import { DoinError } from '../../../runtime/errors.js';
import { OLAP_TABLES, openOlap } from '../../../runtime/stats/olap-file.js';
import { runPostgresSync } from '../../../runtime/stats/postgres/run.js';
import { syncPostgres } from '../../../runtime/stats/postgres/sync.js';
import { block, experiment, newOptions, roundNumber, startTracker, type TrackerRun } from '../../actors/tracker/kit.js';
import { type PostgresServer, postgresBinaries, startPostgres } from '../../kit/postgres.js';

const binaries = postgresBinaries();
if (binaries === null) console.log('skipped: no PostgreSQL server is installed (Debian: apt-get install postgresql)');
const test = (binaries === null ? anyTest.skip : anyTest) as TestFn;
const serial = binaries === null ? anyTest.skip : anyTest.serial;

async function copy(options: TrackerOptions, server: PostgresServer): Promise<{ written: number; removed: number }> {
  let report = { written: -1, removed: -1 };
  await runPostgresSync({
    olapFile: options.olapFile,
    url: server.url,
    schema: 'doin',
    everySeconds: null,
    onCopied: (copied) => {
      report = copied;
    },
    onTrouble: () => undefined,
  });
  return report;
}

async function rounds(tracker: TrackerRun, from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number += 1) await tracker.round(roundNumber(number, 0.5, 0.5, number === 1));
  await tracker.flush();
}

/** Row counts of the copy, and of the file. */
async function counts(options: TrackerOptions, server: PostgresServer): Promise<readonly [number[], number[]]> {
  const source = await openOlap(options.olapFile);
  const [there, here]: [number[], number[]] = [[], []];
  for (const table of OLAP_TABLES) {
    there.push(Number((await server.query<{ n: string }>(`SELECT count(*) AS n FROM doin.${table}`))[0]?.n));
    here.push((await source.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`))?.n ?? -1);
  }
  await source.close();
  return [there, here];
}

const optimae = async (server: PostgresServer) =>
  (await server.query<{ optimae_id: string }>('SELECT optimae_id FROM doin.fact_chain_optimae ORDER BY 1')).map(
    (row) => row.optimae_id,
  );

serial('a copy has every row, moves only what is new, and follows a branch switch', async (t) => {
  t.timeout(120_000);
  const server = await startPostgres(t, binaries ?? '');
  const options = newOptions();
  const tracker = await startTracker(options);
  await tracker.started(experiment);
  await rounds(tracker, 1, 2500);
  await tracker.applied(block(1, 'b1', 'g', ['kept']));
  await tracker.applied(block(2, 'b2', 'b1', ['gone']));
  t.deepEqual(await copy(options, server), { written: 2500 + 1 + 1 + 1 + 2, removed: 0 });
  t.deepEqual(...(await counts(options, server)));
  t.deepEqual(await copy(options, server), { written: 0, removed: 0 });

  await rounds(tracker, 2501, 2503);
  await tracker.reverted(['b2']);
  await tracker.applied(block(2, 'c2', 'b1', ['new']));
  t.deepEqual(await copy(options, server), { written: 3 + 1 + 1, removed: 1 }, 'rounds, their summary, the new one');
  t.deepEqual(await optimae(server), ['kept', 'new']);
  await tracker.stop();
  t.deepEqual(...(await counts(options, server)));

  const [round] = await server.query<Record<string, unknown>>(
    "SELECT *, parameters->>'note' AS note FROM doin.fact_round WHERE round_number = 1",
  );
  t.like(round, { is_improvement: true, note: 'a "quoted", text', wall_clock_seconds: 0.4 });
  t.deepEqual(round?.timestamp_utc, new Date('2023-11-14T22:13:21.000Z'));
  for (const view of [
    'chain_optimae',
    'domain_progress',
    'optimizer_ranking',
    'experiment_comparison',
    'rounds_by_hour',
    'round_progress',
  ]) {
    t.true((await server.query(`SELECT * FROM doin.${view}`)).length > 0, view);
  }
  t.like((await server.query('SELECT * FROM doin.domain_progress ORDER BY block_height'))[1], { best_so_far: 0.94 });
});

serial('a crash of the server, or of the copy, loses nothing and doubles nothing', async (t) => {
  t.timeout(120_000);
  const server = await startPostgres(t, binaries ?? '');
  const options = newOptions();
  const tracker = await startTracker(options);
  await tracker.started(experiment);
  await rounds(tracker, 1, 4100);
  await tracker.stop();
  // The copy ends after its first batches, as a killed one does: what it wrote is there, and where it stands.
  const source = await openOlap(options.olapFile);
  const client = new pg.Client({ connectionString: server.url });
  client.on('error', () => undefined);
  await client.connect();
  const ending = new AbortController();
  await syncPostgres(source, client, {
    schema: 'doin',
    signal: ending.signal,
    onProgress: (done) => void (done > 2000 && ending.abort()),
  });
  const [there] = await counts(options, server);
  t.true((there[2] ?? 0) >= 2000 && (there[2] ?? 0) < 4100);
  await server.kill();
  await t.throwsAsync(syncPostgres(source, client, { schema: 'doin' }));
  await client.end().catch(() => undefined);
  await source.close();
  const error = await t.throwsAsync(copy(options, server), { instanceOf: DoinError });
  t.is(error?.code, 'postgres-unreachable');
  await server.start();
  const report = await copy(options, server);
  t.is(report.written, 4100 - (there[2] ?? 0));
  t.deepEqual(...(await counts(options, server)));
});

serial('several nodes fill one database, and an older file in the place of a newer one is copied again', async (t) => {
  t.timeout(120_000);
  const server = await startPostgres(t, binaries ?? '');
  const [one, other] = [newOptions(), newOptions()];
  const first = await startTracker(one);
  await first.started(experiment);
  await rounds(first, 1, 5);
  await first.stop();
  const backup = join(mkdtempSync(join(tmpdir(), 'doin-backup-')), 'olap.db');
  await copyFile(one.olapFile, backup);
  const again = await startTracker(one);
  await rounds(again, 6, 9);
  await again.applied(block(1, 'b1', 'g', ['shared', 'lost']));
  await again.stop();
  await copy(one, server);

  const second = await startTracker(other);
  await second.applied(block(1, 'b1', 'g', ['shared']));
  await second.stop();
  await copy(other, server);
  t.deepEqual(await optimae(server), ['lost', 'shared', 'shared']);
  t.is((await server.query("SELECT * FROM doin.chain_optimae WHERE optimae_id = 'shared'")).length, 1);

  await copyFile(backup, one.olapFile);
  const restored = await startTracker(one);
  await rounds(restored, 6, 20);
  await restored.applied(block(1, 'b1', 'g', ['shared']));
  await restored.stop();
  await copy(one, server);
  const [row] = await server.query<{ n: string }>('SELECT count(*) AS n FROM doin.fact_round');
  t.is(Number(row?.n), 20);
  t.deepEqual(await optimae(server), ['shared', 'shared']);
});

serial('text of strangers that PostgreSQL cannot hold does not stop the copy', async (t) => {
  t.timeout(120_000);
  const server = await startPostgres(t, binaries ?? '');
  const options = newOptions();
  const tracker = await startTracker(options);
  const odd = block(1, 'b1', 'g', ['o1']);
  const records = odd.records.map((record) =>
    record.type === 'OPTIMAE_ACCEPTED'
      ? {
          ...record,
          domain: 'unknown',
          genome: ['a\u0000b', '\uD800'],
          experiment: { ...record.experiment, experimentId: 'x\u0000\uD800' },
        }
      : record,
  );
  await tracker.applied({ ...odd, records: records as never });
  await tracker.stop();
  await copy(options, server);
  t.like((await server.query('SELECT * FROM doin.fact_chain_optimae'))[0], {
    experiment_id: 'x\uFFFD\uFFFD',
    parameters: ['a\uFFFDb', '\uFFFD'],
  });
});

test('a schema of a newer program is refused', async (t) => {
  t.timeout(120_000);
  const server = await startPostgres(t, binaries ?? '');
  const options = newOptions();
  await (await startTracker(options)).stop();
  await copy(options, server);
  await server.query('INSERT INTO doin._schema_version VALUES (99, now())');
  const error = await t.throwsAsync(copy(options, server), { instanceOf: DoinError });
  t.is(error?.code, 'store-too-new');
});
