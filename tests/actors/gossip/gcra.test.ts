import test from 'ava';
import fc from 'fast-check';
import { Gcra } from '../../../actors/gossip/gcra.js';

test('a burst passes at once and the request after it does not', (t) => {
  const gcra = new Gcra({ ratePerSecond: 10, burst: 3 });
  t.deepEqual(
    [1, 2, 3, 4].map(() => gcra.allow('a', 0)),
    [true, true, true, false],
  );
});

test('one more request passes after one interval', (t) => {
  const gcra = new Gcra({ ratePerSecond: 10, burst: 3 });
  for (let count = 0; count < 4; count += 1) gcra.allow('a', 0);
  t.false(gcra.allow('a', 99));
  t.true(gcra.allow('a', 100));
  t.false(gcra.allow('a', 100));
});

test('keys do not use up each other', (t) => {
  const gcra = new Gcra({ ratePerSecond: 1, burst: 1 });
  t.true(gcra.allow('a', 0));
  t.true(gcra.allow('b', 0));
  t.false(gcra.allow('a', 0));
});

test('in any window no more pass than burst plus rate times its length, and refusals cost nothing', (t) => {
  const gaps = fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 200 });
  const property = fc.property(
    gaps,
    fc.integer({ min: 1, max: 50 }),
    fc.integer({ min: 1, max: 10 }),
    (waits, rate, burst) => {
      const gcra = new Gcra({ ratePerSecond: rate, burst });
      const passed: number[] = [];
      let now = 0;
      for (const wait of waits) {
        now += wait;
        if (gcra.allow('k', now)) passed.push(now);
      }
      for (let first = 0; first < passed.length; first += 1) {
        for (let last = first; last < passed.length; last += 1) {
          const windowMs = (passed[last] ?? 0) - (passed[first] ?? 0);
          if (last - first + 1 > burst + (windowMs * rate) / 1000 + 1e-6) return false;
        }
      }
      // After a silence of burst intervals the whole burst is there again, whatever was refused before.
      const later = now + (burst * 1000) / rate + 1;
      return Array.from({ length: burst }, () => gcra.allow('k', later)).every(Boolean);
    },
  );
  fc.assert(property);
  t.pass();
});

test('remembers no more keys than it may', (t) => {
  const gcra = new Gcra({ ratePerSecond: 1, burst: 1, maxKeys: 10 });
  for (let key = 0; key < 100; key += 1) gcra.allow(`k${key}`, 0);
  t.is(gcra.size, 10);
  gcra.allow('late', 60_000);
  t.is(gcra.size, 1);
});

test('an expensive request counts as several, and one beyond the burst never passes', (t) => {
  const gcra = new Gcra({ ratePerSecond: 10, burst: 5 });
  t.true(gcra.allow('a', 0, 4));
  t.false(gcra.allow('a', 0, 2));
  t.true(gcra.allow('a', 0, 1));
  t.false(gcra.allow('a', 399, 4));
  t.true(gcra.allow('a', 400, 4));
  t.false(gcra.allow('b', 10_000, 6));
});
