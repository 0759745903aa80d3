/**
 * What the search strategies reach on the classic functions in 10 dimensions, and what a step of them costs. Each seed
 * is another function (another shift, another rotation) and another search; none of these seeds chose a constant of a
 * strategy.
 */
import { createStrategy } from '../../actors/optimizer/strategies/create.js';
import type { StrategyName } from '../../actors/optimizer/strategies/names.js';
import { FUNCTION_NAMES, testFunction } from './search-functions.js';
import { type BenchCase, type BenchGoal, type BenchSuite, type Interval, median, medianInterval } from './suite.js';

const EVALUATIONS = 10_000;
const SOLVED = 1e-8;
const SEEDS = 30;
const FIRST_SEED = 214;
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
    ...solvable.map(misses),
    ...solvable.map(effort),
    remainder(UNSOLVED, 'auto', 'ga', EVALUATIONS, { valueAtMost: 5 }),
    ...['sphere', 'Rosenbrock', 'Ackley'].map((name) => remainder(name, 'gp', 'tpe', FEW, { ratioAtMost: 1 })),
    ...(['ga', 'l-shade', 'cma-es'] as const).map((strategy) => cost(strategy, STEPS, 5)),
    cost('tpe', TPE_TRIALS, 200),
  ],
};

function misses(name: string): BenchCase {
  const count = (strategy: StrategyName) => runs(strategy, name).filter(({ best }) => best > SOLVED).length;
  return {
    name: `${name}: searches of ${SEEDS} by auto that miss ${SOLVED} in ${EVALUATIONS} evaluations; baseline ga`,
    unit: 'searches',
    goal: { valueAtMost: 0 },
    run: async () => ({ value: count('auto'), baseline: count('ga') }),
  };
}

function effort(name: string): BenchCase {
  const all = (strategy: StrategyName) => runs(strategy, name).map(({ evaluations }) => evaluations);
  return {
    name: `${name}: evaluations of auto to ${SOLVED}, median of ${SEEDS}; baseline cma-es`,
    unit: 'evaluations',
    run: async () => ({ ...typical(all('auto')), baseline: median(all('cma-es')) }),
  };
}

function remainder(
  name: string,
  strategy: StrategyName,
  rival: StrategyName,
  evaluations: number,
  goal: BenchGoal,
): BenchCase {
  const all = (searching: StrategyName) => runs(searching, name, evaluations).map(({ best }) => best);
  return {
    name: `${name}: what ${strategy} leaves after ${evaluations} evaluations, median of ${SEEDS}; baseline ${rival}`,
    unit: 'score',
    goal,
    run: async () => ({ ...typical(all(strategy)), baseline: median(all(rival)) }),
  };
}

function typical(values: readonly number[]): { value: number; interval: Interval } {
  return { value: median(values), interval: medianInterval(values) };
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

interface Run {
  readonly best: number;
  readonly evaluations: number;
}

/** Several cases look at the same searches. */
const done = new Map<string, readonly Run[]>();

/** The best score of each seed, and the evaluations that it took to be solved (all of them, when it never was). */
function runs(strategy: StrategyName, name: string, limit = EVALUATIONS): readonly Run[] {
  const key = `${strategy} ${name} ${limit}`;
  const known = done.get(key);
  if (known !== undefined) return known;
  const made = Array.from({ length: SEEDS }, (_, index) => run(strategy, name, FIRST_SEED + index, limit));
  done.set(key, made);
  return made;
}

function run(strategy: StrategyName, name: string, seed: number, limit: number): Run {
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
}
