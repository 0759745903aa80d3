import test, { type ExecutionContext } from 'ava';
import type { TrialQuery } from '../../../actors/tracker/messages.js';
import { OlapStore } from '../../../actors/tracker/olap-store.js';
import { TrialQueries } from '../../../actors/tracker/trials.js';
import { Database } from '../../../runtime/storage/sqlite.js';
import { insertRounds } from '../../kit/rounds.js';
import { newOptions } from './kit.js';

const everything: TrialQuery = {
  domainId: 'digits',
  improvements: false,
  migrants: false,
  performance: { from: null, to: null },
  parameters: [],
  sort: 'round',
  descending: true,
  offset: 0,
  limit: 10,
};

async function withRounds(t: ExecutionContext, count: number) {
  const { olapFile } = newOptions();
  const database = await Database.open(olapFile);
  t.teardown(() => database.close());
  const performances = await insertRounds(new OlapStore(database, olapFile), 'digits', count);
  await insertRounds(new OlapStore(database, olapFile), 'other', 5);
  return { queries: new TrialQueries(database), database, performances };
}

test('pages hold the newest first, without gap or overlap, and the number of all', async (t) => {
  const { queries } = await withRounds(t, 25);
  const pages = await Promise.all([0, 10, 20, 30].map((offset) => queries.page({ ...everything, offset })));
  t.deepEqual(
    pages.flatMap(({ trials }) => trials.map(({ roundNumber }) => roundNumber)),
    Array.from({ length: 25 }, (_, index) => 25 - index),
  );
  t.true(pages.every(({ total }) => total === 25));
});

test('the best come first when asked for, in either direction', async (t) => {
  const { queries, performances } = await withRounds(t, 40);
  const sorted = performances.toSorted((a, b) => b - a);
  const best = await queries.page({ ...everything, sort: 'performance' });
  t.deepEqual(
    best.trials.map(({ performance }) => performance),
    sorted.slice(0, 10),
  );
  const worst = await queries.page({ ...everything, sort: 'performance', descending: false });
  t.is(worst.trials[0]?.performance, sorted.at(-1));
});

test('filters narrow what is counted and shown', async (t) => {
  const { queries } = await withRounds(t, 200);
  const improved = await queries.page({ ...everything, improvements: true, limit: 200 });
  t.is(improved.trials.length, improved.total);
  t.true(improved.total > 0 && improved.trials.every(({ isImprovement }) => isImprovement));
  const good = await queries.page({ ...everything, performance: { from: 0.5, to: null }, limit: 200 });
  t.true(good.total > 0 && good.trials.every(({ performance }) => performance >= 0.5));
  const rate = { name: 'rate', from: 0.2, to: 0.4 };
  const some = await queries.page({ ...everything, parameters: [rate], limit: 200 });
  t.true(some.total > 0 && some.total < 200);
  t.true(some.trials.every(({ parameters }) => Number(parameters.rate) >= 0.2 && Number(parameters.rate) <= 0.4));
});

test('a sample stays small, covers all of the time, and holds the best', async (t) => {
  const { queries, performances } = await withRounds(t, 5_000);
  const { total, spread, improvements } = await queries.sample('digits', 100);
  t.is(total, 5_000);
  t.true(spread.length <= 100 && spread.length >= 90, `${spread.length} points`);
  t.true(spread[0]!.roundNumber <= 100 && spread.at(-1)!.roundNumber >= 4_900);
  t.is(improvements.at(-1)?.performance, Math.max(...performances));
});

test('a page of a hundred thousand trials reads an index, not all of them', async (t) => {
  const { database } = await withRounds(t, 10);
  const plan = async (sql: string) =>
    (await database.all<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)).map(({ detail }) => detail).join('; ');
  const byPerformance = await plan(
    "SELECT rowid FROM fact_round WHERE domain_id = 'd' ORDER BY performance DESC, rowid DESC LIMIT 50 OFFSET 9",
  );
  t.regex(byPerformance, /COVERING INDEX round_by_performance/);
  t.notRegex(byPerformance, /TEMP B-TREE/);
  const byRound = await plan("SELECT rowid FROM fact_round WHERE domain_id = 'd' ORDER BY rowid DESC LIMIT 50");
  t.notRegex(byRound, /TEMP B-TREE|SCAN/);
});
