/** The chain's rules next to upstream's append without any verification, and its actor while every core trains. */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { chain } from '../../actors/chain/messages.js';
import { loadConfig } from '../../config/load.js';
import type { CliNode } from '../../runtime/cli/node-port.js';
import { startNode } from '../../runtime/node/start.js';
import type { ActorSystem } from '../../runtime/system/system.js';
import { growth, makeWork, rateAndBound, syncRate } from './block-rate.js';
import { type BenchSuite, quantile } from './suite.js';

/** Measured with upstream's code on 2 cores: blocks appended a second, signatures and rules not checked. */
const UPSTREAM_BLOCKS_PER_SECOND = { 2: 2_542, 100: 255 } as const;

/** Paths in the state grow with the logarithm of its size. */
const FLAT = { ratioAtMost: 2 } as const;

export const suite: BenchSuite = {
  name: 'consensus',
  cases: [
    {
      name: 'chain ask p99 while all cores train vs idle',
      unit: 'ms',
      goal: { valueAtMost: 50, ratioAtMost: 3 },
      run: askUnderLoad,
    },
    { name: 'blocks of 2 transfers verified and applied', unit: 'blocks/s', run: () => rate(2, 300) },
    { name: '  next to signatures and VRF alone', unit: 'blocks/s', run: () => rateOfBound(2, 300) },
    { name: 'blocks of 100 transfers verified and applied', unit: 'blocks/s', run: () => rate(100, 60) },
    { name: '  next to signatures and VRF alone', unit: 'blocks/s', run: () => rateOfBound(100, 60) },
    { name: 'sync of 1,000 blocks of 2 transfers onto a disk', unit: 'blocks/s', run: () => sync(1_000) },
    { name: 'rules per block after 5,000 blocks', unit: 'us', goal: FLAT, run: async () => growth(5_000) },
    { name: 'sync of 10,000 blocks onto a disk', unit: 'blocks/s', only: '--long', run: () => sync(10_000) },
    {
      name: 'rules per block after 100,000 blocks',
      unit: 'us',
      goal: FLAT,
      only: '--long',
      run: async () => growth(100_000),
    },
  ],
};

/** Next to what upstream appends unverified. */
async function rate(transactions: 2 | 100, count: number): Promise<{ value: number; baseline: number }> {
  const { rate: value } = await rateAndBound(makeWork(transactions, count));
  return { value, baseline: UPSTREAM_BLOCKS_PER_SECOND[transactions] };
}

async function rateOfBound(transactions: number, count: number): Promise<{ value: number; baseline: number }> {
  const { rate: value, bound } = await rateAndBound(makeWork(transactions, count));
  return { value, baseline: bound };
}

async function sync(count: number): Promise<{ value: number; baseline: number }> {
  return { value: await syncRate(makeWork(2, count)), baseline: UPSTREAM_BLOCKS_PER_SECOND[2] };
}

/** A whole node on `digits`, as many workers as cores; the baseline is the same ask while the search is paused. */
async function askUnderLoad(): Promise<{ value: number; baseline: number }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'doin-bench-'));
  const { config } = loadConfig({
    overrides: { data_dir: dataDir, port: 0, log_level: 'error', workers: { threads: availableParallelism() } },
  });
  const node = await startNode(config, {});
  try {
    const loaded = await askLatencies(node, 500);
    node.pauseOptimizer();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const idle = await askLatencies(node, 500);
    return { value: quantile(loaded, 0.99), baseline: quantile(idle, 0.99) };
  } finally {
    await node.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function askLatencies(node: CliNode, count: number): Promise<number[]> {
  const system = node.system as ActorSystem;
  const latencies: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const started = performance.now();
    await system.ask(chain.getTip, {});
    latencies.push(performance.now() - started);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return latencies;
}
