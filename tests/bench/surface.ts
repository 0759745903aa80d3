/** The tracker next to upstream's: rounds written to CSV and to the star schema, each durable before the next batch. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Round } from '../../actors/optimizer/messages.js';
import { trackerActor } from '../../actors/tracker/actor.js';
import { TestContext, testEnvelope } from '../kit/context.js';
import type { BenchSuite } from './suite.js';

/** Measured with upstream's code on 2 cores: rounds a second to CSV and SQLite. */
const UPSTREAM_ROUNDS_PER_SECOND = 515;
const ROUNDS = 10_000;

export const suite: BenchSuite = {
  name: 'surface',
  cases: [{ name: 'rounds tracked', unit: 'rounds/s', goal: { ratioAtLeast: 20 }, run: trackedRounds }],
};

function roundNumber(index: number): Round {
  return {
    experimentId: 'bench',
    domainId: 'quadratic',
    roundNumber: index,
    startedAtMs: 1_800_000_000_000 + index,
    finishedAtMs: 1_800_000_000_001 + index,
    optimizer: 'ga',
    genome: [1, 2],
    parameters: { x0: 1, x1: 2 },
    performance: -index,
    standardError: 0.1,
    bestPerformance: -1,
    bestParameters: { x0: 1, x1: 2 },
    isImprovement: false,
    epochs: 0,
    generation: 1,
    populationSize: 12,
    noImproveGenerations: 0,
    chainHeight: 1,
    peers: 0,
    migrant: false,
  };
}

async function trackedRounds(): Promise<{ value: number; baseline: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'doin-bench-'));
  const context = new TestContext('tracker');
  const behaviour = await trackerActor.start(context, {
    csvFile: join(folder, 'rounds.csv'),
    olapFile: join(folder, 'olap.db'),
    nodeId: 'bench',
    hostname: 'bench',
    version: '0',
    domains: [{ domainId: 'quadratic', metric: 'distance', direction: 'maximize', targetPerformance: null }],
  });
  try {
    const envelope = testEnvelope({ to: 'tracker', kind: 'bench' });
    await behaviour.events['optimizer.experimentStarted'](
      {
        experimentId: 'bench',
        domainId: 'quadratic',
        metric: 'distance',
        direction: 'maximize',
        optimizer: 'ga',
        optimizationConfig: {},
        parameterBounds: {},
        targetPerformance: null,
        startedAtMs: 1_800_000_000_000,
      },
      envelope,
    );
    const started = performance.now();
    for (let index = 1; index <= ROUNDS; index += 1) {
      await behaviour.events['optimizer.roundFinished'](roundNumber(index), envelope);
    }
    const { rounds } = await behaviour.handlers.flush({}, envelope);
    if (rounds !== ROUNDS) throw new Error(`${rounds} of ${ROUNDS} rounds on disk`);
    return { value: ROUNDS / ((performance.now() - started) / 1_000), baseline: UPSTREAM_ROUNDS_PER_SECOND };
  } finally {
    await behaviour.stop?.();
    await rm(folder, { recursive: true, force: true });
  }
}
