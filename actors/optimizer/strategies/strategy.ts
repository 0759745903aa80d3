/**
 * A search strategy, asked for candidates and told what became of them, in any order and with several out at once.
 * Strategies know no clock, no thread and no other randomness than their seed, so the same asks and tells give the
 * same search, also across a save and a restore.
 */
import type { Genome, Space } from '../../../runtime/genome/space.js';

export interface Candidate {
  readonly id: number;
  readonly genome: Genome;
  /** A champion of the network is among its parents. */
  readonly migrant: boolean;
  readonly generation: number;
}

export interface Scored {
  readonly genome: Genome;
  readonly performance: number;
}

export interface StrategyStatistics {
  readonly generation: number;
  readonly populationSize: number;
  /** Whole generations since the best got better. */
  readonly noImproveGenerations: number;
}

export interface Strategy {
  readonly name: string;
  /** Never asks one genome twice; throws DoinError `space-exhausted` when nothing new is left to ask. */
  ask(): Candidate;
  /** Null or a non-finite number means that the candidate failed. Ids that are not out are ignored. */
  tell(id: number, performance: number | null): void;
  /** A champion from the network enters the population. */
  inject(genome: Genome, performance: number): void;
  best(): Scored | null;
  statistics(): StrategyStatistics;
  /** Plain JSON that `createStrategy` goes on from. Candidates that are out stay reserved. */
  toJSON(): unknown;
}

export interface StrategyOptions {
  readonly space: Space;
  readonly direction: 'maximize' | 'minimize';
  /** 32 bytes. */
  readonly seed: Uint8Array;
  /** Also the length of a generation, in candidates told. */
  readonly populationSize?: number;
}
