import test from 'ava';
import type { TrackerOptions } from '../../../actors/tracker/actor.js';
import type { ChainOptimumRow } from '../../../actors/tracker/rows.js';
import { Database } from '../../../runtime/storage/sqlite.js';
import { block, newOptions, startTracker } from './kit.js';

async function rowsOf(options: TrackerOptions): Promise<ChainOptimumRow[]> {
  const database = await Database.open(options.olapFile, { readOnly: true });
  const rows = await database.all<ChainOptimumRow>(
    'SELECT * FROM fact_chain_optimae ORDER BY block_height, optimae_id',
  );
  await database.close();
  return rows;
}

const ids = async (options: TrackerOptions) => (await rowsOf(options)).map((row) => row.optimae_id);

test('every accepted optimum of the chain becomes a row in whole units', async (t) => {
  const options = newOptions();
  const tracker = await startTracker(options);
  await tracker.applied(block(1, 'b1', 'g'));
  await tracker.applied(block(2, 'b2', 'b1', ['o1']));
  await tracker.stop();
  const [row] = await rowsOf(options);
  t.like(row, {
    optimae_id: 'o1',
    domain_id: 'digits',
    experiment_id: 'other-node',
    round_number: 4,
    parameters: '{"rate":0.25}',
    reported_performance: 0.95,
    verified_performance: 0.94,
    effective_increment: 0.02,
    time_to_this_result_seconds: 1.5,
    previous_best_performance: 0.9,
    reward_fraction: 1,
    block_height: 2,
    block_timestamp: '2023-11-14T22:13:22.000Z',
  });
  t.is(row!.quorum_agree_fraction, 2 / 3);
  t.is(tracker.asked(), 1, 'a chain that is followed from its start is asked once, at the start');
});

test('a branch switch removes the rows of the blocks that are gone and no others', async (t) => {
  const options = newOptions();
  const tracker = await startTracker(options);
  await tracker.applied(block(1, 'b1', 'g', ['kept']));
  await tracker.applied(block(2, 'b2', 'b1', ['gone', 'moved']));
  await tracker.applied(block(3, 'b3', 'b2', ['gone-too']));
  await tracker.reverted(['b3', 'b2']);
  t.deepEqual(await ids(options), ['kept']);
  await tracker.applied(block(2, 'c2', 'b1', ['new']));
  await tracker.applied(block(3, 'c3', 'c2', ['moved']));
  await tracker.stop();
  t.deepEqual(await ids(options), ['kept', 'new', 'moved']);
  t.is(tracker.asked(), 1, 'at the start');
});

test('blocks missed while the tracker was down are read from the chain', async (t) => {
  const options = newOptions();
  const before = await startTracker(options);
  await before.applied(block(1, 'b1', 'g', ['o1']));
  await before.stop();
  const after = await startTracker(options);
  for (const missed of [block(1, 'b1', 'g', ['o1']), block(2, 'b2', 'b1', ['o2'])]) {
    after.blocks.set(missed.height, missed);
  }
  await after.applied(block(3, 'b3', 'b2', ['o3']));
  await after.stop();
  t.deepEqual(await ids(options), ['o1', 'o2', 'o3']);
});

test('a branch switch missed while the tracker was down is corrected', async (t) => {
  const options = newOptions();
  const before = await startTracker(options);
  await before.applied(block(1, 'b1', 'g', ['o1']));
  await before.applied(block(2, 'b2', 'b1', ['gone']));
  await before.stop();
  const after = await startTracker(options);
  for (const canonical of [block(1, 'b1', 'g', ['o1']), block(2, 'c2', 'b1', ['new'])]) {
    after.blocks.set(canonical.height, canonical);
  }
  await after.applied(block(3, 'c3', 'c2'));
  await after.stop();
  t.deepEqual(await ids(options), ['o1', 'new']);
});

test('a block told twice is one block', async (t) => {
  const options = newOptions();
  const tracker = await startTracker(options);
  await tracker.applied(block(1, 'b1', 'g', ['o1']));
  await tracker.applied(block(1, 'b1', 'g', ['o1']));
  await tracker.stop();
  t.deepEqual(await ids(options), ['o1']);
});

test('blocks that came while the tracker was down are there without a new one', async (t) => {
  const options = newOptions();
  await (await startTracker(options, [block(1, 'b1', 'g', ['o1'])])).stop();
  const blocks = [block(1, 'b1', 'g', ['o1']), block(2, 'b2', 'b1', ['o2'])];
  await (await startTracker(options, blocks)).stop();
  t.deepEqual(await ids(options), ['o1', 'o2']);
});

test('a chain that began at a snapshot is followed from its first block here', async (t) => {
  const options = newOptions();
  const chain = Array.from({ length: 450 }, (_, index) =>
    block(1000 + index, `b${1000 + index}`, `b${999 + index}`, index % 100 === 0 ? [`o${index}`] : []),
  );
  const tracker = await startTracker(options, chain);
  await tracker.applied(block(1450, 'b1450', 'b1449', ['next']));
  await tracker.stop();
  t.deepEqual(await ids(options), ['o0', 'o100', 'o200', 'o300', 'o400', 'next']);
  t.is(tracker.asked(), 3, 'in pages');
});

test('a branch switch that reaches deeper than what was told is read anew', async (t) => {
  const options = newOptions();
  const tracker = await startTracker(options);
  await tracker.applied(block(1, 'b1', 'g', ['kept']));
  await tracker.applied(block(2, 'b2', 'b1', ['gone']));
  for (const canonical of [block(1, 'b1', 'g', ['kept']), block(2, 'c2', 'b1', ['new']), block(3, 'c3', 'c2')]) {
    tracker.blocks.set(canonical.height, canonical);
  }
  await tracker.applied(block(3, 'c3', 'c2'));
  await tracker.stop();
  t.deepEqual(await ids(options), ['kept', 'new']);
});
