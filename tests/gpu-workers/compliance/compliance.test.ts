import test from 'ava';
import { complianceChecks } from '../../../gpu-workers/compliance/checks.js';
import { runCompliance } from '../../../gpu-workers/compliance/run.js';
import { Subject } from '../../../gpu-workers/compliance/subject.js';
import { loadDomain } from '../../../gpu-workers/domains/registry.js';
import { taskFailure } from '../../../gpu-workers/failures.js';
import { Random } from '../../../gpu-workers/random.js';
import type { Domain, DomainSpec } from '../../../gpu-workers/types.js';
import { builtInDomain, builtInDomains } from '../../../runtime/node/domains.js';

const named = ['timeseries', 'sphere-3', 'ellipsoid', 'rosenbrock', 'rotated-rastrigin', 'ackley-30'].flatMap(
  (id) => builtInDomain(id) ?? [],
);

for (const spec of [...builtInDomains, ...named]) {
  // Five seconds: other tests run on the same cores.
  const subject = new Subject({ createDomain: () => loadDomain(spec), cancelMs: 5_000 });
  for (const { title, run } of complianceChecks) {
    test.serial(`${spec.domainId}: ${title}`, async (t) => {
      await t.notThrowsAsync(run(subject));
    });
  }
}

const spec: DomainSpec = {
  domainId: 'one-weight',
  module: 'one-weight',
  metric: 'closeness',
  direction: 'maximize',
  space: [{ name: 'rate', kind: 'int', low: 1, high: 9 }],
  baselineNano: -900_000_000_000,
  incrementScaleNano: 1_000_000_000,
  toleranceFloorNano: 1_000,
  noiseNano: 1_000_000_000,
  synthetic: true,
  verification: 'exact',
  weightNano: 1_000_000_000,
  limits: { trainingSeconds: 10, memoryMb: 64, epochs: 50, batchSize: 1, blobBytes: 8 },
};

/** One float64 that follows the seed; everything right. Each fault below is this with one thing wrong. */
function model(): Domain {
  return {
    spec,
    async prepare() {},
    async train(genome, seed, budget, { signal, progress }) {
      let value = 0;
      const random = Random.fromSeed(seed, 'train');
      for (let epoch = 1; epoch <= budget.maxEpochs; epoch += 1) {
        value += Number(genome.rate) * random.uniform();
        progress({ epoch, maxEpochs: budget.maxEpochs, loss: value, validationLoss: value });
        signal.throwIfAborted();
      }
      return { weights: new Uint8Array(Float64Array.of(value).buffer), epochs: budget.maxEpochs };
    },
    async evaluate(_genome, weights, dataSeed) {
      if (weights.length !== 8) throw taskFailure('bad-weights', `${weights.length} bytes`);
      const value = new Float64Array(weights.slice().buffer)[0] as number;
      if (!Number.isFinite(value)) throw taskFailure('bad-weights', 'not finite');
      const target = Random.fromSeed(dataSeed, 'data').uniform();
      const outputs = [Float64Array.of(value)];
      return {
        performance: -Math.min(800, Math.abs(value - target)),
        standardError: 0.1,
        samples: 1,
        data: [Float64Array.of(target)],
        outputs,
      };
    },
    async predict() {
      return null;
    },
  };
}

let calls = 0;
const broken: readonly (readonly [string, (right: Domain) => Partial<Domain>, RegExp])[] = [
  [
    'predicts something else each time',
    () => ({
      exampleInput: 1,
      async predict() {
        calls += 1;
        return calls;
      },
    }),
    /predictions repeat/,
  ],
  [
    'takes input on trust',
    () => ({
      predict: async (_genome, _weights, input) => (input as { deep: { value: number } }).deep.value,
    }),
    /predictions repeat/,
  ],
  [
    'remembers what it trained before',
    (right) => ({
      train: (genome, seed, budget, work) =>
        right.train({ ...genome, rate: Number(genome.rate) + calls++ }, seed, budget, work),
    }),
    /training repeats/,
  ],
  [
    'ignores its seed',
    (right) => ({ train: (g, _, budget, work) => right.train(g, new Uint8Array(32), budget, work) }),
    /follows its seed/,
  ],
  [
    'evaluates with noise of its own',
    (right) => ({
      async evaluate(...given) {
        const found = await right.evaluate(...given);
        return { ...found, performance: found.performance - calls++ / 1e9 };
      },
    }),
    /evaluation repeats/,
  ],
  [
    'shows everybody the same data',
    (right) => ({ evaluate: (g, w, _, work) => right.evaluate(g, w, new Uint8Array(32), work) }),
    /data of its own/,
  ],
  [
    'cuts off what is too long in weights',
    (right) => ({ evaluate: (g, w, seed, work) => right.evaluate(g, w.slice(0, 8), seed, work) }),
    /another size/,
  ],
  [
    'fails without a code on strange weights',
    (right) => ({
      async evaluate(g, w, seed, work) {
        if (w.every((byte) => byte === 0xff)) throw new TypeError('cannot read');
        return right.evaluate(g, w, seed, work);
      },
    }),
    /any content/,
  ],
  [
    'trains longer than it may',
    (right) => ({
      train: (g, seed, budget, work) => right.train(g, seed, { ...budget, maxEpochs: budget.maxEpochs + 1 }, work),
    }),
    /at the bounds/,
  ],
  ['has its direction the wrong way round', () => ({ spec: { ...spec, direction: 'minimize' } }), /direction is right/],
  ['is noisier than it says', () => ({ spec: { ...spec, noiseNano: 1_000 } }), /no standard error/],
  [
    'does not listen to the signal',
    (right) => ({
      train: (g, seed, budget, { progress }) =>
        right.train(g, seed, budget, { signal: new AbortController().signal, progress }),
    }),
    /ends at once/,
  ],
  [
    'overwrites the seed',
    (right) => ({
      async train(g, seed, budget, work) {
        const trained = await right.train(g, seed, budget, work);
        seed.fill(0);
        return trained;
      },
    }),
    /left as they were given/,
  ],
];

async function failuresOf(change: (right: Domain) => Partial<Domain>): Promise<string[]> {
  const failed: string[] = [];
  const createDomain = async () => ({ ...model(), ...change(model()) });
  for await (const { title, problem } of runCompliance({ createDomain, cancelMs: 5_000 })) {
    if (problem !== null) failed.push(title);
  }
  return failed;
}

test('a domain that holds everything passes', async (t) => {
  t.deepEqual(await failuresOf(() => ({})), []);
});

for (const [fault, change, title] of broken) {
  test(`a domain that ${fault} does not pass`, async (t) => {
    const failed = await failuresOf(change);
    t.true(
      failed.some((name) => title.test(name)),
      failed.join('; ') || 'it passed',
    );
  });
}
