/** Strategies by name, new or from where they were saved. */
import * as z from 'zod';
import { DoinError, errorMessage } from '../../../runtime/errors.js';
import { GeneticAlgorithm } from './genetic.js';
import { createRandomSearch } from './random-search.js';
import type { Strategy, StrategyOptions } from './strategy.js';

const CREATORS = {
  ga: (options: StrategyOptions, saved?: unknown) => new GeneticAlgorithm(options, saved),
  random: createRandomSearch,
} as const satisfies Record<string, (options: StrategyOptions, saved?: unknown) => Strategy>;

export type StrategyName = keyof typeof CREATORS;
export const STRATEGY_NAMES = Object.keys(CREATORS) as readonly StrategyName[];

/**
 * Throws DoinError `bad-strategy-state` when `saved` is not a state of this strategy on this space: start afresh then.
 */
export function createStrategy(name: StrategyName, options: StrategyOptions, saved?: unknown): Strategy {
  try {
    return CREATORS[name](options, saved);
  } catch (error) {
    const unusable = error instanceof z.ZodError || (error instanceof DoinError && error.code === 'bad-genome');
    if (saved === undefined || !unusable) throw error;
    const text = `the saved state does not fit strategy ${name} on this search space: ${errorMessage(error)}`;
    throw new DoinError({ code: 'bad-strategy-state' }, text, { cause: error });
  }
}
