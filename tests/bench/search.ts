/**
 * What the search strategies reach on the classic functions in 10 dimensions, and what a step of them costs. Each seed
 * is another function (another shift, another rotation) and another search. `--long` takes 30 seeds instead of 10.
 */
import { createStrategy } from '../../actors/optimizer/strategies/create.js';
import type { StrategyName } from '../../actors/optimizer/strategies/names.js';
import { FUNCTION_NAMES, testFunction } from './search-functions.js';
import { type BenchCase, type BenchSuite, median } from './suite.js';

const EVALUATIONS = 10_000;
const SOLVED = 1e-8;
const SEEDS = 10;
const LONG_SEEDS = 30;
/** Asks and tells of a timing. */
const STEPS = 20_000;
const TPE_TRIALS = 200;
/** A budget of slow trainings. */
const FEW = 60;
const REPEATS = 9;
const UNSOLVED = 'rotated Rastrigin';

const solvable = FUNCTION_NAMES.filter((name) => name !== UNSOLVED);

export const suite: BenchSuite = {
  name: 'search',
  cases: [
    ...solvable.map((name) => misses(name, SEEDS)),
    ...solvable.map((name) => effort(name, SEEDS)),
    remainder(SEEDS),
    ...solvable.map((name) => misses(name, LONG_SEEDS)),
    remainder(LONG_SEEDS),
    ...['sphere', 'Rosenbrock', 'Ackley'].map((name) => few(name, LONG_SEEDS)),
    ...(['ga', 'l-shade', 'cma-es'] as const).map((strategy) => cost(strategy, STEPS, 5)),
    cost('tpe', TPE_TRIALS, 200),
  ],
};

function misses(name: string, seeds: number): BenchCase {
  const count = (strategy: StrategyName) => runs(strategy, name, seeds).filter(({ best }) => best > SOLVED).length;
  return {
    name: `${name}: searches of ${seeds} by auto that miss ${SOLVED} in ${EVALUATIONS} evaluations; baseline ga`,
    unit: 'searches',
    goal: { valueAtMost: 0 },
    ...long(seeds),
    run: async () => ({ value: count('auto'), baseline: count('ga') }),
  };
}

function effort(name: string, seeds: number): BenchCase {
  const typical = (strategy: StrategyName) => median(runs(strategy, name, seeds).map(({ evaluations }) => evaluations));
  return {
    name: `${name}: evaluations of auto to ${SOLVED}, median of ${seeds}; baseline cma-es`,
    unit: 'evaluations',
    run: async () => ({ value: typical('auto'), baseline: typical('cma-es') }),
  };
}

function remainder(seeds: number): BenchCase {
  const typical = (strategy: StrategyName) => median(runs(strategy, UNSOLVED, seeds).map(({ best }) => best));
  return {
    name: `${UNSOLVED}: what auto leaves after ${EVALUATIONS} evaluations, median of ${seeds}; baseline ga`,
    unit: 'score',
    goal: { valueAtMost: 5 },
    ...long(seeds),
    run: async () => ({ value: typical('auto'), baseline: typical('ga') }),
  };
}

function few(name: string, seeds: number): BenchCase {
  const typical = (strategy: StrategyName) => median(runs(strategy, name, seeds, FEW).map(({ best }) => best));
  return {
    name: `${name}: what gp leaves after ${FEW} evaluations, median of ${seeds}; baseline tpe`,
    unit: 'score',
    goal: { ratioAtMost: 1 },
    run: async () => ({ value: typical('gp'), baseline: typical('tpe') }),
  };
}

function cost(strategy: StrategyName, steps: number, goalUs: number): BenchCase {
  return {
    name: `one ask and tell of ${strategy}, CPU, over ${steps} steps`,
    unit: 'us',
    goal: { valueAtMost: goalUs },
    async run() {
      const { space, value } = testFunction(UNSOLVED, 0);
      const create = () => createStrategy(strategy, { space, direction: 'minimize', seed: new Uint8Array(32) });
      // The function costs more than the step: its values come from a search made before.
      const values: number[] = [];
      const rehearsal = create();
      for (let step = 0; step < steps; step += 1) {
        const candidate = rehearsal.ask();
        values.push(value(candidate.genome));
        rehearsal.tell(candidate.id, values[step]!);
      }
      const timings: number[] = [];
      for (let repeat = 0; repeat < REPEATS; repeat += 1) {
        const searching = create();
        const before = process.cpuUsage();
        for (const performance of values) searching.tell(searching.ask().id, performance);
        const { user, system } = process.cpuUsage(before);
        timings.push((user + system) / steps);
      }
      return { value: median(timings), baseline: null };
    },
  };
}

function long(seeds: number): { only?: string } {
  return seeds === LONG_SEEDS ? { only: '--long' } : {};
}

/** The best score of each seed, and the evaluations that it took to be solved (all of them, when it never was). */
function runs(
  strategy: StrategyName,
  name: string,
  seeds: number,
  limit = EVALUATIONS,
): { best: number; evaluations: number }[] {
  return Array.from({ length: seeds }, (_, seed) => {
    const { space, value } = testFunction(name, seed);
    const options = { space, direction: 'minimize', seed: new Uint8Array(32).fill(seed + 100) } as const;
    const search = createStrategy(strategy, options);
    let evaluations = 0;
    while (evaluations < limit && (search.best()?.performance ?? 1) > SOLVED) {
      const candidate = search.ask();
      search.tell(candidate.id, value(candidate.genome));
      evaluations += 1;
    }
    return { best: search.best()?.performance ?? Number.NaN, evaluations };
  });
}
