import { setMaxListeners } from 'node:events';
import test from 'ava';
import { WorkerPool } from '../../gpu-workers/pool.js';
import type { PoolTask, TrainingProgress } from '../../gpu-workers/types.js';
import { isDoinError } from '../../runtime/errors.js';
import { MODES, type Mode, misbehavingSpec } from './fixtures/misbehaving-domain.js';

const zeros = new Uint8Array(32);
const spec = misbehavingSpec();
const NEVER = new AbortController().signal;
setMaxListeners(0, NEVER);

function train(mode: Mode): PoolTask {
  return {
    kind: 'train',
    domainId: 'misbehaving',
    genome: [MODES.indexOf(mode)],
    seed: zeros,
    dataSeed: zeros,
    budget: { maxEpochs: 2, earlyPatience: 1 },
  };
}

/** The code a task fails with; undefined when it succeeds. */
async function failureOf(work: Promise<unknown>): Promise<string | undefined> {
  return work.then(
    () => undefined,
    (error: unknown) => (isDoinError(error) ? error.code : `not a DoinError: ${error}`),
  );
}

function withPool(
  title: string,
  body: (t: import('ava').ExecutionContext, pool: WorkerPool) => Promise<void>,
  options: { threads?: number; maxMemoryMb?: number } = {},
): void {
  test(title, async (t) => {
    const pool = new WorkerPool({ threads: 1, niceIncrement: 10, maxMemoryMb: 256, ...options });
    try {
      await body(t, pool);
    } finally {
      await pool.close();
    }
  });
}

withPool('a task returns weights, measurement and time, and its progress is seen on the way', async (t, pool) => {
  const seen: TrainingProgress[] = [];
  const result = await pool.run(train('work'), { spec, signal: NEVER, onProgress: (p) => seen.push(p) });
  t.is(result.weights?.length, 7);
  t.deepEqual(result.measurement, { performance: 7, standardError: 0, samples: 1 });
  t.true(result.seconds > 0 && result.seconds < 60);
  t.deepEqual(seen, [{ epoch: 1, maxEpochs: 2, loss: 0.5, validationLoss: 0.25 }]);
});

for (const [mode, code] of [
  ['exit', 'task-crashed'],
  ['throw', 'task-crashed'],
  ['throw-later', 'task-crashed'],
  ['not-a-number', 'non-finite-result'],
  ['large-weights', 'bad-weights'],
] as const) {
  withPool(`a task that does "${mode}" fails as ${code} and the pool goes on`, async (t, pool) => {
    t.is(await failureOf(pool.run(train(mode), { spec, signal: NEVER, onProgress() {} })), code);
    t.is(await failureOf(pool.run(train('work'), { spec, signal: NEVER, onProgress() {} })), undefined);
  });
}

withPool('an endless loop is killed at the time limit of its domain and the pool goes on', async (t, pool) => {
  const short = misbehavingSpec({ trainingSeconds: 0.2 });
  t.is(
    await failureOf(pool.run(train('endless-loop'), { spec: short, signal: NEVER, onProgress() {} })),
    'task-timeout',
  );
  t.is(await failureOf(pool.run(train('work'), { spec, signal: NEVER, onProgress() {} })), undefined);
});

withPool(
  'a thread that fills its heap is ended as task-memory and the pool goes on',
  async (t, pool) => {
    t.is(await failureOf(pool.run(train('fill-heap'), { spec, signal: NEVER, onProgress() {} })), 'task-memory');
    t.is(await failureOf(pool.run(train('work'), { spec, signal: NEVER, onProgress() {} })), undefined);
  },
  { maxMemoryMb: 32 },
);

withPool('buffers outside the heap count against the memory limit of the domain', async (t, pool) => {
  const small = misbehavingSpec({ memoryMb: 96 });
  t.is(
    await failureOf(pool.run(train('fill-buffers'), { spec: small, signal: NEVER, onProgress() {} })),
    'task-memory',
  );
});

for (const mode of ['endless-loop', 'endless-but-polite'] as const) {
  withPool(`aborting a task that does "${mode}" ends it at once`, async (t, pool) => {
    const abort = new AbortController();
    let started: () => void = () => {};
    const running = new Promise<void>((resolve) => {
      started = resolve;
    });
    const outcome = failureOf(pool.run(train(mode), { spec, signal: abort.signal, onProgress: started }));
    await running;
    const abortedAt = performance.now();
    abort.abort();
    t.is(await outcome, 'task-cancelled');
    // The grace is 50 ms; the rest of the second is for a machine that runs other tests at the same time.
    t.true(performance.now() - abortedAt < 1000);
    t.is(await failureOf(pool.run(train('work'), { spec, signal: NEVER, onProgress() {} })), undefined);
  });
}

withPool('a task aborted before it began never runs', async (t, pool) => {
  const signal = AbortSignal.abort();
  t.is(await failureOf(pool.run(train('exit'), { spec, signal, onProgress() {} })), 'task-cancelled');
});

withPool(
  'a genome out of bounds, oversized weights and a foreign domain are refused before any work',
  async (t, pool) => {
    const options = { spec, signal: NEVER, onProgress() {} };
    const evaluate: PoolTask = {
      kind: 'evaluate',
      domainId: 'misbehaving',
      genome: [0],
      weights: new Uint8Array(1001),
      dataSeed: zeros,
    };
    t.is(await failureOf(pool.run({ ...train('work'), genome: [MODES.length] }, options)), 'bad-genome');
    t.is(await failureOf(pool.run({ ...train('work'), genome: [0, 0] }, options)), 'bad-genome');
    t.is(await failureOf(pool.run(evaluate, options)), 'bad-weights');
    t.is(await failureOf(pool.run({ ...train('work'), domainId: 'other' }, options)), 'unknown-domain');
  },
);

withPool('a domain whose module does not exist fails as unknown-domain', async (t, pool) => {
  const missing = { ...spec, module: './no-such-module.js' };
  t.is(await failureOf(pool.run(train('work'), { spec: missing, signal: NEVER, onProgress() {} })), 'unknown-domain');
});

withPool(
  'after threads were killed the pool still runs as many tasks at once as it has threads',
  async (t, pool) => {
    for (let round = 0; round < 3; round += 1) {
      const abort = new AbortController();
      const pair = [0, 1].map(() =>
        pool.run(train('endless-loop'), { spec, signal: abort.signal, onProgress: both() }),
      );
      let seen = 0;
      function both() {
        return () => {
          seen += 1;
          if (seen === 2) abort.abort();
        };
      }
      t.deepEqual(await Promise.all(pair.map(failureOf)), ['task-cancelled', 'task-cancelled']);
    }
  },
  { threads: 2 },
);

(process.platform === 'linux' ? withPool : test.skip)(
  'pool threads run nicer than the process by the increment',
  async (t: import('ava').ExecutionContext, pool: WorkerPool) => {
    const { getPriority } = await import('node:os');
    const own = getPriority();
    const result = await pool.run(train('report-niceness'), { spec, signal: NEVER, onProgress() {} });
    t.true(result.measurement.performance >= Math.min(19, Math.max(10, own)));
    t.is(getPriority(), own);
  },
);

test('closing the pool ends running tasks as cancelled', async (t) => {
  const pool = new WorkerPool({ threads: 1, niceIncrement: 0, maxMemoryMb: 256 });
  let closed: Promise<void> | undefined;
  const outcome = failureOf(
    pool.run(train('endless-loop'), {
      spec,
      signal: NEVER,
      onProgress() {
        closed ??= pool.close();
      },
    }),
  );
  t.is(await outcome, 'task-cancelled');
  await closed;
  t.is(await failureOf(pool.run(train('work'), { spec, signal: NEVER, onProgress() {} })), 'task-cancelled');
});

test('warming loads a domain on every thread and reports a module that cannot be loaded', async (t) => {
  const pool = new WorkerPool({ threads: 2, niceIncrement: 0, maxMemoryMb: 256 });
  await t.notThrowsAsync(pool.warm([spec]));
  await t.throwsAsync(pool.warm([{ ...spec, module: './no-such-module.js' }]), { message: /no-such-module/ });
  await pool.close();
});
