/** Many rounds of one experiment in the tracker's store, without searching for them. */
import { NO_PROGRESS, trackRound } from '../../actors/tracker/experiment.js';
import type { OlapStore } from '../../actors/tracker/olap-store.js';
import type { ExperimentRow, RoundRow } from '../../actors/tracker/rows.js';

const STARTED_MS = 1_800_000_000_000;
const BATCH = 500;

/** Performances wander upwards; equal for equal counts. Returns them in order of the rounds. */
export async function insertRounds(store: OlapStore, domainId: string, count: number): Promise<readonly number[]> {
  const experiment: ExperimentRow = {
    experiment_id: `experiment-${domainId}`,
    domain_id: domainId,
    node_id: 'aa'.repeat(32),
    hostname: 'host',
    optimizer_plugin: 'random',
    performance_metric: 'accuracy',
    higher_is_better: 1,
    optimization_config: '{"seed":1}',
    param_bounds: '{}',
    target_performance: null,
    started_at: new Date(STARTED_MS).toISOString(),
    finished_at: null,
    converged: 0,
    doin_version: '0.1.0',
  };
  await store.prepare([
    {
      domain_id: domainId,
      domain_type: 'optimization',
      description: '',
      performance_metric: 'accuracy',
      higher_is_better: 1,
      target_performance: null,
    },
  ]);
  await store.addExperiment(experiment);
  const performances: number[] = [];
  let progress = NO_PROGRESS;
  let rows: RoundRow[] = [];
  for (let number = 1; number <= count; number += 1) {
    // Multiplicative hashing: spread like random numbers, and the same every time.
    const spread = ((number * 2_654_435_761) % 4_294_967_296) / 4_294_967_296;
    const performance = 0.9 * spread * (1 - 1 / (1 + number / 50)) + 0.05;
    const best = Math.max(progress.bestPerformance ?? Number.NEGATIVE_INFINITY, performance);
    const parameters = { rate: spread, width: 8 + (number % 120), activation: number % 3 === 0 ? 'relu' : 'tanh' };
    const tracked = trackRound(experiment, progress, {
      experimentId: experiment.experiment_id,
      domainId,
      roundNumber: number,
      startedAtMs: STARTED_MS + number * 1_000 - 400,
      finishedAtMs: STARTED_MS + number * 1_000,
      optimizer: 'random',
      genome: [],
      parameters,
      performance,
      standardError: 0.01,
      bestPerformance: best,
      bestParameters: parameters,
      isImprovement: performance === best,
      epochs: 5,
      generation: Math.trunc(number / 16),
      populationSize: 16,
      noImproveGenerations: 0,
      chainHeight: number,
      peers: 2,
      migrant: number % 10 === 0,
    });
    performances.push(performance);
    rows.push(tracked.row);
    progress = tracked.progress;
    if (rows.length < BATCH && number < count) continue;
    await store.addRounds(rows);
    rows = [];
  }
  return performances;
}
