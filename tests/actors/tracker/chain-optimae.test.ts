import test from 'ava';
import type { TrackerOptions } from '../../../actors/tracker/actor.js';
import type { ChainOptimumRow } from '../../../actors/tracker/rows.js';
import { Database } from '../../../runtime/storage/sqlite.js';
import { block, newOptions, startTracker, viewOf } from './kit.js';

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
  t.is(tracker.asked(), 0, 'a chain that is followed from its start needs no questions');
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
  t.is(tracker.asked(), 0);
});

test('blocks missed while the tracker was down are read from the chain', async (t) => {
  const options = newOptions();
  const before = await startTracker(options);
  await before.applied(block(1, 'b1', 'g', ['o1']));
  await before.stop();
  const after = await startTracker(options);
  for (const missed of [block(1, 'b1', 'g', ['o1']), block(2, 'b2', 'b1', ['o2'])]) {
    after.blocks.set(missed.height, viewOf(missed));
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
    after.blocks.set(canonical.height, viewOf(canonical));
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
