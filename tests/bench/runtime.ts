/** What the actor system adds to, and takes away from, bare worker threads: same payload, same run, same machine. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { ActorSystem } from '../../runtime/system/system.js';
import { sample, sink } from './runtime-actors.js';
import { type BenchSuite, median } from './suite.js';

const REPETITIONS = 5;
const TELLS = 100_000;
const ROUND_TRIPS = 5_000;
/** Sent before anything is measured, for the compiler. */
const WARM_UP = 20_000;

export const suite: BenchSuite = {
  name: 'runtime',
  cases: [
    {
      name: 'cross-thread tell of 100 B vs raw postMessage',
      unit: 'messages/s',
      run: () =>
        sideBySide(
          (system) => tellRate(system, TELLS),
          (worker) => rawRate(worker, TELLS),
        ),
    },
    {
      name: 'cross-thread ask round trip p50 vs raw ping-pong',
      unit: 'us',
      goal: { ratioAtMost: 1.5 },
      run: () => sideBySide(askP50, rawPingPongP50),
    },
  ],
};

/** Alternates the two, so that a busy moment of the machine hits both; medians of the repetitions. */
async function sideBySide(
  ours: (system: ActorSystem) => Promise<number>,
  raw: (worker: Worker) => Promise<number>,
): Promise<{ value: number; baseline: number }> {
  const module = new URL('./runtime-actors.js', import.meta.url).href;
  const fail = (error: Error): never => {
    throw error;
  };
  const system = await ActorSystem.start({
    actors: [{ role: 'sink', module, exportName: 'sinkActor', options: {} }],
    onEscalation: fail,
  });
  const worker = new Worker(new URL('./raw-peer.js', import.meta.url));
  try {
    await tellRate(system, WARM_UP);
    await rawRate(worker, WARM_UP);
    const values: number[] = [];
    const baselines: number[] = [];
    for (let repetition = 0; repetition < REPETITIONS; repetition += 1) {
      values.push(await ours(system));
      baselines.push(await raw(worker));
    }
    return { value: median(values), baseline: median(baselines) };
  } finally {
    await system.stop();
    await worker.terminate();
  }
}

async function tellRate(system: ActorSystem, count: number): Promise<number> {
  const done = new Promise<void>((resolve) => {
    const cancel = system.on(sink.counted, () => {
      cancel();
      resolve();
    });
  });
  system.tell(sink.expect, { count });
  const payload = sample(1);
  const startedAt = performance.now();
  for (let sent = 0; sent < count; sent += 1) system.tell(sink.count, payload);
  await done;
  return (count * 1000) / (performance.now() - startedAt);
}

async function rawRate(worker: Worker, count: number): Promise<number> {
  worker.postMessage({ expect: count });
  const payload = sample(1);
  const done = once(worker, 'message');
  const startedAt = performance.now();
  for (let sent = 0; sent < count; sent += 1) worker.postMessage(payload);
  await done;
  return (count * 1000) / (performance.now() - startedAt);
}

async function askP50(system: ActorSystem): Promise<number> {
  const payload = sample(1);
  return p50(() => system.ask(sink.reflect, payload));
}

async function rawPingPongP50(worker: Worker): Promise<number> {
  worker.postMessage({ reflect: true });
  const payload = sample(1);
  return p50(
    () =>
      new Promise((resolve) => {
        worker.once('message', resolve);
        worker.postMessage(payload);
      }),
  );
}

async function p50(roundTrip: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let trip = 0; trip < ROUND_TRIPS; trip += 1) {
    const startedAt = performance.now();
    await roundTrip();
    times.push((performance.now() - startedAt) * 1000);
  }
  return median(times);
}
