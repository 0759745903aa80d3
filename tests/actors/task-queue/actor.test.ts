import test from 'ava';
import { taskQueueActor } from '../../../actors/task-queue/actor.js';
import type { TaskPriority } from '../../../actors/task-queue/messages.js';
import { quadraticSpec } from '../../../gpu-workers/domains/quadratic/spec.js';
import type { PoolTask } from '../../../gpu-workers/types.js';
import { isDoinError } from '../../../runtime/errors.js';
import type { Envelope } from '../../../runtime/system/actor.js';
import { MODES, type Mode, misbehavingSpec } from '../../gpu-workers/fixtures/misbehaving-domain.js';
import { TestContext } from '../../kit/context.js';

const zeros = new Uint8Array(32);

async function start(t: import('ava').ExecutionContext, threads = 1) {
  const ctx = new TestContext('task-queue');
  const domains = [misbehavingSpec(), quadraticSpec(10)];
  const behaviour = await taskQueueActor.start(ctx, { threads, niceIncrement: 0, domains, specHashes: {} });
  t.teardown(() => behaviour.stop?.());
  const run = async (taskId: string, priority: TaskPriority, task: PoolTask, deadline?: number) =>
    behaviour.handlers.run({ taskId, priority, task }, {
      traceId: `trace of ${taskId}`,
      ...(deadline === undefined ? {} : { deadline }),
    } as Envelope);
  const tasks = async () => behaviour.handlers.getTasks({}, {} as Envelope);
  const cancel = (taskId: string) => behaviour.handlers.cancel({ taskId }, {} as Envelope);
  return { ctx, behaviour, run, tasks, cancel };
}

function train(mode: Mode): PoolTask {
  const budget = { maxEpochs: 2, earlyPatience: 1 };
  const genome = [MODES.indexOf(mode)];
  return { kind: 'train', domainId: 'misbehaving', genome, seed: zeros, dataSeed: zeros, budget };
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'ok',
    (error: unknown) => (isDoinError(error) ? error.code : String(error)),
  );

test('a task runs and its life is told: started, progress, finished', async (t) => {
  const { ctx, run, tasks } = await start(t);
  const result = await run('a', 'search', train('work'));
  t.is(result.measurement.performance, 7);
  const events = ctx.emitted.map(({ name }) => name);
  t.deepEqual(events, ['task-queue.started', 'task-queue.progress', 'task-queue.finished']);
  t.like(ctx.emitted[2]?.payload, { taskId: 'a', kind: 'train', domainId: 'misbehaving', failure: null });
  t.like(await tasks(), { tasks: [], workers: 1, completed: 1, failed: 0 });
});

test('with one thread a waiting vote passes searches that came before it', async (t) => {
  const { run, tasks, ctx } = await start(t);
  const order: string[] = [];
  const submit = (id: string, priority: TaskPriority) => run(id, priority, train('work')).then(() => order.push(id));
  const all = [
    submit('running', 'search'),
    submit('search 1', 'search'),
    submit('benchmark', 'benchmark'),
    submit('search 2', 'search'),
    submit('confirm', 'confirm'),
    submit('vote', 'vote'),
  ];
  const { tasks: views } = await tasks();
  t.deepEqual(
    views.map(({ taskId, status }) => `${status} ${taskId}`),
    ['running running', 'pending vote', 'pending confirm', 'pending search 1', 'pending search 2', 'pending benchmark'],
  );
  await Promise.all(all);
  t.deepEqual(order, ['running', 'vote', 'confirm', 'search 1', 'search 2', 'benchmark']);
  const started = ctx.emitted.filter(({ name }) => name === 'task-queue.started');
  t.is(started.length, 6);
});

test('cancelling takes a waiting task out, ends a running one, and ignores unknown ids', async (t) => {
  const { run, cancel, tasks } = await start(t);
  const running = codeOf(run('running', 'search', train('endless-loop')));
  const waiting = codeOf(run('waiting', 'search', train('exit')));
  const after = codeOf(run('after', 'search', train('work')));
  cancel('nobody');
  cancel('waiting');
  t.is(await waiting, 'task-cancelled');
  cancel('running');
  t.is(await running, 'task-cancelled');
  t.is(await after, 'ok');
  t.like(await tasks(), { completed: 1, failed: 2 });
});

test('a failed task says why, and the next one runs', async (t) => {
  const { ctx, run } = await start(t);
  t.is(await codeOf(run('a', 'search', train('exit'))), 'task-crashed');
  t.is(await codeOf(run('b', 'search', train('not-a-number'))), 'non-finite-result');
  t.is(await codeOf(run('c', 'search', { ...train('work'), genome: [99] })), 'bad-genome');
  t.is(await codeOf(run('d', 'search', { ...train('work'), domainId: 'elsewhere' })), 'unknown-domain');
  t.is(await codeOf(run('e', 'search', train('work'))), 'ok');
  const failures = ctx.emitted.filter(({ name }) => name === 'task-queue.finished').map(({ payload }) => payload);
  t.deepEqual(
    failures.map((payload) => (payload as { failure: string | null }).failure),
    ['task-crashed', 'non-finite-result', 'bad-genome', null],
  );
});

test('a queue of 256 is full, and an id in use is refused', async (t) => {
  const { run, behaviour } = await start(t);
  const running = codeOf(run('running', 'search', train('endless-loop')));
  const waiting = Array.from({ length: 256 }, (_, index) => codeOf(run(`${index}`, 'search', train('work'))));
  t.is(await codeOf(run('one more', 'vote', train('work'))), 'queue-full');
  t.is(await codeOf(run('7', 'vote', train('work'))), 'duplicate-task');
  t.is(await codeOf(run('running', 'vote', train('work'))), 'duplicate-task');
  await behaviour.stop?.();
  t.deepEqual(new Set(await Promise.all([running, ...waiting])), new Set(['task-cancelled']));
  t.is(await codeOf(run('late', 'vote', train('work'))), 'task-cancelled');
});

test('a task whose caller stopped waiting is not run', async (t) => {
  const { ctx, run } = await start(t);
  t.is(await codeOf(run('late', 'vote', train('work'), Date.now() - 1)), 'task-cancelled');
  t.deepEqual(ctx.emitted, []);
});

test('domains of one node run side by side', async (t) => {
  const { run } = await start(t, 2);
  const point = quadraticSpec(10).space.map(() => 0);
  const evaluate: PoolTask = {
    kind: 'evaluate',
    domainId: 'quadratic',
    genome: point,
    weights: new Uint8Array(0),
    dataSeed: zeros,
  };
  const [first, second] = await Promise.all([run('a', 'vote', evaluate), run('b', 'search', train('work'))]);
  t.true(first.measurement.performance < 0);
  t.is(second.epochs, 1);
});
