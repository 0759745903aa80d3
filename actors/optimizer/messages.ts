/** What the optimizer actor accepts, answers and emits. */
import type { Genome, GenomeValues } from '../../runtime/genome/space.js';
import { ask, event, protocol, tell } from '../../runtime/system/protocol.js';
import type { Hash } from '../chain/types.js';

/** One candidate tried: what the tracker writes as one row. Performance in the metric's own unit. */
export interface Round {
  readonly experimentId: string;
  readonly domainId: string;
  readonly roundNumber: number;
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly optimizer: string;
  readonly genome: Genome;
  readonly parameters: GenomeValues;
  readonly performance: number;
  readonly standardError: number;
  readonly bestPerformance: number;
  readonly bestParameters: GenomeValues;
  readonly isImprovement: boolean;
  readonly epochs: number;
  readonly generation: number;
  readonly populationSize: number;
  readonly noImproveGenerations: number;
  readonly chainHeight: number;
  readonly peers: number;
  /** Where the champion that seeded this candidate came from, if it was a migrant. */
  readonly migrant: boolean;
}

export interface Experiment {
  readonly experimentId: string;
  readonly domainId: string;
  readonly metric: string;
  readonly direction: 'maximize' | 'minimize';
  readonly optimizer: string;
  readonly optimizationConfig: Readonly<Record<string, unknown>>;
  readonly parameterBounds: Readonly<Record<string, readonly (number | string)[]>>;
  readonly targetPerformance: number | null;
  readonly startedAtMs: number;
}

export interface DomainProgress {
  readonly domainId: string;
  readonly rounds: number;
  /** Best this node measured in training runs, verified or not. */
  readonly bestPerformance: number | null;
  /** The same best model on real held-out data, where the domain has any. */
  readonly benchmarkPerformance: number | null;
  /** Figures to read it beside, by name; empty where the domain has none. */
  readonly benchmarkBeside: Readonly<Record<string, number>>;
  readonly running: number;
  /** `confirming`: one of its results is on its way, from the commitment to the verdict. */
  readonly state: 'searching' | 'confirming' | 'paused' | 'converged' | 'waiting';
}

export const optimizer = protocol('optimizer', {
  getProgress: ask<Record<string, never>, { domains: readonly DomainProgress[] }>(),
  /** Stops searching and commits nothing new; runs that the chain waits for are finished. */
  pause: tell<Record<string, never>>(),
  resume: tell<Record<string, never>>(),

  experimentStarted: event<Experiment>(),
  roundFinished: event<Round>({ capacity: 4096 }),
  committed: event<{ domainId: string; optimum: Hash; performance: number }>(),
  revealed: event<{ domainId: string; optimum: Hash; performance: number }>(),
  /** A champion of another node entered this node's population. */
  championAdopted: event<{ domainId: string; optimum: Hash; performance: number }>(),
  benchmarked: event<{
    domainId: string;
    optimum: Hash | null;
    performance: number;
    beside: Readonly<Record<string, number>>;
  }>(),
  converged: event<{ domainId: string; experimentId: string; reason: 'target-performance' | 'patience' }>(),
});
