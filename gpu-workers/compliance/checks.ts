/**
 * What every domain must hold, built in or a user's own: the network's evaluators repeat each other's work to the bit,
 * on genomes and weights that strangers sent. Run by `doin domain test` and by the project's own tests.
 */
import { isDeepStrictEqual } from 'node:util';
import { errorMessage } from '../../runtime/errors.js';
import { fromNano } from '../../runtime/fixed/nano.js';
import { decodeGenome, type Genome, integerRange } from '../../runtime/genome/space.js';
import { refuseTask } from '../checks.js';
import { isTaskFailure, type TaskFailure, taskFailure } from '../failures.js';
import { Random } from '../random.js';
import type { Domain, DomainSpec, Measurement, PoolResult, TaskFailureCode } from '../types.js';
import { cornerGenomes, evaluate, freely, predict, randomGenomes, type Subject, seedOf, train } from './subject.js';

export interface ComplianceCheck {
  /** A sentence that is true of a domain that passes. */
  readonly title: string;
  /** Throws an error whose message says what is wrong; anything the domain throws counts as one. */
  run(subject: Subject): Promise<void>;
}

type Outcome = Omit<PoolResult, 'seconds'>;

/** What a stranger may send as input: JSON of any shape, and what is no JSON. */
const STRANGE_INPUTS: readonly string[] = [
  'null',
  '[]',
  '{}',
  '"1"',
  '-1e308',
  'true',
  '[1,[2,[3,"four",null]]]',
  '{"__proto__":{"length":64}}',
  JSON.stringify({ length: 64 }),
  JSON.stringify(Array.from({ length: 64 }, () => 'x')),
  JSON.stringify(Array.from({ length: 20_000 }, () => 0)),
  '{',
];

/** Random genomes of which one at least should beat the baseline. */
const TRIES = 20;
/** As for votes (actors/quorum/rules.ts): honest results of statistical domains lie within so many standard errors. */
const STANDARD_ERRORS = 6;

export const complianceChecks: readonly ComplianceCheck[] = [
  {
    title: 'random genomes and those at the bounds train, or fail as training that diverged',
    async run(subject) {
      const domain = await subject.domain();
      for (const genome of [...cornerGenomes(domain.spec), ...randomGenomes(domain.spec, 3)]) {
        const outcome = await tryTo(() => train(domain, genome, seedOf(1), subject.short));
        if (isTaskFailure(outcome)) only(outcome, ['non-finite-result'], `training genome ${genome.join(',')}`);
        else checkTrained(domain.spec, outcome, subject.short.maxEpochs);
      }
    },
  },
  {
    title: 'training repeats for the same genome and seed, whatever was trained in between',
    async run(subject) {
      const domain = await subject.domain();
      const { genome } = await subject.trained();
      const first = await train(domain, genome, seedOf(1), subject.short);
      await tryTo(() => train(domain, randomGenomes(domain.spec, 2)[1] as Genome, seedOf(2), subject.short));
      same(domain.spec, await train(domain, genome, seedOf(1), subject.short), first, 'training again');
      const other = await train(await subject.newDomain(), genome, seedOf(1), subject.short);
      same(domain.spec, other, first, 'training in another instance');
    },
  },
  {
    title: 'training follows its seed: another one gives other weights',
    async run(subject) {
      const domain = await subject.domain();
      const { genome, weights } = await subject.trained();
      if (weights.length === 0) return;
      const other = await train(domain, genome, seedOf(2), subject.short);
      check(!isDeepStrictEqual(other.weights, weights), 'two seeds gave the same weights');
    },
  },
  {
    title: 'evaluation repeats for the same data seed, with the same evidence, in every instance',
    async run(subject) {
      const domain = await subject.domain();
      const model = await subject.trained();
      const first = await evaluate(domain, model, seedOf(3));
      await evaluate(domain, model, seedOf(4));
      same(domain.spec, await evaluate(domain, model, seedOf(3)), first, 'evaluating again');
      same(domain.spec, await evaluate(await subject.newDomain(), model, seedOf(3)), first, 'in another instance');
    },
  },
  {
    title: 'each data seed gives data of its own, if the domain says that its data are synthetic',
    async run(subject) {
      const domain = await subject.domain();
      const model = await subject.trained();
      const first = await evaluate(domain, model, seedOf(3));
      const other = await evaluate(domain, model, seedOf(4));
      const equal = first.evidence?.dataHash === other.evidence?.dataHash;
      check(!domain.spec.synthetic || !equal, 'synthetic is true, but two data seeds gave the same data');
    },
  },
  {
    title: 'results are finite, and no standard error is above the noise that the domain declares',
    async run(subject) {
      const domain = await subject.domain();
      const model = await subject.trained();
      for (const byte of [3, 4, 5])
        checkMeasurement(domain.spec, (await evaluate(domain, model, seedOf(byte))).measurement);
      if (domain.benchmark === undefined) return;
      const { genome, weights } = model;
      const measured = await domain.benchmark(decodeGenome(domain.spec.space, genome), weights, freely());
      check(Number.isFinite(measured.performance), `the benchmark gave ${measured.performance}`);
    },
  },
  {
    title: 'the direction is right: some random genome beats the baseline',
    async run(subject) {
      const domain = await subject.domain();
      const { direction, baselineNano, limits } = domain.spec;
      const baseline = fromNano(baselineNano);
      const budget = { maxEpochs: Math.min(30, limits.epochs), earlyPatience: 8 };
      const seen: number[] = [];
      for (const genome of randomGenomes(domain.spec, TRIES)) {
        const outcome = await tryTo(() => train(domain, genome, seedOf(1), budget));
        if (isTaskFailure(outcome)) continue;
        const { performance } = outcome.measurement;
        if (direction === 'maximize' ? performance > baseline : performance < baseline) return;
        seen.push(performance);
      }
      const range = `${Math.min(...seen)} to ${Math.max(...seen)}`;
      throw new Error(`${seen.length} random genomes gave ${range}, none beats ${baseline}: is it to ${direction}?`);
    },
  },
  {
    title: 'a genome out of bounds never reaches the domain',
    async run(subject) {
      const { spec } = await subject.domain();
      const genome = randomGenomes(spec, 1)[0] as Genome;
      for (const bad of badGenomes(spec, genome)) {
        const task = {
          kind: 'evaluate',
          domainId: spec.domainId,
          genome: bad,
          weights: new Uint8Array(0),
          dataSeed: seedOf(1),
        } as const;
        check(refuseTask(task, spec)?.code === 'bad-genome', `genome ${bad.join(',')} was not refused`);
      }
    },
  },
  {
    title: 'weights of another size are refused as bad-weights',
    async run(subject) {
      const domain = await subject.domain();
      const model = await subject.trained();
      for (const weights of resized(model.weights)) {
        const outcome = await tryTo(() => evaluate(domain, { ...model, weights }, seedOf(1)));
        const what = `${weights.length} bytes in place of ${model.weights.length}`;
        if (!isTaskFailure(outcome)) throw new Error(`${what} were evaluated to ${outcome.measurement.performance}`);
        only(outcome, ['bad-weights'], what);
      }
    },
  },
  {
    title: 'weights of the right size with any content give a finite result or a typed refusal',
    async run(subject) {
      const domain = await subject.domain();
      const model = await subject.trained();
      for (const [what, weights] of refilled(model.weights)) {
        const outcome = await tryTo(() => evaluate(domain, { ...model, weights }, seedOf(1)));
        if (isTaskFailure(outcome)) only(outcome, ['bad-weights', 'non-finite-result'], what);
        else checkMeasurement(domain.spec, outcome.measurement, false);
      }
    },
  },
  {
    title: 'predictions repeat, and any input gives one or is refused as bad-input',
    async run(subject) {
      const domain = await subject.domain();
      const model = await subject.trained();
      const { exampleInput } = domain;
      if (exampleInput !== undefined) {
        const first = await predict(domain, model, JSON.stringify(exampleInput));
        check(
          (await predict(domain, model, JSON.stringify(exampleInput))) === first,
          'predicting again gave another output',
        );
      }
      for (const input of STRANGE_INPUTS) {
        const outcome = await tryTo(() => predict(domain, model, input));
        if (isTaskFailure(outcome)) only(outcome, ['bad-input'], `the input ${input.slice(0, 40)}`);
      }
    },
  },
  {
    title: 'genome, seed and weights are left as they were given',
    async run(subject) {
      const domain = await subject.domain();
      const { genome, weights } = await subject.trained();
      const given = { genome: [...genome], weights: weights.slice(), seed: seedOf(1) };
      await train(domain, given.genome, given.seed, subject.short);
      await evaluate(domain, given, given.seed);
      check(isDeepStrictEqual(given, { genome: [...genome], weights, seed: seedOf(1) }), 'an argument was changed');
    },
  },
  {
    title: 'cancelled training ends at once',
    async run(subject) {
      const domain = await subject.domain();
      const { genome } = await subject.trained();
      await endsAtOnce(subject, domain, genome, 'before it began');
      await endsAtOnce(subject, domain, genome, 'at its first report');
    },
  },
];

/** A failure counts as an outcome; anything untyped is a fault. */
async function tryTo<T>(work: () => Promise<T>): Promise<T | TaskFailure> {
  try {
    return await work();
  } catch (error) {
    if (isTaskFailure(error)) return error;
    throw new Error(`failed without a task failure's code: ${errorMessage(error)}`, { cause: error });
  }
}

function check(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}

function only(failure: TaskFailure, codes: readonly TaskFailureCode[], what: string): void {
  check(
    codes.includes(failure.code),
    `${what} failed as ${failure.code}, not as ${codes.join(' or ')}: ${failure.message}`,
  );
}

function checkTrained(spec: DomainSpec, { epochs, weights, measurement }: Outcome, maxEpochs: number): void {
  const { limits } = spec;
  check(epochs !== undefined && epochs >= 0 && epochs <= maxEpochs, `trained ${epochs} epochs of ${maxEpochs} allowed`);
  check((weights?.length ?? 0) <= limits.blobBytes, `weights of ${weights?.length} bytes; ${limits.blobBytes} allowed`);
  checkMeasurement(spec, measurement);
}

/** `honest`: of weights that training made, whose noise the domain has declared. */
function checkMeasurement(spec: DomainSpec, measurement: Measurement, honest = true): void {
  const { performance, standardError, samples } = measurement;
  check(Number.isFinite(performance) && Number.isFinite(standardError), `${performance} +- ${standardError}`);
  check(Number.isSafeInteger(samples) && samples >= 1, `measured on ${samples} samples`);
  const noise = fromNano(spec.noiseNano);
  check(!honest || standardError <= noise, `standard error ${standardError} is above the declared noise of ${noise}`);
}

/** Bit for bit where the domain promises bits; within the votes' tolerance where it does not. */
function same(spec: DomainSpec, found: Outcome, before: Outcome, what: string): void {
  if (spec.verification === 'exact') {
    check(isDeepStrictEqual(found, before), `${what} gave other bits: ${described(found)} after ${described(before)}`);
    return;
  }
  const standardError = Math.max(found.measurement.standardError, before.measurement.standardError);
  const tolerance = Math.max(fromNano(spec.toleranceFloorNano), STANDARD_ERRORS * standardError);
  const difference = Math.abs(found.measurement.performance - before.measurement.performance);
  check(difference <= tolerance, `${what} differs by ${difference}, more than votes may (${tolerance})`);
}

function described({ measurement, evidence, weights }: Outcome): string {
  const { performance, standardError } = measurement;
  return JSON.stringify({ performance, standardError, ...evidence, weightsBytes: weights?.length });
}

function* badGenomes({ space }: DomainSpec, genome: Genome): Generator<Genome> {
  yield [];
  yield [...genome, 0];
  for (const [index, parameter] of space.entries()) {
    const [low, high] = integerRange(parameter);
    for (const value of [low - 1, high + 1, low + 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      yield genome.with(index, value);
    }
  }
}

function resized(weights: Uint8Array): readonly Uint8Array[] {
  const longer = [1, 4, 1024].map((more) => {
    const bytes = new Uint8Array(weights.length + more);
    bytes.set(weights);
    return bytes;
  });
  const shorter =
    weights.length === 0 ? [] : [0, weights.length >> 1, weights.length - 1].map((end) => weights.slice(0, end));
  return [...longer, ...shorter];
}

/** All bits set is NaN in every float format. */
function refilled(weights: Uint8Array): readonly (readonly [string, Uint8Array])[] {
  if (weights.length === 0) return [];
  const random = Random.fromSeed(seedOf(9), 'compliance/weights');
  const lastByte = weights.slice();
  lastByte[lastByte.length - 1] = 0xff;
  return [
    ['weights of all bits set', new Uint8Array(weights.length).fill(0xff)],
    ['weights of zeros', new Uint8Array(weights.length)],
    ['random weights', Uint8Array.from(weights, () => random.below(256))],
    ['weights with one byte changed', lastByte],
  ];
}

/** Work that ends by itself within the time need not look at the signal. */
async function endsAtOnce(
  { cancelMs }: Subject,
  domain: Domain,
  genome: Genome,
  when: 'before it began' | 'at its first report',
): Promise<void> {
  const abort = new AbortController();
  const reason = taskFailure('task-cancelled', 'the task was cancelled');
  let abortedAt = performance.now();
  let later = 0;
  if (when === 'before it began') abort.abort(reason);
  const progress = () => {
    if (abort.signal.aborted) later += 1;
    else {
      abortedAt = performance.now();
      abort.abort(reason);
    }
  };
  const budget = { maxEpochs: domain.spec.limits.epochs, earlyPatience: domain.spec.limits.epochs };
  const values = decodeGenome(domain.spec.space, genome);
  const outcome = await tryTo(() => domain.train(values, seedOf(1), budget, { signal: abort.signal, progress }));
  if (isTaskFailure(outcome)) only(outcome, ['task-cancelled'], `training cancelled ${when}`);
  const tookMs = performance.now() - abortedAt;
  check(tookMs <= cancelMs, `training cancelled ${when} went on for ${Math.round(tookMs)} ms; ${cancelMs} allowed`);
  check(later <= 1, `training cancelled ${when} reported ${later} more epochs`);
}
