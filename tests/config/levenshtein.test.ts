import test from 'ava';
import fc from 'fast-check';
import { editDistance, nearestName } from '../../config/levenshtein.js';

test('known distances', (t) => {
  t.is(editDistance('kitten', 'sitting'), 3);
  t.is(editDistance('', 'abc'), 3);
  t.is(editDistance('flaw', 'lawn'), 2);
});

test('the distance is a metric', (t) => {
  const word = fc.string({ maxLength: 8 });
  fc.assert(
    fc.property(word, word, word, (a, b, c) => {
      t.is(editDistance(a, b) === 0, a === b);
      t.is(editDistance(a, b), editDistance(b, a));
      t.true(editDistance(a, c) <= editDistance(a, b) + editDistance(b, c));
    }),
    { numRuns: 100 },
  );
});

test('the nearest name ignores case and dashes, and far words get none', (t) => {
  t.is(nearestName('Data-Dir', ['port', 'data_dir']), 'data_dir');
  t.is(nearestName('elephant', ['port', 'data_dir']), null);
});
