import test from 'ava';
import { Conduct, DISCONNECT_BELOW, HALF_LIFE_MS, READMIT_ABOVE } from '../../../actors/gossip/conduct.js';

test('a stranger is neutral and our own faults cost him nothing', (t) => {
  const conduct = new Conduct();
  t.false(conduct.refuse('peer', 'handler-failed', 0));
  t.is(conduct.score('peer', 0), 0);
  t.deepEqual(conduct.refused(), { 'handler-failed': 1 });
});

test('the fifth invalid object in a row ends the connection', (t) => {
  const conduct = new Conduct();
  const results = Array.from({ length: 5 }, () => conduct.refuse('peer', 'invalid', 0));
  t.deepEqual(results, [false, false, false, false, true]);
  t.true(conduct.score('peer', 0) < DISCONNECT_BELOW);
  t.true(conduct.isBanned('peer', 0));
});

test('a banned peer may return after one half-life, and a debt is forgotten in the end', (t) => {
  const conduct = new Conduct();
  conduct.refuse('peer', 'foreign-network', 0);
  t.true(conduct.isBanned('peer', HALF_LIFE_MS - 1));
  t.true(conduct.score('peer', HALF_LIFE_MS + 10_000) > READMIT_ABOVE);
  t.false(conduct.isBanned('peer', HALF_LIFE_MS + 10_000));
  t.is(conduct.score('peer', 40 * HALF_LIFE_MS), 0);
});

test('a peer who errs now and then is never banned', (t) => {
  const conduct = new Conduct();
  for (let time = 0; time < 20 * HALF_LIFE_MS; time += HALF_LIFE_MS / 2)
    t.false(conduct.refuse('peer', 'malformed', time));
});
