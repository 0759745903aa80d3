/**
 * The same work in other actor and worker libraries: ping-pong (round trips one after another, us each) and fan-in
 * (messages from several senders to one that counts them, messages/s). They are dependencies of this benchmark only.
 */
import { type EventEmitter, setMaxListeners } from 'node:events';
import { createRequire } from 'node:module';
import { dispatch, query, spawn, start, stop } from 'nact';
import { type Sample, SENDERS, sample } from './runtime-actors.js';

export interface Rival {
  /** us for one round trip. */
  pingPong(trips: number): Promise<number>;
  /** Messages a second. */
  fanIn(messages: number): Promise<number>;
  stop(): Promise<void>;
}

interface CountMessage {
  readonly kind: 'count' | 'expect';
  readonly payload?: Sample;
  readonly count?: number;
}

/** Actors as functions on one thread. */
export async function nact(): Promise<Rival> {
  const system = start();
  const reflector = spawn(system, (_state: unknown, { payload, sender }: { payload: Sample; sender: never }) => {
    dispatch(sender, payload as never);
  });
  let expected = 0;
  let done = () => {};
  const counter = spawn(system, (count: number | undefined, message: CountMessage) => {
    if (message.kind === 'expect') {
      expected = message.count ?? 0;
      return 0;
    }
    const next = (count ?? 0) + 1;
    if (next === expected) done();
    return next;
  });
  const floods = SENDERS.map(() =>
    spawn(system, (_state: unknown, { count }: { count: number }) => {
      const payload = sample(1);
      for (let sent = 0; sent < count; sent += 1) dispatch(counter, { kind: 'count', payload });
    }),
  );
  return {
    async pingPong(trips) {
      const payload = sample(1);
      const startedAt = performance.now();
      for (let trip = 0; trip < trips; trip += 1) {
        await query(reflector, (sender) => ({ payload, sender: sender as never }), 10_000);
      }
      return ((performance.now() - startedAt) * 1000) / trips;
    },
    async fanIn(messages) {
      const each = Math.floor(messages / floods.length);
      dispatch(counter, { kind: 'expect', count: each * floods.length });
      const finished = new Promise<void>((resolve) => {
        done = resolve;
      });
      const startedAt = performance.now();
      for (const flood of floods) dispatch(flood, { count: each });
      await finished;
      return (each * floods.length * 1000) / (performance.now() - startedAt);
    },
    async stop() {
      stop(system);
    },
  };
}

const load = createRequire(import.meta.url);

/** What is used of comedy, which has no types. */
interface ComedyActor {
  createChild(module: string, options: { readonly mode: 'threaded' }): Promise<ComedyActor>;
  send(topic: string, payload: unknown): Promise<void>;
  sendAndReceive(topic: string, payload?: unknown): Promise<unknown>;
}
interface Comedy {
  createSystem(options: { readonly test: boolean }): { rootActor(): Promise<ComedyActor>; destroy(): Promise<void> };
}

/** An actor on a worker thread of its own. */
export async function comedy(): Promise<Rival> {
  const system = (load('comedy') as Comedy).createSystem({ test: true });
  const root = await system.rootActor();
  // Two slashes mean an absolute path to comedy.
  const module = `/${new URL('./rival-comedy.cjs', import.meta.url).pathname}`;
  const child = await root.createChild(module, { mode: 'threaded' });
  return {
    pingPong: (trips) => tripTime(trips, (payload) => child.sendAndReceive('reflect', payload)),
    async fanIn(messages) {
      const payload = sample(1);
      await child.sendAndReceive('reset');
      const startedAt = performance.now();
      const sending: Promise<void>[] = [];
      for (let sent = 0; sent < messages; sent += 1) sending.push(child.send('count', payload));
      await Promise.all(sending);
      // Behind all the others on the same way.
      while ((await child.sendAndReceive('total')) !== messages);
      return (messages * 1000) / (performance.now() - startedAt);
    },
    stop: () => system.destroy(),
  };
}

/** Calls of `threads` under way at once: each adds a listener, and its time grows with their number. */
const WAVE = 100;

/** What is used of threads, whose types its package.json does not export. */
interface Threads {
  readonly Worker: new (path: string) => EventEmitter;
  readonly Thread: { terminate(worker: object): Promise<void> };
  spawn(
    worker: object,
  ): Promise<{ reflect(value: Sample): PromiseLike<Sample>; count(value: Sample): PromiseLike<void> }>;
}

/** Functions of a worker thread as promises. */
export async function threads(): Promise<Rival> {
  const { Worker, Thread, spawn: spawnThread } = load('threads') as Threads;
  const thread = new Worker('./rival-threads.js');
  setMaxListeners(2 * WAVE, thread);
  const worker = await spawnThread(thread);
  return {
    pingPong: (trips) => tripTime(trips, (payload) => Promise.resolve(worker.reflect(payload))),
    async fanIn(messages) {
      const payload = sample(1);
      const startedAt = performance.now();
      for (let sent = 0; sent < messages; sent += WAVE) {
        await Promise.all(Array.from({ length: WAVE }, () => worker.count(payload)));
      }
      return (messages * 1000) / (performance.now() - startedAt);
    },
    stop: () => Thread.terminate(worker),
  };
}

async function tripTime(trips: number, roundTrip: (payload: Sample) => Promise<unknown>): Promise<number> {
  const payload = sample(1);
  const startedAt = performance.now();
  for (let trip = 0; trip < trips; trip += 1) await roundTrip(payload);
  return ((performance.now() - startedAt) * 1000) / trips;
}
