import test from 'ava';
import fc from 'fast-check';
import {
  checkGenome,
  decodeGenome,
  encodeGenome,
  type Genome,
  integerRange,
  NANO,
  type ParameterSpec,
  type Space,
} from '../../../runtime/genome/space.js';

/** Doubles hold every nano up to 4 million; beyond 8.3 million they no longer do. */
const LARGEST_NANO = 4_000_000 * NANO;
const range = (limit: number) =>
  fc
    .tuple(fc.integer({ min: -limit, max: limit }), fc.integer({ min: -limit, max: limit }))
    .map(([a, b]) => ({ low: Math.min(a, b) + 0, high: Math.max(a, b) + 0 }));

const parameters: fc.Arbitrary<(name: string) => ParameterSpec> = fc.oneof(
  range(Number.MAX_SAFE_INTEGER).map((bounds) => (name: string) => ({ name, kind: 'int' as const, ...bounds })),
  range(LARGEST_NANO).map((bounds) => (name: string) => ({ name, kind: 'float' as const, ...bounds })),
  fc
    .uniqueArray(fc.string(), { minLength: 1, maxLength: 6 })
    .map((choices) => (name: string) => ({ name, kind: 'categorical' as const, choices })),
);
const spaces: fc.Arbitrary<Space> = fc
  .array(parameters, { maxLength: 8 })
  .map((makers) => makers.map((make, index) => make(`p${index}`)));
const genomesOf = (space: Space): fc.Arbitrary<Genome> =>
  fc.tuple(
    ...space.map((parameter) => {
      const [min, max] = integerRange(parameter);
      return fc.integer({ min, max }).map((value) => value + 0);
    }),
  );
const spacesWithGenome = spaces.chain((space) => fc.tuple(fc.constant(space), genomesOf(space)));

test('every genome within the bounds is taken and survives decoding and encoding', (t) => {
  fc.assert(
    fc.property(spacesWithGenome, ([space, genome]) => {
      t.deepEqual(checkGenome(space, genome), { ok: true });
      t.deepEqual(encodeGenome(space, decodeGenome(space, genome)), genome);
    }),
    { numRuns: 500, seed: 1 },
  );
});

test('a genome with one value outside is refused, with the parameter, the value and the range', (t) => {
  fc.assert(
    fc.property(
      spacesWithGenome.filter(([space]) => space.length > 0),
      fc.nat(),
      fc.integer({ min: 1, max: 1_000 }),
      fc.boolean(),
      ([space, genome], at, distance, below) => {
        const index = at % space.length;
        const [low, high] = integerRange(space[index]!);
        const value = below ? low - distance : high + distance;
        const verdict = checkGenome(space, genome.with(index, value));
        t.false(verdict.ok);
        t.true(!verdict.ok && verdict.reason === `p${index} = ${value} is outside ${low}..${high}`);
        t.throws(() => decodeGenome(space, genome.with(index, value)), { instanceOf: RangeError });
      },
    ),
    { numRuns: 300, seed: 2 },
  );
});

const one: Space = [{ name: 'rate', kind: 'float', low: -NANO, high: NANO }];

test('what is not a safe integer is no value of a genome', (t) => {
  for (const value of [0.5, Number.NaN, Infinity, -Infinity, 2 ** 53, undefined, null, '1', 1n]) {
    t.false(checkGenome(one, [value] as unknown as Genome).ok, String(value));
  }
});

test('a genome of another length is refused and both lengths are named', (t) => {
  const verdict = checkGenome(one, [1, 2]);
  t.true(!verdict.ok && /2 values.*1 parameters/.test(verdict.reason));
  t.false(checkGenome(one, []).ok);
  t.true(checkGenome([], []).ok);
});

test('encoding brings any finite number into the bounds, so that the result is always a genome', (t) => {
  const numbers = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(spaces, fc.array(numbers, { minLength: 8, maxLength: 8 }), fc.nat(), (space, values, choice) => {
      const named = space.map((parameter, index) => [
        parameter.name,
        parameter.kind === 'categorical' ? parameter.choices[choice % parameter.choices.length]! : values[index]!,
      ]);
      const genome = encodeGenome(space, Object.fromEntries(named));
      t.true(checkGenome(space, genome).ok);
      t.false(
        genome.some((value) => Object.is(value, -0)),
        'minus zero would be another value after the codec',
      );
    }),
    { numRuns: 500, seed: 3 },
  );
});

test('a float is rounded to its nearest nano', (t) => {
  t.deepEqual(encodeGenome(one, { rate: 0.1 + 0.2 }), [300_000_000]);
  t.deepEqual(encodeGenome(one, { rate: 1e-9 }), [1]);
  t.deepEqual(encodeGenome(one, { rate: -4e-10 }), [0]);
  t.deepEqual(decodeGenome(one, [1]), { rate: 1e-9 });
});

test('values of the wrong kind are refused, with the name of the parameter', (t) => {
  const space: Space = [...one, { name: 'kind', kind: 'categorical', choices: ['a', 'b'] }];
  t.throws(() => encodeGenome(space, { rate: 1, kind: 'c' }), { message: /kind = c is none of a, b/ });
  t.throws(() => encodeGenome(space, { rate: 'x', kind: 'a' }), { message: /rate = x is not a finite number/ });
  t.throws(() => encodeGenome(space, { rate: Number.NaN, kind: 'a' }), { message: /rate/ });
  t.throws(() => encodeGenome(space, { kind: 'a' }), { message: /rate = undefined/ });
  t.deepEqual(encodeGenome(space, { rate: 1, kind: 'b' }), [NANO, 1]);
});
