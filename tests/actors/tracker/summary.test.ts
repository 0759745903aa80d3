/** The summary of an experiment is carried on with its rounds; counted afresh it must be the same. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { experimentRow, NO_PROGRESS, trackRound } from '../../../actors/tracker/experiment.js';
import { OlapStore } from '../../../actors/tracker/olap-store.js';
import { Database } from '../../../runtime/storage/sqlite.js';
import { experiment, roundNumber } from './kit.js';

const node = { nodeId: 'n', hostname: 'h', version: '0' };
const batches = fc.array(fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 5 }), {
  minLength: 1,
  maxLength: 6,
});

test('carried on batch by batch, it is what counting all rounds gives', async (t) => {
  const database = await Database.open(join(mkdtempSync(join(tmpdir(), 'doin-summary-')), 'olap.db'));
  const store = new OlapStore(database, 'olap.db');
  await store.prepare([
    {
      domain_id: experiment.domainId,
      domain_type: 'optimization',
      description: '',
      performance_metric: 'm',
      higher_is_better: 1,
      target_performance: null,
    },
  ]);
  let run = 0;
  await fc.assert(
    fc.asyncProperty(batches, fc.option(fc.nat({ max: 5 })), async (performances, finishAfter) => {
      run += 1;
      const own = { ...experiment, experimentId: `run-${run}`, targetPerformance: 0.9 };
      const row = experimentRow(own, node);
      const summary = () =>
        database.get('SELECT * FROM fact_experiment_summary WHERE experiment_id = ?', [own.experimentId]);
      await store.addExperiment(row);
      let progress = NO_PROGRESS;
      let best = Number.NEGATIVE_INFINITY;
      let number = 0;
      for (const [index, batch] of performances.entries()) {
        const rows = batch.map((percent) => {
          number += 1;
          const isImprovement = percent / 100 > best;
          best = Math.max(best, percent / 100);
          const round = { ...roundNumber(number, percent / 100, best, isImprovement), experimentId: own.experimentId };
          const tracked = trackRound(row, progress, round);
          progress = tracked.progress;
          return tracked.row;
        });
        await store.addRounds(rows);
        if (index === finishAfter) await store.finishExperiment(own.experimentId, row.started_at);
        const carried = await summary();
        await store.addExperiment(row);
        t.deepEqual(carried, await summary());
      }
    }),
    { numRuns: 40 },
  );
  await store.close();
});
