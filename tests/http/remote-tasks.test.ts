/** Tasks and results come through JSON as they were, and damaged ones do not. */
import test from 'ava';
import fc from 'fast-check';
import type { PoolResult, PoolTask } from '../../gpu-workers/types.js';
import { isDoinError } from '../../runtime/errors.js';
import {
  completeSchema,
  leaseToJson,
  outcomeFromJson,
  readLease,
  resultToJson,
  taskFromJson,
} from '../../runtime/http/remote-tasks.js';

const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });
const weights = fc.uint8Array({ maxLength: 70 });
const common = { domainId: fc.string({ minLength: 1, maxLength: 64 }), genome: fc.array(fc.maxSafeInteger()) };
const patience = fc.nat();
const task: fc.Arbitrary<PoolTask> = fc.oneof(
  fc.record({
    kind: fc.constant('train' as const),
    ...common,
    seed,
    dataSeed: seed,
    budget: fc.record({ maxEpochs: patience, earlyPatience: patience }),
  }),
  fc.record({ kind: fc.constant('evaluate' as const), ...common, weights, dataSeed: seed }),
  fc.record({ kind: fc.constant('benchmark' as const), ...common, weights }),
  fc.record({ kind: fc.constant('predict' as const), ...common, weights, input: fc.string() }),
);
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const result: fc.Arbitrary<PoolResult> = fc.record(
  {
    measurement: fc.record({ performance: finite, standardError: finite, samples: fc.nat() }),
    seconds: finite,
    epochs: fc.nat(),
    weights,
    evidence: fc.constant({ dataHash: 'ab'.repeat(32), traceHash: 'cd'.repeat(32) }),
    output: fc.string(),
    beside: fc.constant({ naive: 1.5, 'seasonal naive': -2 }),
  },
  { requiredKeys: ['measurement', 'seconds'] },
);
const throughJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
const LEASE = { leaseId: 'ab'.repeat(16), expiresInMs: 30_000, specHash: 'cd'.repeat(32) };

test('a task comes to the worker as it was', (t) => {
  fc.assert(
    fc.property(task, (sent) => {
      const lease = readLease(throughJson({ lease: leaseToJson({ ...LEASE, task: sent }) }));
      t.deepEqual(lease && taskFromJson(lease.task), sent);
    }),
  );
});

test('a result comes back as it was', (t) => {
  fc.assert(
    fc.property(result, (sent) => {
      const end = throughJson({ outcome: 'done', lease_id: LEASE.leaseId, result: resultToJson(sent) });
      t.deepEqual(outcomeFromJson(completeSchema.parse(end)), { type: 'done', result: throughZero(sent) });
    }),
  );
});

test('weights that are not those of their hash are refused, and what is no base64', (t) => {
  const sent = resultToJson({
    measurement: { performance: 1, standardError: 0, samples: 1 },
    seconds: 1,
    weights: new Uint8Array([1, 2, 3, 4]),
  });
  for (const damage of [
    { weights: 'AQIDBQ==' },
    { weights: 'AQID!A==' },
    { weights: 'AQIDBA' },
    { weights_hash: undefined },
  ]) {
    const end = completeSchema.parse({ outcome: 'done', lease_id: LEASE.leaseId, result: { ...sent, ...damage } });
    const error = t.throws(() => outcomeFromJson(end));
    t.true(isDoinError(error, 'bad-request'), JSON.stringify(damage));
  }
});

/** JSON knows no negative zero. */
function throughZero(value: PoolResult): PoolResult {
  const { performance, standardError, samples } = value.measurement;
  return {
    ...value,
    measurement: { performance: performance + 0, standardError: standardError + 0, samples },
    seconds: value.seconds + 0,
  };
}
