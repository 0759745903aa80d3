/** Steps from the best known, and back when they were none: the yardstick of local search, and upstream's own method. */
import * as z from 'zod';
import { Random } from '../../../gpu-workers/random.js';
import { middleGenome, mutate, randomGenome } from './genes.js';
import { Ledger, randomSchema, savedLedger } from './ledger.js';
import type { Strategy, StrategyOptions } from './strategy.js';

const NAME = 'hill-climb';
/** Parameters that move in one step, of all; at least one always does. */
const RATE = 0.2;
/** After so many steps that were all asked before, random genomes are tried in between. */
const PATIENCE = 50;

const savedSchema = z.object({
  name: z.literal(NAME),
  random: randomSchema,
  ledger: savedLedger,
  migrant: z.boolean(),
});

export function createHillClimb(options: StrategyOptions, saved?: unknown): Strategy {
  const state = saved === undefined ? undefined : savedSchema.parse(saved);
  const { space } = options;
  const random = state ? new Random(state.random) : Random.fromSeed(options.seed, 'strategy/hill-climb');
  const ledger = new Ledger(options, state?.ledger);
  /** The best came from the network. */
  let migrant = state?.migrant ?? false;
  const propose = (attempt: number) => {
    if (attempt >= PATIENCE && attempt % 2 === 0) return { genome: randomGenome(space, random), migrant: false };
    const best = ledger.best();
    if (best !== null) return { genome: mutate(space, best.genome, RATE, random), migrant };
    const first = ledger.askedCount === 0 && attempt === 0;
    return { genome: first ? middleGenome(space) : randomGenome(space, random), migrant: false };
  };
  return {
    name: NAME,
    ask: () => ledger.issue(propose),
    tell(id, performance) {
      const before = ledger.best();
      ledger.settle(id, performance);
      if (ledger.best() !== before) migrant = false;
    },
    inject(genome, performance) {
      const before = ledger.best();
      ledger.adopt(genome, performance);
      if (ledger.best() !== before) migrant = true;
    },
    best: () => ledger.best(),
    statistics: () => ledger.statistics(1),
    toJSON: () => ({ name: NAME, random: random.state(), ledger: ledger.toJSON(), migrant }),
  };
}
