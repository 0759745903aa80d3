/**
 * What a domain is, and the tasks the pool runs. This file is the contract between the pool and everybody else; it
 * imports no actor.
 */
import type { Genome, GenomeValues, Space } from '../runtime/genome/space.js';

/** The part of a domain that consensus knows: it stands in the genesis file and every node must hold the same. */
export interface DomainSpec {
  readonly domainId: string;
  /** Name of the module that implements it: a built-in name (`digits`) or a path or package given in the config. */
  readonly module: string;
  readonly metric: string;
  readonly direction: 'maximize' | 'minimize';
  readonly space: Space;
  /** Performance the domain starts from, in nano units: what a naive solution reaches. */
  readonly baselineNano: number;
  /** How much performance is worth one unit of work, in nano units. */
  readonly incrementScaleNano: number;
  /** Votes never need to agree better than this, in nano units of performance. */
  readonly toleranceFloorNano: number;
  /** Largest standard error that an honest evaluation states, in nano units. Votes widen the tolerance up to it. */
  readonly noiseNano: number;
  /** True when evaluators measure on data of their own making. Halves the weight when false. */
  readonly synthetic: boolean;
  /**
   * Whether two honest nodes find the same bits. `statistical` domains (programs in any language) agree within the
   * tolerance only: nobody is accused over bits there, and they weigh half at most.
   */
  readonly verification: 'exact' | 'statistical';
  /** Base weight of the domain in nano units; 1e9 = 1. */
  readonly weightNano: number;
  readonly limits: TaskLimits;
}

/** A domain as one node runs it: with what only its owner's config says. */
export interface LocalDomainSpec extends DomainSpec {
  /** Program of an `exec` domain, and its arguments. Never part of a network file: that would be code from strangers. */
  readonly command?: readonly string[];
}

export interface TaskLimits {
  readonly trainingSeconds: number;
  readonly memoryMb: number;
  readonly epochs: number;
  readonly batchSize: number;
  readonly blobBytes: number;
}

export interface Measurement {
  /** In the metric's own unit; always finite. */
  readonly performance: number;
  /** Standard error of `performance` over the samples; 0 for a noiseless metric. */
  readonly standardError: number;
  readonly samples: number;
}

/** A measurement on a seat's data, with all it was computed from: what the evidence of a vote is made of. */
export interface Evaluation extends Measurement {
  /** Everything the model was shown, and what was expected of it. */
  readonly data: readonly ArrayBufferView[];
  /** Every output, sample by sample. */
  readonly outputs: readonly ArrayBufferView[];
}

/** A measurement on data that are the same for all. */
export interface Benchmark extends Measurement {
  /** Figures that the performance is read beside, by name: what simpler ways reach, or the same in another unit. */
  readonly beside?: Readonly<Record<string, number>>;
}

/** Hashes that only somebody who did the evaluation can know, 64 hex digits each. */
export interface Evidence {
  readonly dataHash: string;
  readonly traceHash: string;
}

export interface TrainingBudget {
  readonly maxEpochs: number;
  /** L1 patience: epochs without improvement of the validation loss before training stops. */
  readonly earlyPatience: number;
}

export interface TrainingProgress {
  readonly epoch: number;
  readonly maxEpochs: number;
  readonly loss: number;
  readonly validationLoss: number;
}

/** Passed into long work: cancellation and progress. */
export interface WorkContext {
  readonly signal: AbortSignal;
  progress(progress: TrainingProgress): void;
}

export interface TrainedModel {
  /** Serialised weights; empty for domains whose genome is the solution. */
  readonly weights: Uint8Array;
  readonly epochs: number;
}

/**
 * A domain. Implementations must be pure functions of their arguments: same genome and seed, same bits, on every
 * machine (DESIGN section 7). Weights and genomes come from strangers: `evaluate` checks sizes before it allocates.
 */
export interface Domain {
  readonly spec: DomainSpec;
  /** Loads data and backend once per worker; later calls return at once. */
  prepare(): Promise<void>;
  train(genome: GenomeValues, seed: Uint8Array, budget: TrainingBudget, work: WorkContext): Promise<TrainedModel>;
  /** Measures on data made from `dataSeed`. Throws DoinError `bad-weights` when the weights do not fit the genome. */
  evaluate(genome: GenomeValues, weights: Uint8Array, dataSeed: Uint8Array, work: WorkContext): Promise<Evaluation>;
  /** The same metric on real held-out data, where the domain has any: what a user wants to know in the end. */
  benchmark?(genome: GenomeValues, weights: Uint8Array, work: WorkContext): Promise<Benchmark>;
  /** Answers one request with the model. The input is any JSON, from strangers: what does not fit fails as `bad-input`. */
  predict(genome: GenomeValues, weights: Uint8Array, input: unknown): Promise<unknown>;
  /** An input that `predict` takes. Without it nobody can tell whether it takes any. */
  readonly exampleInput?: unknown;
}

interface TaskBase {
  readonly domainId: string;
  readonly genome: Genome;
}
/** Trains with `seed`, then measures the result on data from `dataSeed`. */
export interface TrainTask extends TaskBase {
  readonly kind: 'train';
  readonly seed: Uint8Array;
  readonly dataSeed: Uint8Array;
  readonly budget: TrainingBudget;
}
export interface EvaluateTask extends TaskBase {
  readonly kind: 'evaluate';
  readonly weights: Uint8Array;
  readonly dataSeed: Uint8Array;
}
export interface BenchmarkTask extends TaskBase {
  readonly kind: 'benchmark';
  readonly weights: Uint8Array;
}
export interface PredictTask extends TaskBase {
  readonly kind: 'predict';
  readonly weights: Uint8Array;
  /** JSON text as it came: nobody takes it apart before the pool does. */
  readonly input: string;
}
export type PoolTask = TrainTask | EvaluateTask | BenchmarkTask | PredictTask;

export interface PoolResult {
  /** Of no samples for `predict`. */
  readonly measurement: Measurement;
  /** Only for `predict`: JSON text. */
  readonly output?: string;
  /** Only for `benchmark`, where the domain has such figures. */
  readonly beside?: Readonly<Record<string, number>>;
  /** Only for `evaluate`. */
  readonly evidence?: Evidence;
  /** Only for `train`. */
  readonly weights?: Uint8Array;
  readonly epochs?: number;
  /** Wall-clock seconds inside the worker. */
  readonly seconds: number;
}

/** Why a task gave no result. Carried as `data.code` of the DoinError. */
export type TaskFailureCode =
  | 'task-cancelled'
  | 'task-timeout'
  | 'task-memory'
  | 'task-crashed'
  | 'bad-genome'
  | 'bad-weights'
  | 'bad-input'
  | 'non-finite-result'
  | 'unknown-domain';
