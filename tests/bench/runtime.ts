/** What the actor system adds to, and takes away from, bare worker threads: same payload, same run, same machine. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { ActorSystem, type SystemOptions } from '../../runtime/system/system.js';
import { parseTraceFilter } from '../../runtime/trace/filter.js';
import { comedy, nact, type Rival, threads } from './rivals.js';
import { type Sample, SENDERS, sample, senders, sink } from './runtime-actors.js';
import { soak } from './soak.js';
import { type BenchSuite, median } from './suite.js';

const REPETITIONS = 5;
const TELLS = 200_000;
const ROUND_TRIPS = 5_000;
const BLOB_WINDOWS = 25;
const BLOBS_A_WINDOW = 16;
const BLOB_BYTES = 1024 * 1024;
/** Makes the sample a message of 1 KB. */
const KILOBYTE_NOTE = 950;
/** Other libraries are slower; fewer messages tell as much. */
const RIVAL_MESSAGES = 20_000;
const RIVAL_TRIPS = 2_000;
/** Sent before anything is measured, for the compiler. */
const WARM_UP = 50_000;

type Outcome = Promise<{ readonly value: number; readonly baseline: number }>;

export const suite: BenchSuite = {
  name: 'runtime',
  cases: [
    {
      name: 'cross-thread tell of 100 B vs raw postMessage',
      unit: 'messages/s',
      goal: { ratioAtLeast: 5 },
      run: () =>
        againstRaw(
          (system) => tellRate(system, TELLS, sample(1)),
          (worker) => rawRate(worker, TELLS, sample(1)),
        ),
    },
    {
      name: 'cross-thread tell of 1 KB vs raw postMessage',
      unit: 'messages/s',
      goal: { ratioAtLeast: 1 },
      run: () => {
        const payload = sample(1, KILOBYTE_NOTE);
        return againstRaw(
          (system) => tellRate(system, TELLS / 4, payload),
          (worker) => rawRate(worker, TELLS / 4, payload),
        );
      },
    },
    {
      name: 'cross-thread ask round trip p50 vs raw ping-pong',
      unit: 'us',
      goal: { ratioAtMost: 1.5 },
      run: () => againstRaw(askP50, rawPingPongP50),
    },
    {
      name: 'transferred 1 MiB vs raw transfer',
      unit: 'us',
      goal: { ratioAtMost: 1.1 },
      run: () => againstRaw(blobTime, rawBlobTime),
    },
    {
      name: 'tell with tracing that matches nothing vs off',
      unit: 'messages/s',
      goal: { ratioAtLeast: 0.98 },
      run: () => traced('nobody'),
    },
    {
      name: 'tell with all actors traced vs off',
      unit: 'messages/s',
      goal: { ratioAtLeast: 0.7 },
      run: () => traced('*'),
    },
    {
      name: 'ping-pong of co-located actors vs nact',
      unit: 'us',
      goal: { ratioAtMost: 1 },
      run: () =>
        againstRival(nact, { shared: ['sink', ...SENDERS] }, ownPingPong, (rival) => rival.pingPong(RIVAL_TRIPS)),
    },
    {
      name: 'fan-in of 4 co-located actors vs nact',
      unit: 'messages/s',
      goal: { ratioAtLeast: 1 },
      run: () => againstRival(nact, { shared: ['sink', ...SENDERS] }, ownFanIn, (rival) => rival.fanIn(RIVAL_MESSAGES)),
    },
    ...[{ name: 'comedy', rival: comedy } as const, { name: 'threads', rival: threads } as const].flatMap(
      ({ name, rival }) => [
        {
          name: `ping-pong across threads vs ${name}`,
          unit: 'us',
          goal: { ratioAtMost: 1 },
          run: () => againstRival(rival, {}, askP50, (other) => other.pingPong(RIVAL_TRIPS)),
        },
        {
          name: `fan-in across threads vs ${name}`,
          unit: 'messages/s',
          goal: { ratioAtLeast: 1 },
          run: () =>
            againstRival(
              rival,
              {},
              (system) => tellRate(system, RIVAL_MESSAGES, sample(1)),
              (other) => other.fanIn(RIVAL_MESSAGES),
            ),
        },
      ],
    ),
    {
      name: '10 million messages under crashes: lost without account, twice, or out of order',
      unit: 'messages',
      only: '--soak',
      goal: { valueAtMost: 0 },
      run: async () => ({ value: (await soak()).wrong, baseline: null }),
    },
    {
      name: '10 million messages under crashes: memory at the end vs after 2 million',
      unit: 'MB',
      only: '--soak',
      goal: { ratioAtMost: 1.3 },
      run: async () => {
        const { endMb, earlyMb } = await soak();
        return { value: endMb, baseline: earlyMb };
      },
    },
  ],
};

/** Alternates the two, so that a busy moment of the machine hits both; medians of the repetitions. */
async function sideBySide(ours: () => Promise<number>, theirs: () => Promise<number>): Outcome {
  const values: number[] = [];
  const baselines: number[] = [];
  for (let repetition = 0; repetition < REPETITIONS; repetition += 1) {
    values.push(await ours());
    baselines.push(await theirs());
  }
  return { value: median(values), baseline: median(baselines) };
}

async function withSystem<T>(
  roles: readonly string[],
  options: Partial<SystemOptions>,
  run: (system: ActorSystem) => Promise<T>,
): Promise<T> {
  const module = new URL('./runtime-actors.js', import.meta.url).href;
  const system = await ActorSystem.start({
    actors: roles.map((role) => ({ role, module, exportName: exportNameOf(role), options: {} })),
    onEscalation: (error) => {
      throw error;
    },
    ...options,
  });
  try {
    await tellRate(system, WARM_UP, sample(1));
    return await run(system);
  } finally {
    await system.stop();
  }
}

function exportNameOf(role: string): string {
  return role === 'sink' ? 'sinkActor' : role.replace('-', '');
}

function againstRaw(ours: (system: ActorSystem) => Promise<number>, raw: (worker: Worker) => Promise<number>): Outcome {
  return withSystem(['sink'], {}, async (system) => {
    const worker = new Worker(new URL('./raw-peer.js', import.meta.url));
    try {
      await rawRate(worker, WARM_UP, sample(1));
      return await sideBySide(
        () => ours(system),
        () => raw(worker),
      );
    } finally {
      await worker.terminate();
    }
  });
}

async function againstRival(
  open: () => Promise<Rival>,
  placement: Readonly<Record<string, readonly string[]>>,
  ours: (system: ActorSystem) => Promise<number>,
  theirs: (rival: Rival) => Promise<number>,
): Outcome {
  const rival = await open();
  try {
    return await withSystem(['sink', ...SENDERS], { placement }, (system) =>
      sideBySide(
        () => ours(system),
        () => theirs(rival),
      ),
    );
  } finally {
    await rival.stop();
  }
}

/** Rate with a filter against the rate without; what is traced is thrown away on arrival. */
function traced(filter: string): Outcome {
  return withSystem(['sink'], { onTrace: () => undefined }, (system) =>
    sideBySide(
      async () => {
        await system.setTrace(parseTraceFilter(filter));
        return tellRate(system, TELLS, sample(1));
      },
      async () => {
        await system.setTrace(null);
        return tellRate(system, TELLS, sample(1));
      },
    ),
  );
}

function counted(system: ActorSystem, count: number): Promise<void> {
  const done = new Promise<void>((resolve) => {
    const cancel = system.on(sink.counted, () => {
      cancel();
      resolve();
    });
  });
  system.tell(sink.expect, { count });
  return done;
}

async function tellRate(system: ActorSystem, count: number, payload: Sample): Promise<number> {
  const done = counted(system, count);
  const startedAt = performance.now();
  for (let sent = 0; sent < count; sent += 1) system.tell(sink.count, payload);
  await done;
  return (count * 1000) / (performance.now() - startedAt);
}

async function rawRate(worker: Worker, count: number, payload: Sample): Promise<number> {
  worker.postMessage({ expect: count });
  const done = once(worker, 'message');
  const startedAt = performance.now();
  for (let sent = 0; sent < count; sent += 1) worker.postMessage(payload);
  await done;
  return (count * 1000) / (performance.now() - startedAt);
}

async function ownFanIn(system: ActorSystem): Promise<number> {
  const each = RIVAL_MESSAGES / SENDERS.length;
  const done = counted(system, RIVAL_MESSAGES);
  // Counting has begun once an ask behind it is answered.
  await system.ask(sink.reflect, sample(1));
  const startedAt = performance.now();
  for (const { flood } of senders) system.tell(flood, { count: each });
  await done;
  return (RIVAL_MESSAGES * 1000) / (performance.now() - startedAt);
}

async function ownPingPong(system: ActorSystem): Promise<number> {
  const [first] = senders;
  if (first === undefined) throw new Error('the benchmark has no sender');
  const { elapsedMs } = await system.ask(first.pingPong, { count: RIVAL_TRIPS });
  return (elapsedMs * 1000) / RIVAL_TRIPS;
}

/**
 * Median over windows of some, the last of which is acknowledged: what a stream of them costs each, without the
 * garbage collections that hundreds of megabytes in flight bring to either side.
 */
async function blobP50(handOver: (blobs: readonly Uint8Array<ArrayBuffer>[]) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let window = 0; window < BLOB_WINDOWS; window += 1) {
    const blobs = Array.from({ length: BLOBS_A_WINDOW }, () => new Uint8Array(BLOB_BYTES).fill(1));
    const startedAt = performance.now();
    await handOver(blobs);
    times.push(((performance.now() - startedAt) * 1000) / BLOBS_A_WINDOW);
  }
  return median(times);
}

function blobTime(system: ActorSystem): Promise<number> {
  return blobP50((blobs) => {
    const done = counted(system, BLOBS_A_WINDOW);
    for (const bytes of blobs) system.tell(sink.blob, { bytes }, { transfer: [bytes.buffer] });
    return done;
  });
}

function rawBlobTime(worker: Worker): Promise<number> {
  return blobP50((blobs) => {
    worker.postMessage({ expect: BLOBS_A_WINDOW });
    const done = once(worker, 'message');
    for (const bytes of blobs) worker.postMessage({ id: 'blob', bytes }, [bytes.buffer]);
    return done;
  });
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
