/** Found by simulation: what one actor's crash, or a branch switch, did to the others. */
import test from 'ava';
import { chain } from '../../actors/chain/messages.js';
import { createEvaluatorActor } from '../../actors/evaluator/actor.js';
import { evaluator } from '../../actors/evaluator/messages.js';
import { quorumActor } from '../../actors/quorum/actor.js';
import { reputationActor } from '../../actors/reputation/actor.js';
import { taskQueue } from '../../actors/task-queue/messages.js';
import { DoinError } from '../../runtime/errors.js';
import { MemoryBlobStore } from '../../runtime/storage/blob-store.js';
import { MemoryStateFile } from '../../runtime/storage/state-file.js';
import { Simulation, simulated } from '../../runtime/system/simulation/simulation.js';
import { expectMessage } from '../../runtime/system/testing/expect.js';
import { TestProbe } from '../../runtime/system/testing/probe.js';
import { SimulatedDoin } from '../kit/network.js';

const restarting = () =>
  new DoinError({ code: 'actor-crashed', actor: 'chain', reason: 'test' }, 'actor chain crashed');
const hash = (digit: string) => digit.repeat(64);

test('a seat that a branch switch gave out again with another seed is measured beside the old one', async (t) => {
  const sim = Simulation.create({ seed: 1 });
  const pool = TestProbe.of(taskQueue, { clock: sim }).answer(taskQueue.run, () => new Promise(() => undefined));
  const modules = { createBlobStore: () => new MemoryBlobStore(), openState: () => new MemoryStateFile() };
  const head = TestProbe.of(chain, { clock: sim })
    .answer(chain.getTip, () => ({ height: 0, chainId: 'test' }) as never)
    .answer(chain.getApplied, () => ({ blocks: [] }));
  const options = {
    blobFolder: '',
    chainId: 'test',
    secretSeed: new Uint8Array(32),
    receiptsFile: '',
    owedFile: '',
    inference: { domains: [], serve: false, priceUnits: 0 },
  };
  const node = sim.addNode('n', [
    simulated(createEvaluatorActor(modules), options),
    simulated(pool.definition(), {}),
    simulated(head.definition(), {}),
  ]);
  await sim.start();
  const seat = { optimum: hash('a'), seat: 0, domain: 'quadratic', genome: [1], blob: null };
  for (const digit of ['1', '2']) {
    node.ask(evaluator.measure, { ...seat, dataSeed: hash(digit) }).catch(() => undefined);
  }
  const first = await expectMessage(pool, taskQueue.run);
  const second = await expectMessage(pool, taskQueue.run);
  t.not(first.taskId, second.taskId);
});

test('the quorum actor outlives a chain that restarts while it asks', async (t) => {
  const sim = Simulation.create({ seed: 1 });
  let down = false;
  const asked = () => {
    if (down) throw restarting();
    return { optimae: [] };
  };
  const probe = TestProbe.of(chain, { clock: sim })
    .answer(chain.getOpenOptimae, asked)
    .answer(chain.getStatus, () => ({ height: 0 }) as never)
    .answer(chain.getApplied, () => ({ blocks: [] }));
  const options = { nodeId: hash('a'), evaluates: [] };
  const node = sim.addNode('n', [simulated(quorumActor, options), simulated(probe.definition(), {})]);
  await sim.start();
  down = true;
  await sim.run({ forMs: 10_000 });
  t.is(node.status().find(({ name }) => name === 'quorum')?.restarts, 0);
});

test('reputation forgets a branch it was told is gone, even when it could not ask for the new one at once', async (t) => {
  const sim = Simulation.create({ seed: 1 });
  let down = false;
  let height = 5;
  const empty = (at: number) => ({ hash: hash('b'), height: at, timestampMs: 1, isProofBlock: false, records: [] });
  const probe = TestProbe.of(chain, { clock: sim })
    .answer(chain.getMembers, () => {
      if (down) throw restarting();
      return { members: [] };
    })
    .answer(chain.getStatus, () => ({ timestampMs: 1 }) as never)
    .answer(chain.getApplied, ({ fromHeight }) => ({
      blocks: Array.from({ length: height - fromHeight + 1 }, (_, index) => empty(fromHeight + index)) as never,
    }));
  sim.addNode('n', [simulated(reputationActor, { halfLifeMs: 1_000 }), simulated(probe.definition(), {})]);
  await sim.start();
  await expectMessage(probe, chain.getApplied);
  down = true;
  probe.emit(chain.blocksReverted, { hashes: [hash('b')], height: 4 });
  await sim.run({ forMs: 100 });
  down = false;
  height = 6;
  probe.emit(chain.blockApplied, empty(6) as never);
  t.like(await expectMessage(probe, chain.getApplied), { fromHeight: 1 });
});

test('a confirmation run that died with the pool is repeated', async (t) => {
  const doin = await SimulatedDoin.create({ seed: 2, nodes: ['a', 'b', 'c', 'd'], taskMs: [1_000, 2_000] });
  const { sim } = doin;
  const runs = new Map<string, number>();
  sim.node('a').on(taskQueue.started, ({ taskId }) => {
    if (taskId.startsWith('confirm:')) runs.set(taskId, (runs.get(taskId) ?? 0) + 1);
  });
  t.true(await sim.run({ until: () => runs.size > 0, forMs: 60_000 }));
  const [taskId = ''] = runs.keys();
  sim.crash('a', 'task-queue');
  // Steps that the chain lost are repeated after a minute.
  await sim.run({ forMs: 90_000 });
  t.is(runs.get(taskId), 2);
});
