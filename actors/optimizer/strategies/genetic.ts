/**
 * A steady-state genetic algorithm: every result enters the population at once and the worst member leaves, so nothing
 * ever waits for a generation to fill and the best are never lost (elitism). Parents by tournament of three; uniform or
 * two-point crossover; Gaussian mutation. The first candidate is the middle of the space, a sensible default; the rest
 * of the first generation is random.
 */
import * as z from 'zod';
import { Random } from '../../../gpu-workers/random.js';
import type { Genome, Space } from '../../../runtime/genome/space.js';
import { middleGenome, mutate, randomGenome, twoPointCrossover, uniformCrossover } from './genes.js';
import { genomeSchema, Ledger, randomSchema, savedLedger } from './ledger.js';
import type { Candidate, Scored, Strategy, StrategyOptions, StrategyStatistics } from './strategy.js';

const NAME = 'ga';
const TOURNAMENT = 3;
const CROSSOVER_PROBABILITY = 0.7;
/** Genes that move in a mutation, of all; at least one always does. */
const MUTATION_RATE = 0.2;
/** After so many proposals that were all asked before, offspring give way to random newcomers. */
const PATIENCE = 50;

const memberSchema = z.object({ genome: genomeSchema, performance: z.number(), migrant: z.boolean() });
const savedSchema = z.object({
  name: z.literal(NAME),
  random: randomSchema,
  ledger: savedLedger,
  population: z.array(memberSchema),
});

interface Member extends Scored {
  readonly migrant: boolean;
}

export class GeneticAlgorithm implements Strategy {
  readonly name = NAME;
  readonly #space: Space;
  readonly #random: Random;
  readonly #ledger: Ledger;
  /** Best first. */
  readonly #population: Member[];

  constructor(options: StrategyOptions, saved?: unknown) {
    const state = saved === undefined ? undefined : savedSchema.parse(saved);
    this.#space = options.space;
    this.#random = state ? new Random(state.random) : Random.fromSeed(options.seed, 'strategy/ga');
    this.#ledger = new Ledger(options, state?.ledger);
    this.#population = state?.population ?? [];
    for (const { genome } of this.#population) this.#ledger.expectInside(genome);
  }

  ask(): Candidate {
    return this.#ledger.issue((attempt) => this.#propose(attempt));
  }

  tell(id: number, performance: number | null): void {
    const candidate = this.#ledger.settle(id, performance);
    // Being raised from a migrant does not make a member one: only its own children show where the help came from.
    if (candidate && performance !== null) this.#enter({ genome: candidate.genome, performance, migrant: false });
  }

  inject(genome: Genome, performance: number): void {
    const key = genome.join(',');
    if (this.#population.some((member) => member.genome.join(',') === key)) return;
    if (this.#ledger.adopt(genome, performance)) this.#enter({ genome, performance, migrant: true });
  }

  best(): Scored | null {
    return this.#ledger.best();
  }

  statistics(): StrategyStatistics {
    return this.#ledger.statistics(this.#population.length);
  }

  toJSON(): unknown {
    return {
      name: NAME,
      random: this.#random.state(),
      ledger: this.#ledger.toJSON(),
      population: this.#population.map((member) => ({ ...member, genome: [...member.genome] })),
    };
  }

  #propose(attempt: number): { genome: Genome; migrant: boolean } {
    const first = this.#ledger.askedCount === 0 && attempt === 0;
    if (first) return { genome: middleGenome(this.#space), migrant: false };
    const founding = this.#ledger.askedCount < this.#ledger.populationSize;
    if (founding || this.#population.length < 2 || attempt >= PATIENCE) {
      return { genome: randomGenome(this.#space, this.#random), migrant: false };
    }
    return this.#offspring();
  }

  #offspring(): { genome: Genome; migrant: boolean } {
    const mother = this.#select();
    const crosses = this.#random.uniform() < CROSSOVER_PROBABILITY;
    const father = crosses ? this.#select() : mother;
    const cross = this.#random.below(2) === 0 ? uniformCrossover : twoPointCrossover;
    const child = crosses ? cross(mother.genome, father.genome, this.#random) : mother.genome;
    const genome = mutate(this.#space, child, MUTATION_RATE, this.#random);
    return { genome, migrant: mother.migrant || father.migrant };
  }

  /** The best of three drawn members: as the population is sorted, the lowest of three places. */
  #select(): Member {
    let place = this.#population.length;
    for (let draw = 0; draw < TOURNAMENT; draw += 1) {
      place = Math.min(place, this.#random.below(this.#population.length));
    }
    return this.#population[place] as Member;
  }

  #enter(member: Member): void {
    const worse = this.#population.findIndex(({ performance }) =>
      this.#ledger.isBetter(member.performance, performance),
    );
    const place = worse < 0 ? this.#population.length : worse;
    // Adding 0 turns -0, which JSON loses, into 0.
    this.#population.splice(place, 0, { ...member, performance: member.performance + 0 });
    this.#population.length = Math.min(this.#population.length, this.#ledger.populationSize);
  }
}
