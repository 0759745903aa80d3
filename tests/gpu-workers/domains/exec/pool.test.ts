/** Programs that misbehave, under the real pool: real processes, real threads. */
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { WorkerPool } from '../../../../gpu-workers/pool.js';
import type { LocalDomainSpec, PoolTask, TrainingProgress } from '../../../../gpu-workers/types.js';
import { isDoinError } from '../../../../runtime/errors.js';
import { packageRoot } from '../../../../runtime/package-info.js';

const MODES = [
  ...['work', 'crash', 'refuse', 'hang', 'garbage', 'not-json-number', 'endless-line', 'memory', 'other-id'],
  ...['other-answer', 'too-many-epochs', 'large-weights', 'environment'],
];
const PROGRAM = join(packageRoot, 'tests/gpu-workers/fixtures/misbehaving-program.mjs');
const zeros = new Uint8Array(32);

function specOf(
  limits: Partial<LocalDomainSpec['limits']> = {},
  command = [process.execPath, PROGRAM],
): LocalDomainSpec {
  return {
    domainId: 'program',
    module: 'exec',
    metric: 'bytes',
    direction: 'maximize',
    space: [{ name: 'mode', kind: 'categorical', choices: MODES }],
    baselineNano: 0,
    incrementScaleNano: 1,
    toleranceFloorNano: 1,
    noiseNano: 1,
    synthetic: true,
    verification: 'statistical',
    weightNano: 1,
    limits: { trainingSeconds: 60, memoryMb: 1024, epochs: 10, batchSize: 1, blobBytes: 1000, ...limits },
    command,
  };
}

function train(mode: string): PoolTask {
  return {
    kind: 'train',
    domainId: 'program',
    genome: [MODES.indexOf(mode)],
    seed: zeros,
    dataSeed: zeros,
    budget: { maxEpochs: 2, earlyPatience: 1 },
  };
}

function poolFor(t: ExecutionContext): WorkerPool {
  const pool = new WorkerPool({ threads: 1, niceIncrement: 0, maxMemoryMb: 256 });
  t.teardown(() => pool.close());
  return pool;
}

function run(pool: WorkerPool, mode: string, spec = specOf(), signal = new AbortController().signal) {
  return pool.run(train(mode), { spec, signal, onProgress() {} });
}

async function failureOf(work: Promise<unknown>): Promise<{ code: string; message: string }> {
  const error = await work.then(
    () => new Error('it succeeded'),
    (failure: unknown) => failure,
  );
  if (isDoinError(error)) return { code: error.code, message: error.message };
  return { code: 'none', message: String(error) };
}

/** Gone, or dead and not yet fetched by its parent. */
async function ended(pid: number): Promise<boolean> {
  for (let trial = 0; trial < 500; trial += 1) {
    if (!isRunning(pid)) return true;
    await setTimeout(20);
  }
  return false;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    const stat = process.platform === 'linux' ? readFileSync(`/proc/${pid}/stat`, 'latin1') : '';
    return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
  } catch {
    return false;
  }
}

test('a program trains and measures, and its progress is seen', async (t) => {
  const seen: TrainingProgress[] = [];
  const signal = new AbortController().signal;
  const pool = poolFor(t);
  const result = await pool.run(train('work'), { spec: specOf(), signal, onProgress: (p) => seen.push(p) });
  t.is(Buffer.from(result.weights!).toString(), '1234567');
  t.deepEqual(result.measurement, { performance: 7, standardError: 0, samples: 1 });
  t.deepEqual(seen, [{ epoch: 1, maxEpochs: 2, loss: 0.5, validationLoss: 0.25 }]);
});

for (const [mode, code, message] of [
  ['crash', 'task-crashed', /ended with code 3; its last words: the disk is on fire/],
  ['refuse', 'bad-genome', /not this one/],
  ['garbage', 'task-crashed', /wrote "Segmentation fault\? No/],
  ['not-json-number', 'task-crashed', /NaN.*no message of the protocol/],
  ['endless-line', 'task-crashed', /a line longer than 25165824 bytes/],
  ['other-id', 'task-crashed', /to no question/],
  ['other-answer', 'task-crashed', /where "trained" was due/],
  ['too-many-epochs', 'task-crashed', /trained 1000 epochs of 2 allowed/],
  ['large-weights', 'bad-weights', /1001 bytes/],
] as const) {
  test(`a program that does "${mode}" fails its task as ${code}, and the worker goes on`, async (t) => {
    const pool = poolFor(t);
    const failure = await failureOf(run(pool, mode));
    t.is(failure.code, code, failure.message);
    t.regex(failure.message, message);
    t.is((await run(pool, 'work')).measurement.performance, 7);
  });
}

test('a program that does not exist is named', async (t) => {
  const failure = await failureOf(run(poolFor(t), 'work', specOf({}, ['/no/such/program'])));
  t.is(failure.code, 'unknown-domain');
  t.regex(failure.message, /\/no\/such\/program cannot be started/);
});

(process.platform === 'linux' ? test : test.skip)('a program that eats memory is ended as task-memory', async (t) => {
  const pool = poolFor(t);
  const failure = await failureOf(run(pool, 'memory', specOf({ memoryMb: 200 })));
  t.is(failure.code, 'task-memory', failure.message);
  t.is((await run(pool, 'work')).measurement.performance, 7);
});

for (const [end, code] of [
  ['is cancelled', 'task-cancelled'],
  ['takes too long', 'task-timeout'],
] as const) {
  test(`a program that ignores everything is killed with what it started when its task ${end}`, async (t) => {
    const pool = poolFor(t);
    const abort = new AbortController();
    let pids: number[] = [];
    const spec = specOf(end === 'takes too long' ? { trainingSeconds: 12 } : {});
    const onProgress = ({ epoch, maxEpochs }: TrainingProgress) => {
      pids = [epoch, maxEpochs];
      if (end === 'is cancelled') abort.abort();
    };
    const failure = await failureOf(pool.run(train('hang'), { spec, signal: abort.signal, onProgress }));
    t.is(failure.code, code);
    t.is(pids.length, 2);
    t.true(await ended(pids[0]!), 'the program');
    t.true(await ended(pids[1]!), 'its child');
    t.is((await run(pool, 'work')).measurement.performance, 7);
  });
}

test('a program is ended when the thread that started it is killed', async (t) => {
  const pool = poolFor(t);
  const pidFile = join(mkdtempSync(join(tmpdir(), 'doin-exec-')), 'pid');
  const abort = new AbortController();
  // It never says hello, and only the thread's death ends the waiting for that.
  const waiting = failureOf(run(pool, 'work', specOf({}, [process.execPath, PROGRAM, 'mute', pidFile]), abort.signal));
  while (!existsSync(pidFile) || readFileSync(pidFile, 'utf8') === '') await setTimeout(20);
  abort.abort();
  t.is((await waiting).code, 'task-cancelled');
  t.true(await ended(Number(readFileSync(pidFile, 'utf8'))));
});

test('a program sees none of the variables of the owner but the harmless ones', async (t) => {
  process.env.DOIN_TEST_SECRET = 'hunter2';
  const names = Buffer.from((await run(poolFor(t), 'environment')).weights!)
    .toString()
    .split(',');
  t.false(names.includes('DOIN_TEST_SECRET'));
  t.true(names.includes('PATH') && names.includes('OMP_NUM_THREADS'), names.join());
});
