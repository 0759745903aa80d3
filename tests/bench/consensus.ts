/** The chain's rules next to upstream's append without any verification, and its actor while every core trains. */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { chain } from '../../actors/chain/messages.js';
import { applyBlock, type Tip } from '../../actors/chain/transition.js';
import type { Block } from '../../actors/chain/types.js';
import { strictVerifier } from '../../actors/chain/verifier.js';
import { loadConfig } from '../../config/load.js';
import type { CliNode } from '../../runtime/cli/node-port.js';
import { startNode } from '../../runtime/node/start.js';
import type { ActorSystem } from '../../runtime/system/system.js';
import { keyOf, makeGenesis, makeReveal, measuredAs, sign, TestChain } from '../kit/chain.js';
import { type BenchSuite, quantile } from './suite.js';

/** Measured with upstream's code on 2 cores: blocks appended a second, signatures and rules not checked. */
const UPSTREAM_BLOCKS_PER_SECOND = { 2: 2_542, 100: 255 } as const;

export const suite: BenchSuite = {
  name: 'consensus',
  cases: [
    { name: 'chain ask p99 while all cores train', unit: 'ms', goal: { valueAtMost: 50 }, run: askUnderLoad },
    { name: 'blocks of 2 transfers verified and applied', unit: 'blocks/s', run: () => applyRate(2, 400) },
    { name: 'blocks of 100 transfers verified and applied', unit: 'blocks/s', run: () => applyRate(100, 12) },
  ],
};

const MEMBERS = ['ada', 'bob', 'cid', 'dan'];

/** Every signature, rule and the state root checked; nothing cached from an earlier sight of the transactions. */
async function applyRate(transactions: 2 | 100, count: number): Promise<{ value: number; baseline: number }> {
  const genesis = makeGenesis(MEMBERS);
  const network = new TestChain(genesis, MEMBERS);
  earnCoins(network);
  const made: { parent: Tip; block: Block }[] = [];
  let nonce = 100;
  for (let index = 0; index < count; index += 1) {
    const transfers = Array.from({ length: transactions }, () => {
      nonce += 1;
      return sign(genesis, 'ada', nonce, { type: 'transfer', to: keyOf(`user ${nonce}`).publicKey, amountUnits: 1 });
    });
    const parent = network.tip;
    network.add(transfers);
    made.push({ parent, block: network.blocks.at(-1) as Block });
  }
  const started = performance.now();
  for (const { parent, block } of made) {
    const verdict = applyBlock(parent, block, genesis, strictVerifier);
    if (!verdict.ok) throw new Error(verdict.code);
  }
  const seconds = (performance.now() - started) / 1_000;
  return { value: count / seconds, baseline: UPSTREAM_BLOCKS_PER_SECOND[transactions] };
}

/** One optimum of ada's, verified and paid. */
function earnCoins(network: TestChain): void {
  const { genesis } = network;
  const reported = -100_000_000_000;
  const { commit, reveal, optimum } = makeReveal(genesis, 'ada', [1, 2], reported);
  network.add([sign(genesis, 'ada', 1, commit)]);
  const { records } = network.add([sign(genesis, 'ada', 2, reveal)]);
  const seats = records.flatMap((record) => (record.type === 'TASK_CREATED' ? [record.seat] : []));
  network.add(
    seats.map((seat) =>
      sign(genesis, network.names.get(seat.evaluator) ?? '', 1, {
        type: 'vote',
        optimum,
        seat: seat.index,
        dataSeed: seat.dataSeed,
        measurement: measuredAs(seat, reported),
      }),
    ),
  );
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
