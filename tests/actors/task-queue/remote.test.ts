/** Workers on other machines: leases, their end, and what is refused of a result. */
import test from 'ava';
import fc from 'fast-check';
import { taskQueueActor } from '../../../actors/task-queue/actor.js';
import { type RemoteOutcome, type TaskLease, taskQueue } from '../../../actors/task-queue/messages.js';
import {
  BARRED_MS,
  LEASE_MS,
  MAX_LEASES_PER_TASK,
  MAX_REFUSED,
  MAX_WORKERS,
} from '../../../actors/task-queue/remote.js';
import { refuseRemoteResult } from '../../../actors/task-queue/remote-results.js';
import { quadraticSpec } from '../../../gpu-workers/domains/quadratic/spec.js';
import type { PoolResult, PoolTask } from '../../../gpu-workers/types.js';
import { isDoinError } from '../../../runtime/errors.js';
import type { Envelope } from '../../../runtime/system/actor.js';
import { TestContext } from '../../kit/context.js';

const HASH = 'ab'.repeat(32);
const OTHER = 'cd'.repeat(32);
const zeros = new Uint8Array(32);
const spec = {
  ...quadraticSpec(2),
  limits: { ...quadraticSpec(2).limits, blobBytes: 100, epochs: 5, trainingSeconds: 100 },
};
const common = { domainId: spec.domainId, genome: [0, 0] };
const TRAIN: PoolTask = {
  kind: 'train',
  ...common,
  seed: zeros,
  dataSeed: zeros,
  budget: { maxEpochs: 9, earlyPatience: 1 },
};
const EVALUATE: PoolTask = { kind: 'evaluate', ...common, weights: new Uint8Array(), dataSeed: zeros };
const measurement = { performance: -1.5, standardError: 0.1, samples: 10 };
const TRAINED: PoolResult = { measurement, weights: new Uint8Array([1]), epochs: 3, seconds: 0.5 };
const DONE: RemoteOutcome = { type: 'done', result: TRAINED };
const GARBAGE: RemoteOutcome = { type: 'done', result: { measurement, seconds: 0.5 } };

/** Time passes when the test says so. */
class ManualContext extends TestContext {
  #nowMs = 1_000_000;
  readonly #due: { atMs: number; readonly everyMs: number; readonly callback: () => unknown }[] = [];

  override now(): number {
    return this.#nowMs;
  }

  override monotonic(): number {
    return this.#nowMs;
  }

  override after(delayMs: number, callback: () => void): () => void {
    return this.#add(delayMs, 0, callback);
  }

  override every(everyMs: number, callback: () => void): () => void {
    return this.#add(everyMs, everyMs, callback);
  }

  pass(ms: number): void {
    const until = this.#nowMs + ms;
    for (;;) {
      const [next] = this.#due.filter(({ atMs }) => atMs <= until).sort((a, b) => a.atMs - b.atMs);
      if (next === undefined) break;
      this.#nowMs = next.atMs;
      if (next.everyMs > 0) next.atMs += next.everyMs;
      else this.#due.splice(this.#due.indexOf(next), 1);
      next.callback();
    }
    this.#nowMs = until;
  }

  #add(delayMs: number, everyMs: number, callback: () => unknown): () => void {
    const entry = { atMs: this.#nowMs + delayMs, everyMs, callback };
    this.#due.push(entry);
    return () => void (this.#due.includes(entry) && this.#due.splice(this.#due.indexOf(entry), 1));
  }
}

async function start(t: import('ava').ExecutionContext) {
  const ctx = new ManualContext('task-queue');
  const specHashes = { [spec.domainId]: HASH };
  const behaviour = await taskQueueActor.start(ctx, { threads: 0, niceIncrement: 0, domains: [spec], specHashes });
  const { handlers } = behaviour;
  t.teardown(() => behaviour.stop?.());
  let tasks = 0;
  let leases = 0;
  const run = (task: PoolTask = TRAIN) => {
    tasks += 1;
    const request = { taskId: `task ${tasks}`, priority: 'search' as const, task };
    return Promise.resolve(handlers.run(request, { traceId: 't' } as Envelope)).then(
      (result) => result,
      (error: unknown) => (isDoinError(error) ? error.code : String(error)),
    );
  };
  const claim = async (worker = 'w', specHash = HASH, waitMs = 10_000, slots = 2): Promise<TaskLease | null> =>
    (
      await handlers.claim(
        { leaseId: `lease ${++leases}`, worker, slots, specHashes: [specHash], waitMs },
        {} as Envelope,
      )
    ).lease;
  const complete = async (lease: TaskLease | null, outcome: RemoteOutcome) =>
    (await handlers.complete({ leaseId: lease?.leaseId ?? '', outcome }, {} as Envelope)).refused;
  const renew = async (lease: TaskLease | null) =>
    (await handlers.renew({ leaseId: lease?.leaseId ?? '', progress: null }, {} as Envelope)).isHeld;
  const tasksNow = async () => handlers.getTasks({}, {} as Envelope);
  return { ctx, behaviour, run, claim, complete, renew, tasksNow, handlers };
}

test('a claim gets a task, at once or when it comes, and the caller gets the result', async (t) => {
  const { run, claim, complete, tasksNow, ctx } = await start(t);
  const waiting = claim();
  const first = run();
  const lease = await waiting;
  t.like(lease, { specHash: HASH, expiresInMs: LEASE_MS, task: TRAIN });
  t.like((await tasksNow()).tasks[0], { status: 'running', worker: 'w' });
  const second = run();
  t.is(await complete(lease, DONE), null);
  t.deepEqual(await first, TRAINED);
  t.is(await complete(await claim(), DONE), null);
  t.deepEqual(await second, TRAINED);
  t.like(await tasksNow(), { completed: 2, workers: 0, tasks: [] });
  t.like((await tasksNow()).remote[0], { name: 'w', slots: 2, leases: 0, completed: 2 });
  t.deepEqual(
    ctx.eventsOf(taskQueue.finished).map(({ failure }) => failure),
    [null, null],
  );
});

test('a claim without a task ends with its wait, and one with another definition gets none', async (t) => {
  const { run, claim, ctx, tasksNow } = await start(t);
  const stranger = claim('stranger', OTHER, 5_000);
  void run();
  ctx.pass(5_000);
  t.is(await stranger, null);
  t.is((await tasksNow()).tasks[0]?.status, 'pending');
});

test('a task of a silent worker goes to another; renewed, it stays', async (t) => {
  const { run, claim, complete, renew, ctx } = await start(t);
  const result = run();
  const [silent, next] = [await claim('silent'), claim('next', HASH, 10 * LEASE_MS)];
  ctx.pass(LEASE_MS - 2_000);
  t.true(await renew(silent));
  ctx.pass(LEASE_MS - 2_000);
  t.true(await renew(silent));
  ctx.pass(LEASE_MS);
  const lease = await next;
  t.not(lease?.leaseId, silent?.leaseId);
  t.false(await renew(silent));
  t.regex(String(await complete(silent, DONE)), /lease has ended/);
  t.is(await complete(lease, DONE), null);
  t.deepEqual(await result, TRAINED);
});

test('no lease outlives the time limit of its domain, however often it is renewed', async (t) => {
  const { run, claim, renew, ctx } = await start(t);
  const result = run();
  const lease = await claim();
  for (let passed = 0; passed < spec.limits.trainingSeconds * 1000 + LEASE_MS; passed += 5_000) {
    t.true(await renew(lease));
    ctx.pass(5_000);
  }
  t.false(await renew(lease));
  t.is(await result, 'task-timeout');
});

test('a task given back waits again at no cost; one that nobody brings to an end fails', async (t) => {
  const { run, claim, complete, ctx } = await start(t);
  const result = run();
  for (let round = 0; round < 2 * MAX_LEASES_PER_TASK; round += 1) {
    t.is(await complete(await claim(), { type: 'released' }), null);
  }
  for (let round = 0; round < MAX_LEASES_PER_TASK; round += 1) {
    t.not(await claim(), null);
    ctx.pass(LEASE_MS);
  }
  t.is(await result, 'task-crashed');
});

test('a claim is given back like a lease, whether it has become one or not', async (t) => {
  const { run, claim, handlers } = await start(t);
  const giveBack = (leaseId: string) => handlers.complete({ leaseId, outcome: { type: 'released' } }, {} as Envelope);
  const waiting = claim();
  await giveBack('lease 1');
  t.is(await waiting, null);
  void run();
  t.is((await claim())?.leaseId, 'lease 2');
  await giveBack('lease 2');
  t.is((await claim())?.leaseId, 'lease 3');
});

test('a failure that is the task’s own ends it, one of the worker’s does not', async (t) => {
  const { run, claim, complete } = await start(t);
  const result = run();
  for (const code of ['unknown-domain', 'no such code'])
    t.is(await complete(await claim(), { type: 'failed', code, message: '' }), null);
  await complete(await claim(), { type: 'failed', code: 'task-memory', message: 'too large' });
  t.is(await result, 'task-memory');
});

test('a result that is none is refused, and who goes on like that gets no tasks for a while', async (t) => {
  const { run, claim, complete, ctx, tasksNow } = await start(t);
  const results = Array.from({ length: MAX_REFUSED }, () => run());
  for (let round = 0; round < MAX_REFUSED; round += 1)
    t.regex(String(await complete(await claim(), GARBAGE)), /weights/);
  const barred = claim('w', HASH, 1_000);
  const honest = await claim('honest');
  t.not(honest, null);
  ctx.pass(1_000);
  t.is(await barred, null);
  t.is(await complete(honest, DONE), null);
  t.deepEqual(await Promise.race(results), TRAINED);
  ctx.pass(BARRED_MS);
  t.not(await claim(), null);
  t.true((await tasksNow()).remote.length > 0);
});

test('cancelling takes a task from its worker, and stopping all of them', async (t) => {
  const { run, claim, renew, handlers, behaviour } = await start(t);
  const first = run();
  const lease = await claim();
  handlers.cancel({ taskId: 'task 1' }, {} as Envelope);
  t.is(await first, 'task-cancelled');
  t.false(await renew(lease));
  const [second, third] = [run(), run()];
  t.not(await claim(), null);
  const idle = claim('w', OTHER);
  await behaviour.stop?.();
  t.deepEqual(await Promise.all([second, third, idle]), ['task-cancelled', 'task-cancelled', null]);
});

test('the search is told how many tasks remote workers take, until they are gone', async (t) => {
  const { claim, ctx } = await start(t);
  void claim('a', HASH, 1_000, 3);
  void claim('a', HASH, 1_000, 3);
  void claim('b', HASH, 1_000, 4);
  const told = () => ctx.eventsOf(taskQueue.capacityChanged).map(({ remoteSlots }) => remoteSlots);
  t.deepEqual(told(), [3, 7]);
  ctx.pass(LEASE_MS);
  t.is(told().at(-1), 0);
});

test('names of workers are bounded', async (t) => {
  const { claim, run, ctx } = await start(t);
  for (let index = 0; index < MAX_WORKERS; index += 1) void claim(`w${index}`, OTHER, 1_000);
  void run();
  t.is(await claim('one more'), null);
  ctx.pass(LEASE_MS + 1_000);
  t.not(await claim('one more'), null);
});

test('only what the pool could have given for that task is taken', (t) => {
  const evidence = { dataHash: HASH, traceHash: HASH };
  const evaluated: PoolResult = { measurement, evidence, seconds: 1 };
  const refused = (task: PoolTask, result: object) => refuseRemoteResult(task, spec, result as PoolResult);
  t.is(refused(TRAIN, TRAINED), null);
  t.is(refused(EVALUATE, evaluated), null);
  const figures = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, 1]));
  const BENCHMARK: PoolTask = { kind: 'benchmark', ...common, weights: new Uint8Array() };
  t.is(refused(BENCHMARK, { measurement, seconds: 1, beside: figures(16) }), null);
  const wrong: readonly (readonly [PoolTask, object])[] = [
    [TRAIN, { ...TRAINED, weights: new Uint8Array(101) }],
    [TRAIN, { ...TRAINED, epochs: 6 }],
    [TRAIN, { ...TRAINED, epochs: 1.5 }],
    [TRAIN, { ...TRAINED, evidence }],
    [TRAIN, { ...TRAINED, seconds: Number.NaN }],
    [TRAIN, { ...TRAINED, measurement: { ...measurement, samples: -1 } }],
    [EVALUATE, { ...evaluated, evidence: { ...evidence, traceHash: 'x' } }],
    [EVALUATE, { measurement, seconds: 1 }],
    [EVALUATE, { ...evaluated, weights: new Uint8Array(1) }],
    [
      { kind: 'predict', ...common, weights: new Uint8Array(), input: '1' },
      { measurement, seconds: 1, output: '{' },
    ],
    [BENCHMARK, evaluated],
    [BENCHMARK, { measurement, seconds: 1, beside: figures(17) }],
    [TRAIN, { ...TRAINED, beside: figures(1) }],
  ];
  for (const [task, result] of wrong) t.not(refused(task, result), null, JSON.stringify(result));
  fc.assert(
    fc.property(fc.double(), fc.double(), (performance, standardError) => {
      const isSound = Number.isFinite(performance) && Number.isFinite(standardError) && standardError >= 0;
      const result = { ...evaluated, measurement: { performance, standardError, samples: 1 } };
      t.is(refused(EVALUATE, result) === null, isSound);
    }),
  );
});
