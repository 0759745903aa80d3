/** Uniform random search (in the logarithm for log parameters): the yardstick for every other strategy. */
import * as z from 'zod';
import { Random } from '../../../gpu-workers/random.js';
import { randomGenome } from './genes.js';
import { Ledger, randomSchema, savedLedger } from './ledger.js';
import type { Strategy, StrategyOptions } from './strategy.js';

const NAME = 'random';
const savedSchema = z.object({ name: z.literal(NAME), random: randomSchema, ledger: savedLedger });

export function createRandomSearch(options: StrategyOptions, saved?: unknown): Strategy {
  const state = saved === undefined ? undefined : savedSchema.parse(saved);
  const random = state ? new Random(state.random) : Random.fromSeed(options.seed, 'strategy/random');
  const ledger = new Ledger(options, state?.ledger);
  return {
    name: NAME,
    ask: () => ledger.issue(() => ({ genome: randomGenome(options.space, random), migrant: false })),
    tell: (id, performance) => void ledger.settle(id, performance),
    inject: (genome, performance) => void ledger.adopt(genome, performance),
    best: () => ledger.best(),
    statistics: () => ledger.statistics(0),
    toJSON: () => ({ name: NAME, random: random.state(), ledger: ledger.toJSON() }),
  };
}
