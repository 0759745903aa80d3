/** The domain under test, with what the checks share: sampled genomes, and one trained model made on first use. */
import exp from '@stdlib/math-base-special-exp';
import ln from '@stdlib/math-base-special-ln';
import { type Genome, integerRange, type ParameterSpec } from '../../runtime/genome/space.js';
import { isTaskFailure } from '../failures.js';
import { Random } from '../random.js';
import type { Domain, DomainSpec, PoolResult, TrainingBudget, WorkContext } from '../types.js';
import { perform } from '../worker.js';

/** Enough to move weights, little enough to repeat a dozen times. */
const SHORT: TrainingBudget = { maxEpochs: 2, earlyPatience: 2 };

export interface SubjectOptions {
  /** A new instance each time: what one instance remembers must not change what another finds. */
  createDomain(): Promise<Domain>;
  /** How long cancelled work may go on, in milliseconds. Loaded test machines need more than the default of 100. */
  readonly cancelMs?: number;
}

export interface Trained {
  readonly genome: Genome;
  readonly weights: Uint8Array;
}

export class Subject {
  readonly cancelMs: number;
  readonly short = SHORT;
  readonly #createDomain: () => Promise<Domain>;
  #first: Promise<Domain> | undefined;
  #trained: Promise<Trained> | undefined;

  constructor({ createDomain, cancelMs = 100 }: SubjectOptions) {
    this.#createDomain = createDomain;
    this.cancelMs = cancelMs;
  }

  domain(): Promise<Domain> {
    this.#first ??= this.newDomain();
    return this.#first;
  }

  async newDomain(): Promise<Domain> {
    const domain = await this.#createDomain();
    await domain.prepare();
    return domain;
  }

  /** The first random genome that trains: one may diverge, which is no fault of the domain. */
  trained(): Promise<Trained> {
    this.#trained ??= this.#train();
    return this.#trained;
  }

  async #train(): Promise<Trained> {
    const domain = await this.domain();
    let last: unknown;
    for (const genome of randomGenomes(domain.spec, 8)) {
      try {
        const { weights } = await train(domain, genome, seedOf(1), SHORT);
        return { genome, weights: weights ?? new Uint8Array(0) };
      } catch (error) {
        if (!isTaskFailure(error) || error.code !== 'non-finite-result') throw error;
        last = error;
      }
    }
    throw last;
  }
}

export function seedOf(byte: number): Uint8Array {
  return new Uint8Array(32).fill(byte);
}

/** A context nobody cancels. */
export function freely(progress: WorkContext['progress'] = () => {}): WorkContext {
  return { signal: new AbortController().signal, progress };
}

/** Trains and measures the way a worker of the pool does. */
export function train(
  domain: Domain,
  genome: Genome,
  seed: Uint8Array,
  budget: TrainingBudget,
  work: WorkContext = freely(),
): Promise<Omit<PoolResult, 'seconds'>> {
  const { domainId } = domain.spec;
  return perform(domain, { kind: 'train', domainId, genome, seed, dataSeed: seedOf(200), budget }, work);
}

export function evaluate(
  domain: Domain,
  { genome, weights }: Trained,
  dataSeed: Uint8Array,
  work: WorkContext = freely(),
): Promise<Omit<PoolResult, 'seconds'>> {
  return perform(domain, { kind: 'evaluate', domainId: domain.spec.domainId, genome, weights, dataSeed }, work);
}

/** JSON text in and out. */
export async function predict(
  domain: Domain,
  { genome, weights }: Trained,
  input: string,
): Promise<string | undefined> {
  const { domainId } = domain.spec;
  return (await perform(domain, { kind: 'predict', domainId, genome, weights, input }, freely())).output;
}

/** Drawn evenly between the bounds of each parameter, on its own scale. */
export function randomGenomes({ space }: DomainSpec, count: number): readonly Genome[] {
  const random = Random.fromSeed(seedOf(7), 'compliance/genomes');
  return Array.from({ length: count }, () => space.map((parameter) => drawValue(parameter, random)));
}

/** Every parameter at its lowest, then at its highest. */
export function cornerGenomes({ space }: DomainSpec): readonly Genome[] {
  return ([0, 1] as const).map((end) => space.map((parameter) => integerRange(parameter)[end]));
}

function drawValue(parameter: ParameterSpec, random: Random): number {
  const [low, high] = integerRange(parameter);
  const share = random.uniform();
  const value =
    parameter.kind !== 'categorical' && parameter.log
      ? Math.round(exp(ln(low) + share * (ln(high) - ln(low))))
      : low + Math.floor(share * (high - low + 1));
  return Math.min(high, Math.max(low, value));
}
