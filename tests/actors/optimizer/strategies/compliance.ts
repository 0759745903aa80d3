/** What every search strategy must do, whatever its method. */
import test from 'ava';
import fc from 'fast-check';
import { createStrategy } from '../../../../actors/optimizer/strategies/create.js';
import type { StrategyName } from '../../../../actors/optimizer/strategies/names.js';
import type { Strategy, StrategyOptions } from '../../../../actors/optimizer/strategies/strategy.js';
import {
  checkGenome,
  type Genome,
  integerRange,
  type ParameterSpec,
  type Space,
} from '../../../../runtime/genome/space.js';

const numbers = fc
  .record({ kind: fc.constantFrom('int' as const, 'float' as const), log: fc.boolean() })
  .chain((shape) =>
    fc
      .tuple(fc.integer({ min: shape.log ? 1 : -20_000_000_000, max: 20_000_000_000 }), fc.nat(20_000_000_000))
      .map(([low, width]): ParameterSpec => ({ name: 'n', ...shape, low, high: low + width })),
  );
const categories = fc
  .uniqueArray(fc.string(), { minLength: 1, maxLength: 5 })
  .map((choices): ParameterSpec => ({ name: 'c', kind: 'categorical', choices }));
/** Any mixture of parameters, with one wide enough that a run cannot exhaust the space. */
export const arbitrarySpace: fc.Arbitrary<Space> = fc
  .array(fc.oneof(numbers, categories), { maxLength: 6 })
  .map((parameters) => [...parameters, { name: 'wide', kind: 'float', low: -1_000_000_000, high: 1_000_000_000 }]);
export const arbitrarySeed = fc.uint8Array({ minLength: 32, maxLength: 32 });

type Move =
  | { readonly move: 'ask' }
  | { readonly move: 'tell'; readonly which: number; readonly performance: number | null }
  | { readonly move: 'inject'; readonly performance: number };

/** Ask, tell (here with which of those that are out, and the result), inject. */
const arbitraryMoves: fc.Arbitrary<Move[]> = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ move: fc.constant('ask' as const) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        move: fc.constant('tell' as const),
        which: fc.nat(),
        performance: fc.oneof(fc.double({ min: -100, max: 100, noNaN: true }), fc.constantFrom(null, Number.NaN)),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        move: fc.constant('inject' as const),
        performance: fc.double({ min: -1, max: 1, noNaN: true }),
      }),
    },
  ),
  { maxLength: 120 },
);

export function lowest(space: Space): Genome {
  return space.map((parameter) => integerRange(parameter)[0]);
}

export function complies(name: StrategyName): void {
  const create = (options: StrategyOptions, saved?: unknown) => createStrategy(name, options, saved);

  /** Plays moves and returns every genome asked, in order. */
  function play(strategy: Strategy, space: Space, moves: readonly Move[], out: number[] = []): Genome[] {
    const asked: Genome[] = [];
    for (const move of moves) {
      if (move.move === 'ask') {
        const candidate = strategy.ask();
        asked.push(candidate.genome);
        out.push(candidate.id);
      } else if (move.move === 'inject') {
        strategy.inject(lowest(space), move.performance);
      } else if (out.length > 0) {
        const [id] = out.splice(move.which % out.length, 1);
        strategy.tell(id!, move.performance);
      }
    }
    return asked;
  }

  test(`${name}: candidates are inside the bounds and never asked twice, in any order of asks and tells`, (t) => {
    fc.assert(
      fc.property(arbitrarySpace, arbitrarySeed, arbitraryMoves, (space, seed, moves) => {
        const asked = play(create({ space, direction: 'maximize', seed, populationSize: 4 }), space, moves);
        for (const genome of asked) t.deepEqual(checkGenome(space, genome), { ok: true });
        t.is(new Set(asked.map(String)).size, asked.length);
      }),
      { numRuns: 60 },
    );
  });

  test(`${name}: a saved and restored search goes on exactly as the original`, (t) => {
    fc.assert(
      fc.property(arbitrarySpace, arbitrarySeed, arbitraryMoves, arbitraryMoves, (space, seed, before, after) => {
        const options: StrategyOptions = { space, direction: 'minimize', seed, populationSize: 4 };
        const original = create(options);
        const out: number[] = [];
        play(original, space, before, out);
        const restored = create(options, JSON.parse(JSON.stringify(original)));
        t.deepEqual(play(restored, space, after, [...out]), play(original, space, after, [...out]));
        t.deepEqual(restored.best(), original.best());
        t.deepEqual(restored.statistics(), original.statistics());
        t.deepEqual(restored.toJSON(), original.toJSON());
      }),
      { numRuns: 60 },
    );
  });

  const space: Space = [
    { name: 'a', kind: 'int', low: 0, high: 1000 },
    { name: 'b', kind: 'categorical', choices: ['x', 'y'] },
  ];
  const seed = new Uint8Array(32).fill(3);

  test(`${name}: seeds decide the search`, (t) => {
    const first = (byte: number) => {
      const strategy = create({ space, direction: 'maximize', seed: new Uint8Array(32).fill(byte) });
      return Array.from({ length: 5 }, () => strategy.ask().genome);
    };
    t.deepEqual(first(1), first(1));
    t.notDeepEqual(first(1), first(2));
  });

  for (const direction of ['maximize', 'minimize'] as const) {
    test(`${name}: the best is the best told or injected when it should ${direction}`, (t) => {
      const strategy = create({ space, direction, seed });
      const sign = direction === 'maximize' ? 1 : -1;
      t.is(strategy.best(), null);
      const [poor, good, failed, wild] = [strategy.ask(), strategy.ask(), strategy.ask(), strategy.ask()];
      strategy.tell(good.id, 5 * sign);
      strategy.tell(poor.id, 1 * sign);
      strategy.tell(failed.id, null);
      strategy.tell(wild.id, Number.POSITIVE_INFINITY * sign);
      strategy.tell(good.id, 99 * sign);
      strategy.tell(12345, 99 * sign);
      t.deepEqual(strategy.best(), { genome: good.genome, performance: 5 * sign });
      strategy.inject([1000, 1], 7 * sign);
      strategy.inject([999, 1], Number.NaN);
      t.deepEqual(strategy.best(), { genome: [1000, 1], performance: 7 * sign });
    });
  }

  test(`${name}: a generation is populationSize results, and generations without progress are counted`, (t) => {
    const strategy = create({ space, direction: 'maximize', seed, populationSize: 3 });
    for (let round = 0; round < 9; round += 1) strategy.tell(strategy.ask().id, round === 0 ? 10 : 1);
    t.like(strategy.statistics(), { generation: 3, noImproveGenerations: 3 });
    t.is(strategy.ask().generation, 3);
    strategy.tell(strategy.ask().id, 11);
    t.is(strategy.statistics().noImproveGenerations, 0);
  });

  test(`${name}: an exhausted space is said, after everything in it was asked`, (t) => {
    const tiny: Space = [{ name: 'c', kind: 'categorical', choices: ['x', 'y', 'z'] }];
    const strategy = create({ space: tiny, direction: 'maximize', seed });
    const asked = [strategy.ask(), strategy.ask(), strategy.ask()].map(({ genome }) => genome[0]);
    t.deepEqual(asked.sort(), [0, 1, 2]);
    t.throws(() => strategy.ask(), { code: 'space-exhausted' });
  });

  test(`${name}: champions outside the bounds and states of another space are refused`, (t) => {
    const strategy = create({ space, direction: 'maximize', seed });
    t.throws(() => strategy.inject([1001, 0], 1), { code: 'bad-genome' });
    strategy.tell(strategy.ask().id, 1);
    const narrower: Space = [{ name: 'a', kind: 'int', low: 0, high: 1 }];
    const saved = strategy.toJSON();
    t.throws(() => create({ space: narrower, direction: 'maximize', seed }, saved), { code: 'bad-strategy-state' });
    t.throws(() => create({ space, direction: 'maximize', seed }, { name, random: 1 }), { code: 'bad-strategy-state' });
  });
}
