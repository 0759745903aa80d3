import test from 'ava';
import { Random } from '../../gpu-workers/random.js';
import { median, medianInterval } from './suite.js';

test('the interval of a median holds the true one in about 19 of 20 samples, also of a lopsided distribution', (t) => {
  const random = Random.fromSeed(new Uint8Array(32), 'intervals');
  let held = 0;
  for (let sample = 0; sample < 1000; sample += 1) {
    const [low, high] = medianInterval(Array.from({ length: 30 }, () => Math.exp(2 * random.gaussian())));
    if (low <= 1 && 1 <= high) held += 1;
  }
  t.true(held > 930 && held < 985, `${held}`);
});

test('of 30 values it goes from the 10th to the 21st, of one it is that one', (t) => {
  const values = Array.from({ length: 30 }, (_, index) => 30 - index);
  t.deepEqual(medianInterval(values), [10, 21]);
  t.is(median(values), 16);
  t.deepEqual(medianInterval([7]), [7, 7]);
});
