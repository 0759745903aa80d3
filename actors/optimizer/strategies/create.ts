/** Strategies by name, new or from where they were saved. */
import * as z from 'zod';
import { DoinError, errorMessage } from '../../../runtime/errors.js';
import { Auto } from './auto.js';
import { Bipop } from './bipop.js';
import { GeneticAlgorithm } from './genetic.js';
import { Gp } from './gp.js';
import { createHillClimb } from './hill-climb.js';
import { LShade } from './l-shade.js';
import { type MethodFactory, MethodStrategy } from './method.js';
import type { StrategyName } from './names.js';
import { createRandomSearch } from './random-search.js';
import { Sobol } from './sobol.js';
import type { Strategy, StrategyOptions } from './strategy.js';
import { Tpe } from './tpe.js';

type Creator = (options: StrategyOptions, saved?: unknown) => Strategy;

const CREATORS: Record<StrategyName, Creator> = {
  auto: byMethod('auto', (tools, saved) => new Auto(tools, saved)),
  'cma-es': byMethod('cma-es', (tools, saved) => new Bipop(tools, { growth: 2, sigma: 0.25 }, saved)),
  'l-shade': byMethod('l-shade', (tools, saved) => new LShade(tools, saved)),
  ga: (options, saved) => new GeneticAlgorithm(options, saved),
  tpe: byMethod('tpe', (tools, saved) => new Tpe(tools, saved)),
  gp: byMethod('gp', (tools, saved) => new Gp(tools, saved)),
  sobol: byMethod('sobol', (tools, saved) => new Sobol(tools, saved)),
  'hill-climb': createHillClimb,
  random: createRandomSearch,
};

function byMethod(name: StrategyName, create: MethodFactory): Creator {
  return (options, saved) => new MethodStrategy(name, create, options, saved);
}

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
