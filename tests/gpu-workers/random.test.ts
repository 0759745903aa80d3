import test from 'ava';
import fc from 'fast-check';
import { Random } from '../../gpu-workers/random.js';

const seed = new Uint8Array(32).fill(7);

test('xoshiro128** gives the numbers of the reference implementation from the state 1, 2, 3, 4', (t) => {
  // First outputs of https://prng.di.unimi.it/xoshiro128starstar.c with s = {1, 2, 3, 4}.
  const random = new Random({ words: [1, 2, 3, 4], spare: null });
  t.deepEqual(
    Array.from({ length: 10 }, () => random.uint32()),
    [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804],
  );
});

test('a seed gives the same numbers for ever: these bits are part of consensus', (t) => {
  const random = Random.fromSeed(seed, 'golden');
  const drawn = [random.uint32(), random.uniform(), random.gaussian(), random.gaussian(), random.below(1000)];
  t.deepEqual(drawn, [1690151084, 0.602353737377364, -0.4548636710171478, 1.3564334631288186, 449]);
});

test('labels and seeds give unrelated streams', (t) => {
  const first = (bytes: Uint8Array, label: string) => Random.fromSeed(bytes, label).uint32();
  const streams = [first(seed, 'a'), first(seed, 'b'), first(new Uint8Array(32), 'a'), first(new Uint8Array(32), 'b')];
  t.is(new Set(streams).size, 4);
});

test('a stream goes on from its saved state, also between the two halves of a Gaussian pair', (t) => {
  const random = Random.fromSeed(seed, 'save');
  random.gaussian();
  const restored = new Random(JSON.parse(JSON.stringify(random.state())));
  t.deepEqual([restored.gaussian(), restored.uniform()], [random.gaussian(), random.uniform()]);
});

test('Gaussian numbers have mean 0, deviation 1 and the tails of a normal distribution', (t) => {
  const random = Random.fromSeed(seed, 'normal');
  const drawn = Array.from({ length: 100_000 }, () => random.gaussian());
  const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
  const variance = drawn.reduce((sum, value) => sum + value * value, 0) / drawn.length;
  const beyondTwo = drawn.filter((value) => value > 2 || value < -2).length / drawn.length;
  // Four standard errors each.
  t.true(mean > -0.0127 && mean < 0.0127);
  t.true(variance > 0.982 && variance < 1.018);
  t.true(beyondTwo > 0.0428 && beyondTwo < 0.0482);
});

test('bounded integers stay in their range and hit all of it', (t) => {
  const random = Random.fromSeed(seed, 'below');
  const counts = new Array<number>(7).fill(0);
  for (let index = 0; index < 7000; index += 1) counts[random.below(7)]! += 1;
  t.true(
    counts.every((count) => count > 880 && count < 1120),
    counts.join(' '),
  );
  t.throws(() => random.below(0), { instanceOf: RangeError });
});

test('a shuffle only reorders', (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.uint8Array({ minLength: 32, maxLength: 32 }), (items, bytes) => {
      const shuffled = Random.fromSeed(bytes, 'shuffle').shuffle([...items]);
      t.deepEqual(shuffled.sort(), [...items].sort());
    }),
    { numRuns: 50 },
  );
  const order = Random.fromSeed(seed, 'shuffle').shuffle(Array.from({ length: 50 }, (_, index) => index));
  t.notDeepEqual(
    order,
    Array.from({ length: 50 }, (_, index) => index),
  );
});
