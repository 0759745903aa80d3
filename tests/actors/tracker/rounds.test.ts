import { appendFile, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import test from 'ava';
import type { TrackerOptions } from '../../../actors/tracker/actor.js';
import type { ExperimentRow, RoundRow } from '../../../actors/tracker/rows.js';
import { CSV_COLUMNS } from '../../../actors/tracker/schema.js';
import { Database } from '../../../runtime/storage/sqlite.js';
import { experiment, newOptions, roundNumber, startTracker } from './kit.js';

/** A plain RFC 4180 reader, written apart from the writer under test. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const match of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/g)) {
    if (match[0] === '') continue;
    rows.at(-1)!.push(match[1] === undefined ? (match[2] ?? '') : match[1].replaceAll('""', '"'));
    if (match[3] === '\r\n') rows.push([]);
  }
  return rows.filter((row) => row.length > 0);
}

async function readCsv(options: TrackerOptions): Promise<Record<string, string>[]> {
  const [header, ...rows] = parseCsv(await readFile(options.csvFile, 'utf8'));
  return rows.map((row) => Object.fromEntries(header!.map((name, index) => [name, row[index] ?? ''])));
}

async function query<T>(options: TrackerOptions, sql: string): Promise<T[]> {
  const database = await Database.open(options.olapFile, { readOnly: true });
  const rows = await database.all<T>(sql);
  await database.close();
  return rows;
}

async function threeRounds(options: TrackerOptions): Promise<void> {
  const tracker = await startTracker(options);
  await tracker.started(experiment);
  await tracker.round(roundNumber(1, 0.5, 0.5, true));
  await tracker.round(roundNumber(2, 0.4, 0.5, false));
  await tracker.round(roundNumber(3, 0.92, 0.92, true));
  await tracker.stop();
}

test('the CSV has at least 28 of upstream columns, each once', (t) => {
  t.is(new Set(CSV_COLUMNS).size, CSV_COLUMNS.length);
  const upstream = `experiment_id round_id domain_id node_id timestamp_utc wall_clock_seconds experiment_start_utc
    time_to_current_best_seconds time_to_target_seconds total_rounds round_number performance best_performance
    target_performance performance_delta converged parameters best_parameters optimization_config param_bounds hostname
    optimizer_plugin performance_metric higher_is_better doin_version chain_height peers_count generation
    population_size no_improve_counter optimization_patience`.split(/\s+/);
  t.true(upstream.length >= 28);
  for (const name of upstream) t.true(CSV_COLUMNS.includes(name), name);
});

test('CSV rows and table rows say the same', async (t) => {
  const options = newOptions();
  await threeRounds(options);
  const csv = await readCsv(options);
  const rounds = await query<RoundRow>(options, 'SELECT * FROM fact_round ORDER BY rowid');
  const [dimension] = await query<ExperimentRow>(options, 'SELECT * FROM dim_experiment');
  t.is(csv.length, 3);
  t.is(rounds.length, 3);
  for (const [index, row] of csv.entries()) {
    const table: Record<string, unknown> = { ...dimension, ...rounds[index] };
    for (const name of CSV_COLUMNS) {
      if (name in table && name !== 'converged') t.is(row[name], String(table[name] ?? ''), name);
    }
    t.is(row.converged, String(rounds[index]!.converged));
    t.is(row.experiment_start_utc, dimension!.started_at);
    t.is(row.optimization_patience, '10');
    t.deepEqual(JSON.parse(row.parameters!), { rate: 0.5, note: 'a "quoted", text' });
  }
});

test('derived columns follow the search', async (t) => {
  const options = newOptions();
  await threeRounds(options);
  const [first, second, third] = await query<RoundRow>(options, 'SELECT * FROM fact_round ORDER BY rowid');
  t.is(first!.performance_delta, null);
  t.true(Math.abs(second!.performance_delta! - -0.1) < 1e-12);
  t.deepEqual(
    [first, second, third].map((row) => row!.elapsed_seconds),
    [1, 2, 3],
  );
  t.deepEqual(
    [first, second, third].map((row) => row!.time_to_current_best_seconds),
    [1, 1, 3],
  );
  t.deepEqual(
    [first, second, third].map((row) => row!.time_to_target_seconds),
    [null, null, 3],
  );
  t.deepEqual(
    [first, second, third].map((row) => row!.total_rounds),
    [1, 2, 3],
  );
  t.is(first!.wall_clock_seconds, 0.4);
});

test('the summary follows the rounds and the end of the search', async (t) => {
  const options = newOptions();
  const tracker = await startTracker(options);
  await tracker.started({ ...experiment, targetPerformance: null });
  await tracker.round(roundNumber(1, 0.5, 0.5, true));
  await tracker.round(roundNumber(2, 0.4, 0.5, false));
  await tracker.flush();
  const summary = () => query<Record<string, unknown>>(options, 'SELECT * FROM fact_experiment_summary');
  t.like((await summary())[0], { total_rounds: 2, final_performance: 0.4, best_performance: 0.5, converged: 0 });
  await tracker.converged(experiment.experimentId);
  t.like((await summary())[0], { converged: 1, rounds_to_convergence: 2, total_elapsed_seconds: 2 });
  t.deepEqual(await tracker.experiments(), [
    {
      experimentId: 'experiment-1',
      domainId: 'digits',
      totalRounds: 2,
      bestPerformance: 0.5,
      converged: true,
      elapsedSeconds: 2,
    },
  ]);
  await tracker.stop();
});

test('a torn last CSV line is dropped at the next start and written again whole', async (t) => {
  const options = newOptions();
  await threeRounds(options);
  const whole = await readFile(options.csvFile);
  await truncate(options.csvFile, whole.length - 20);
  const tracker = await startTracker(options);
  t.is(tracker.warnings.length, 1);
  await tracker.round(roundNumber(4, 0.93, 0.93, true));
  await tracker.stop();
  const text = await readFile(options.csvFile, 'utf8');
  t.true(text.startsWith(whole.toString()), 'the rows before are as they were');
  t.deepEqual(
    (await readCsv(options)).map((row) => row.round_number),
    ['1', '2', '3', '4'],
  );
});

test('a tear inside a quoted field is seen as one', async (t) => {
  const options = newOptions();
  await threeRounds(options);
  const whole = await readFile(options.csvFile, 'utf8');
  await appendFile(options.csvFile, 'experiment-1:4,"{""a"":\r\n1');
  await (await startTracker(options)).stop();
  t.is(await readFile(options.csvFile, 'utf8'), whole);
});

test('rounds that only SQLite has are written to the CSV at the next start, even a lost file', async (t) => {
  const options = newOptions();
  await threeRounds(options);
  const whole = await readFile(options.csvFile, 'utf8');
  await rm(options.csvFile);
  await (await startTracker(options)).stop();
  t.is(await readFile(options.csvFile, 'utf8'), whole);
});

test('a CSV with other columns is moved aside, not mixed with ours', async (t) => {
  const options = newOptions();
  await writeFile(options.csvFile, 'a,b\r\n1,2\r\n');
  await threeRounds(options);
  t.is(await readFile(`${options.csvFile}.1`, 'utf8'), 'a,b\r\n1,2\r\n');
  t.is((await readCsv(options)).length, 3);
});

test('a restarted search goes on in its experiment, and a repeated round is not counted twice', async (t) => {
  const options = newOptions();
  await threeRounds(options);
  const tracker = await startTracker(options);
  await tracker.started({ ...experiment, startedAtMs: experiment.startedAtMs + 999_000 });
  await tracker.round(roundNumber(3, 0.1, 0.92, false));
  await tracker.round(roundNumber(4, 0.8, 0.92, false));
  t.is(await tracker.flush(), 4);
  await tracker.stop();
  const rows = await query<RoundRow>(options, 'SELECT * FROM fact_round ORDER BY rowid');
  t.deepEqual(
    rows.map((row) => [row.performance, row.total_rounds, row.time_to_current_best_seconds]),
    [
      [0.5, 1, 1],
      [0.4, 2, 1],
      [0.92, 3, 3],
      [0.8, 4, 3],
    ],
  );
  t.is((await readCsv(options)).length, 4);
});

test('rounds of a search whose start this tracker missed are kept, and the announcement completes them', async (t) => {
  const options = newOptions();
  const tracker = await startTracker(options);
  await tracker.round(roundNumber(2, 0.5, 0.5, true));
  t.is(await tracker.flush(), 1);
  t.is(tracker.warnings.length, 1);
  const [derived] = await query<ExperimentRow>(options, 'SELECT * FROM dim_experiment');
  t.like(derived, { experiment_id: 'experiment-1', performance_metric: 'accuracy', optimization_config: '{}' });
  t.is(derived!.started_at, new Date(roundNumber(2, 0, 0, true).startedAtMs).toISOString());

  await tracker.started(experiment);
  await tracker.round(roundNumber(3, 0.92, 0.92, true));
  await tracker.stop();
  t.is(tracker.warnings.length, 1, 'once for each experiment');
  const [complete] = await query<ExperimentRow>(options, 'SELECT * FROM dim_experiment');
  t.is(complete!.started_at, new Date(experiment.startedAtMs).toISOString());
  t.deepEqual(JSON.parse(complete!.optimization_config), experiment.optimizationConfig);
  t.deepEqual(JSON.parse(complete!.param_bounds), experiment.parameterBounds);
  const csv = await readCsv(options);
  t.deepEqual(
    csv.map((row) => [row.round_number, row.total_rounds, row.optimization_patience]),
    [
      ['2', '1', ''],
      ['3', '2', '10'],
    ],
  );
});

test('an announcement of a known experiment changes nothing of it', async (t) => {
  const options = newOptions();
  const tracker = await startTracker(options);
  await tracker.started(experiment);
  await tracker.started({ ...experiment, startedAtMs: 5, optimizationConfig: { other: true } });
  await tracker.stop();
  const [row] = await query<ExperimentRow>(options, 'SELECT * FROM dim_experiment');
  t.is(row!.started_at, new Date(experiment.startedAtMs).toISOString());
  t.deepEqual(JSON.parse(row!.optimization_config), experiment.optimizationConfig);
});
