/** Training and verification of `digits` on one worker: what a seat costs next to what it verifies. */

import { createStrategy } from '../../actors/optimizer/strategies/create.js';
import { digitsSpec } from '../../gpu-workers/domains/digits/spec.js';
import { WorkerPool } from '../../gpu-workers/pool.js';
import type { PoolResult, PoolTask } from '../../gpu-workers/types.js';
import { type BenchSuite, median } from './suite.js';

/** Seats of a quorum in a small network. */
const SEATS = 3;
const REPEATS = 5;

export const suite: BenchSuite = {
  name: 'learning',
  cases: [
    {
      name: 'verification of one optimum (3 seats) next to its training',
      unit: 's',
      goal: { ratioAtMost: 0.05 },
      run: verificationCost,
    },
  ],
};

async function verificationCost(): Promise<{ value: number; baseline: number }> {
  const pool = new WorkerPool({ threads: 1, niceIncrement: 0, maxMemoryMb: 1_024 });
  try {
    await pool.warm([digitsSpec]);
    const run = (task: PoolTask): Promise<PoolResult> =>
      pool.run(task, { spec: digitsSpec, signal: new AbortController().signal, onProgress: () => undefined });
    const seed = (byte: number) => new Uint8Array(32).fill(byte);
    const { direction, space } = digitsSpec;
    const { genome } = createStrategy('ga', { space, direction, seed: seed(1) }).ask();
    const base = { domainId: digitsSpec.domainId, genome };
    const trainings: number[] = [];
    const evaluations: number[] = [];
    for (let index = 0; index < REPEATS; index += 1) {
      const budget = { maxEpochs: 30, earlyPatience: 4 };
      const trained = await run({ ...base, kind: 'train', seed: seed(index), dataSeed: seed(index + 50), budget });
      trainings.push(trained.seconds);
      const weights = trained.weights ?? new Uint8Array();
      evaluations.push((await run({ ...base, kind: 'evaluate', weights, dataSeed: seed(index + 100) })).seconds);
    }
    return { value: SEATS * median(evaluations), baseline: median(trainings) };
  } finally {
    await pool.close();
  }
}
