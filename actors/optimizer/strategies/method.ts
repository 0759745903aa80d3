/**
 * Search methods that calculate with vectors: they propose points of the unit cube and learn scores, lower is better,
 * in any order. `MethodStrategy` makes a strategy of one: genomes, ids, failures, champions and saves are handled here.
 */
import * as z from 'zod';
import { Random } from '../../../gpu-workers/random.js';
import type { Genome } from '../../../runtime/genome/space.js';
import { Cube } from './cube.js';
import { randomGenome } from './genes.js';
import { Ledger, type Proposal, randomSchema, savedLedger } from './ledger.js';
import { packedFloats, packFloats } from './packed.js';
import type { Candidate, Scored, Strategy, StrategyOptions, StrategyStatistics } from './strategy.js';

/** A point, and numbers with which the method recognises it when its score comes. */
export interface Trial {
  readonly point: Float64Array;
  readonly notes: readonly number[];
}

export interface Method {
  /** Null when it has nothing to try before it learns more. */
  propose(): Trial | null;
  /** What became of a trial; NaN when it failed. */
  learn(trial: Trial, score: number): void;
  /** A result from elsewhere. */
  adopt(point: Float64Array, score: number): void;
  /** A trial whose genome is out already: its score will come once, for the other one. */
  drop(trial: Trial): void;
  /** Points it holds, for statistics. */
  readonly size: number;
  toJSON(): unknown;
}

export interface MethodTools {
  readonly cube: Cube;
  readonly random: Random;
  /** Length of a generation where the method does not know better. */
  readonly populationSize: number;
}

/** `saved` is what the method's `toJSON` gave, unchecked: a method throws ZodError when it is no state of it. */
export type MethodFactory = (tools: MethodTools, saved: unknown) => Method;

/** After so many proposals that were asked before, random genomes take turns with the method's. */
const PATIENCE = 200;

const savedSchema = (name: string, dimensions: number) =>
  z.object({
    name: z.literal(name),
    random: randomSchema,
    ledger: savedLedger,
    method: z.unknown(),
    trials: z.array(z.object({ id: z.int(), point: packedFloats(dimensions), notes: packedFloats() })),
    championLeads: z.boolean(),
  });

interface TrialProposal extends Proposal {
  readonly trial: Trial | null;
}

export class MethodStrategy implements Strategy {
  readonly name: string;
  readonly #options: StrategyOptions;
  readonly #random: Random;
  readonly #ledger: Ledger;
  readonly #cube: Cube;
  readonly #method: Method;
  readonly #trials = new Map<number, Trial>();
  /** The best known came from the network, so whatever a method builds on its best descends from it. */
  #championLeads: boolean;

  constructor(name: string, create: MethodFactory, options: StrategyOptions, saved?: unknown) {
    const state = saved === undefined ? undefined : savedSchema(name, options.space.length).parse(saved);
    this.name = name;
    this.#options = options;
    this.#random = state ? new Random(state.random) : Random.fromSeed(options.seed, `strategy/${name}`);
    this.#ledger = new Ledger(options, state?.ledger);
    this.#cube = new Cube(options.space);
    const { populationSize } = this.#ledger;
    this.#method = create({ cube: this.#cube, random: this.#random, populationSize }, state?.method);
    this.#championLeads = state?.championLeads ?? false;
    for (const { id, point, notes } of state?.trials ?? []) this.#trials.set(id, { point, notes: [...notes] });
  }

  ask(): Candidate {
    let asked: Trial | null = null;
    const candidate = this.#ledger.issue(
      (attempt) => {
        const proposal = this.#propose(attempt);
        asked = proposal.trial;
        return proposal;
      },
      ({ trial }, performance) => {
        if (trial === null) return;
        if (performance === null) this.#method.drop(trial);
        else this.#method.learn(trial, this.#scoreOf(performance));
      },
    );
    if (asked !== null) this.#trials.set(candidate.id, asked);
    return candidate;
  }

  tell(id: number, performance: number | null): void {
    const before = this.#ledger.best();
    const trial = this.#trials.get(id);
    this.#trials.delete(id);
    const candidate = this.#ledger.settle(id, performance);
    if (candidate && this.#ledger.best() !== before) this.#championLeads = false;
    const score = candidate && performance !== null ? this.#scoreOf(performance) : Number.NaN;
    if (trial) this.#method.learn(trial, score);
    else if (candidate) this.#method.adopt(this.#cube.toPoint(candidate.genome), score);
  }

  inject(genome: Genome, performance: number): void {
    const before = this.#ledger.best();
    if (!this.#ledger.adopt(genome, performance)) return;
    if (this.#ledger.best() !== before) this.#championLeads = true;
    this.#method.adopt(this.#cube.toPoint(genome), this.#scoreOf(performance));
  }

  best(): Scored | null {
    return this.#ledger.best();
  }

  statistics(): StrategyStatistics {
    return this.#ledger.statistics(this.#method.size);
  }

  toJSON(): unknown {
    return {
      name: this.name,
      random: this.#random.state(),
      ledger: this.#ledger.toJSON(),
      method: this.#method.toJSON(),
      trials: [...this.#trials].map(([id, { point, notes }]) => ({
        id,
        point: packFloats(point),
        notes: packFloats(Float64Array.from(notes)),
      })),
      championLeads: this.#championLeads,
    };
  }

  #propose(attempt: number): TrialProposal {
    const trial = attempt < PATIENCE || attempt % 2 === 0 ? this.#method.propose() : null;
    if (trial === null) return { genome: randomGenome(this.#options.space, this.#random), migrant: false, trial };
    return { genome: this.#cube.toGenome(trial.point), migrant: this.#championLeads, trial };
  }

  #scoreOf(performance: number): number {
    return this.#options.direction === 'maximize' ? -performance : performance;
  }
}
