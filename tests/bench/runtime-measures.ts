/** The measurements of the runtime suite: rates and times of this system, of a bare worker and of other libraries. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { ActorSystem, SystemOptions } from '../../runtime/system/system.js';
import { parseTraceFilter } from '../../runtime/trace/filter.js';
import type { Rival } from './rivals.js';
import { type Sample, SENDERS, sample, senders, sink } from './runtime-actors.js';
import { median } from './suite.js';
import { untracedBuild } from './untraced.js';

const REPETITIONS = 5;
export const TELLS = 200_000;
const ROUND_TRIPS = 5_000;
const BLOB_WINDOWS = 300;
/** In MiB, below the 32 of young buffers from which V8 scavenges at each allocation of another: the noise of both sides. */
const BLOBS_A_WINDOW = 24;
const BLOB_BYTES = 1024 * 1024;
/** Other libraries are slower; fewer messages tell as much. */
export const RIVAL_MESSAGES = 20_000;
export const RIVAL_TRIPS = 2_000;
/** Sent before anything is measured, for the compiler. */
const WARM_UP = 500_000;

export type Outcome = Promise<{ readonly value: number; readonly baseline: number }>;

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

const BUILD = new URL('../../', import.meta.url);

export async function openSystem(
  roles: readonly string[],
  options: Partial<SystemOptions>,
  build: URL = BUILD,
): Promise<ActorSystem> {
  const code = (await import(new URL('runtime/system/system.js', build).href)) as {
    readonly ActorSystem: typeof ActorSystem;
  };
  const module = new URL('tests/bench/runtime-actors.js', build).href;
  const system = await code.ActorSystem.start({
    actors: roles.map((role) => ({ role, module, exportName: exportNameOf(role), options: {} })),
    onEscalation: (error) => {
      throw error;
    },
    ...options,
  });
  await tellRate(system, WARM_UP, sample(1));
  return system;
}

async function withSystem<T>(
  roles: readonly string[],
  options: Partial<SystemOptions>,
  run: (system: ActorSystem) => Promise<T>,
): Promise<T> {
  const system = await openSystem(roles, options);
  try {
    return await run(system);
  } finally {
    await system.stop();
  }
}

function exportNameOf(role: string): string {
  return role === 'sink' ? 'sinkActor' : role.replace('-', '');
}

/** Either side runs once before it is measured, for the compiler and the heap. */
export function againstRaw(
  ours: (system: ActorSystem) => Promise<number>,
  raw: (worker: Worker) => Promise<number>,
): Outcome {
  return withSystem(['sink'], {}, async (system) => {
    const worker = new Worker(new URL('./raw-peer.js', import.meta.url));
    try {
      await rawRate(worker, WARM_UP, sample(1));
      await ours(system);
      await raw(worker);
      return await sideBySide(
        () => ours(system),
        () => raw(worker),
      );
    } finally {
      await worker.terminate();
    }
  });
}

export async function againstRival(
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

/** Rate with all actors traced against the rate without; what is traced is thrown away on arrival. */
export function traced(): Outcome {
  return withSystem(['sink'], { onTrace: () => undefined }, (system) =>
    sideBySide(
      async () => {
        await system.setTrace(parseTraceFilter('*'));
        return tellRate(system, TELLS, sample(1));
      },
      async () => {
        await system.setTrace(null);
        return tellRate(system, TELLS, sample(1));
      },
    ),
  );
}

/**
 * With tracing off, against a build without the lines that trace: each in processes of its own, taking turns, as what is
 * looked for is smaller than what the history of a process changes.
 */
export async function untraced(): Outcome {
  const build = await untracedBuild(BUILD);
  try {
    return await sideBySide(
      () => fastestTell(BUILD),
      () => fastestTell(build.folder),
    );
  } finally {
    await build.remove();
  }
}

async function fastestTell(build: URL): Promise<number> {
  const script = fileURLToPath(new URL('tests/bench/tell-rate.js', BUILD));
  const { stdout } = await promisify(execFile)(process.execPath, [script, build.href]);
  return Number(stdout);
}

/** By system: who waits for its sink. One listener for good, as the bare worker has one. */
const counters = new WeakMap<ActorSystem, { done: () => void }>();

function counted(system: ActorSystem, count: number): Promise<void> {
  let counter = counters.get(system);
  if (counter === undefined) {
    const created = { done: () => undefined };
    system.on(sink.counted, () => created.done());
    counters.set(system, created);
    counter = created;
  }
  const waiting = counter;
  const done = new Promise<void>((resolve) => {
    waiting.done = resolve;
  });
  system.tell(sink.expect, { count });
  return done;
}

export async function tellRate(system: ActorSystem, count: number, payload: Sample): Promise<number> {
  const done = counted(system, count);
  const startedAt = performance.now();
  for (let sent = 0; sent < count; sent += 1) system.tell(sink.count, payload);
  await done;
  return (count * 1000) / (performance.now() - startedAt);
}

export async function rawRate(worker: Worker, count: number, payload: Sample): Promise<number> {
  worker.postMessage({ expect: count });
  const done = once(worker, 'message');
  const startedAt = performance.now();
  for (let sent = 0; sent < count; sent += 1) worker.postMessage(payload);
  await done;
  return (count * 1000) / (performance.now() - startedAt);
}

export async function ownFanIn(system: ActorSystem): Promise<number> {
  const each = RIVAL_MESSAGES / SENDERS.length;
  const done = counted(system, RIVAL_MESSAGES);
  // Counting has begun once an ask behind it is answered.
  await system.ask(sink.reflect, sample(1));
  const startedAt = performance.now();
  for (const { flood } of senders) system.tell(flood, { count: each });
  await done;
  return (RIVAL_MESSAGES * 1000) / (performance.now() - startedAt);
}

export async function ownPingPong(system: ActorSystem): Promise<number> {
  const [first] = senders;
  if (first === undefined) throw new Error('the benchmark has no sender');
  const { elapsedMs } = await system.ask(first.pingPong, { count: RIVAL_TRIPS });
  return (elapsedMs * 1000) / RIVAL_TRIPS;
}

/**
 * us for one binary of a long stream: made, handed over and taken in, window by window. The whole of it counts, since
 * a collection of the receiver frees what some seventy of them held, and where it falls is luck.
 */
async function blobTimeOf(handOver: (blobs: readonly Uint8Array<ArrayBuffer>[]) => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  for (let window = 0; window < BLOB_WINDOWS; window += 1) {
    await handOver(Array.from({ length: BLOBS_A_WINDOW }, () => new Uint8Array(BLOB_BYTES).fill(1)));
  }
  return ((performance.now() - startedAt) * 1000) / (BLOB_WINDOWS * BLOBS_A_WINDOW);
}

export function blobTime(system: ActorSystem): Promise<number> {
  return blobTimeOf((blobs) => {
    const done = counted(system, BLOBS_A_WINDOW);
    for (const bytes of blobs) system.tell(sink.blob, { bytes }, { transfer: [bytes.buffer] });
    return done;
  });
}

export function rawBlobTime(worker: Worker): Promise<number> {
  return blobTimeOf((blobs) => {
    worker.postMessage({ expect: BLOBS_A_WINDOW });
    const done = once(worker, 'message');
    for (const bytes of blobs) worker.postMessage({ id: 'blob', bytes }, [bytes.buffer]);
    return done;
  });
}

export async function askP50(system: ActorSystem): Promise<number> {
  const payload = sample(1);
  return p50(() => system.ask(sink.reflect, payload));
}

export async function rawPingPongP50(worker: Worker): Promise<number> {
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
