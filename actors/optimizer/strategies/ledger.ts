/** What every strategy keeps: which genomes were asked, which are out, the best so far, and how far the search is. */
import * as z from 'zod';
import { DoinError } from '../../../runtime/errors.js';
import { checkGenome, type Genome, type Space } from '../../../runtime/genome/space.js';
import { AskedTable, fingerprint, savedTable } from './asked-table.js';
import type { Candidate, Scored, StrategyOptions, StrategyStatistics } from './strategy.js';

/** Proposals made before the space counts as exhausted. */
const ATTEMPTS = 1000;
export const DEFAULT_POPULATION = 12;

export const genomeSchema = z.array(z.int());
export const randomSchema = z.object({
  words: z.tuple([z.int(), z.int(), z.int(), z.int()]),
  spare: z.number().nullable(),
});
const scoredSchema = z.object({ genome: genomeSchema, performance: z.number() });
export const savedLedger = z.object({
  space: z.int(),
  nextId: z.int().min(0),
  told: z.int().min(0),
  bestGeneration: z.int().min(0),
  best: scoredSchema.nullable(),
  asked: savedTable,
  out: z.array(z.object({ id: z.int(), genome: genomeSchema, migrant: z.boolean(), generation: z.int() })),
});
export type SavedLedger = z.output<typeof savedLedger>;

export interface Proposal {
  readonly genome: Genome;
  readonly migrant: boolean;
}

export class Ledger {
  readonly populationSize: number;
  readonly #space: Space;
  readonly #direction: StrategyOptions['direction'];
  readonly #asked: AskedTable;
  readonly #out = new Map<number, Candidate>();
  #nextId = 0;
  #told = 0;
  #bestGeneration = 0;
  #best: Scored | null = null;

  constructor({ space, direction, populationSize = DEFAULT_POPULATION }: StrategyOptions, saved?: SavedLedger) {
    if (space.length === 0) throw new RangeError('the search space has no parameters');
    this.#space = space;
    this.#direction = direction;
    this.populationSize = populationSize;
    this.#asked = new AskedTable(saved?.asked);
    if (saved === undefined) return;
    if (saved.space !== fingerprint(space)) {
      throw new DoinError({ code: 'bad-genome' }, 'strategy: the state was saved for another search space');
    }
    for (const candidate of saved.out) {
      this.expectInside(candidate.genome);
      this.#out.set(candidate.id, candidate);
    }
    if (saved.best !== null) this.expectInside(saved.best.genome);
    this.#nextId = saved.nextId;
    this.#told = saved.told;
    this.#bestGeneration = saved.bestGeneration;
    this.#best = saved.best;
  }

  get generation(): number {
    return Math.floor(this.#told / this.populationSize);
  }

  get askedCount(): number {
    return this.#nextId;
  }

  /**
   * Issues the first proposal that was never asked before. `propose` is told how many it made already; `repeated` gets
   * each that was asked before and its result: null as long as that is out, NaN when it failed.
   */
  issue<P extends Proposal>(
    propose: (attempt: number) => P,
    repeated?: (proposal: P, performance: number | null) => void,
  ): Candidate {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const proposal = propose(attempt);
      const { genome, migrant } = proposal;
      this.expectInside(genome);
      if (!this.#asked.add(genome)) {
        repeated?.(proposal, this.#asked.result(genome));
        continue;
      }
      const candidate = { id: this.#nextId, genome, migrant, generation: this.generation };
      this.#nextId += 1;
      this.#out.set(candidate.id, candidate);
      return candidate;
    }
    const text = `${ATTEMPTS} proposals in a row were asked before; the search space seems exhausted`;
    throw new DoinError({ code: 'space-exhausted' }, text);
  }

  /** The candidate, when it was out and gave a number. */
  settle(id: number, performance: number | null): Candidate | null {
    const candidate = this.#out.get(id);
    if (!candidate) return null;
    this.#out.delete(id);
    this.#told += 1;
    const failed = performance === null || !Number.isFinite(performance);
    this.#asked.settle(candidate.genome, failed ? Number.NaN : performance);
    if (failed) return null;
    this.#note(candidate.genome, performance);
    return candidate;
  }

  /** A champion from elsewhere: counts as asked, so it is not tried again here. False when it is no finite result. */
  adopt(genome: Genome, performance: number): boolean {
    if (!Number.isFinite(performance)) return false;
    this.expectInside(genome);
    this.#asked.add(genome);
    this.#asked.settle(genome, performance);
    this.#note(genome, performance);
    return true;
  }

  isBetter(performance: number, than: number): boolean {
    return this.#direction === 'maximize' ? performance > than : performance < than;
  }

  best(): Scored | null {
    return this.#best;
  }

  statistics(populationSize: number): StrategyStatistics {
    const { generation } = this;
    return { generation, populationSize, noImproveGenerations: generation - this.#bestGeneration };
  }

  toJSON(): z.input<typeof savedLedger> {
    return {
      space: fingerprint(this.#space),
      nextId: this.#nextId,
      told: this.#told,
      bestGeneration: this.#bestGeneration,
      best: this.#best === null ? null : { ...this.#best, genome: [...this.#best.genome] },
      asked: this.#asked.toJSON(),
      out: [...this.#out.values()].map((candidate) => ({ ...candidate, genome: [...candidate.genome] })),
    };
  }

  #note(genome: Genome, performance: number): void {
    if (this.#best !== null && !this.isBetter(performance, this.#best.performance)) return;
    // Adding 0 turns -0, which JSON loses, into 0.
    this.#best = { genome, performance: performance + 0 };
    this.#bestGeneration = this.generation;
  }

  /** Nothing outside the bounds gets in, from a proposal, a champion or an old save. */
  expectInside(genome: Genome): void {
    const verdict = checkGenome(this.#space, genome);
    if (!verdict.ok) throw new DoinError({ code: 'bad-genome' }, `strategy: ${verdict.reason}`);
  }
}
