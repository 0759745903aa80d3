import test from 'ava';
import fc from 'fast-check';
import { NO_FEE } from '../../../actors/chain/fees.js';
import { Mempool, type Pooled } from '../../../actors/chain/mempool.js';

function entry(id: string, sender = id, own = false): Pooled {
  const body = { type: 'register-evaluator' as const, domains: [] };
  return { id, transaction: { sender, nonce: 1, fee: NO_FEE, body, signature: '' }, bytes: new Uint8Array(1), own };
}

test('the pool is full at 10 000 and takes one more when one leaves', (t) => {
  const pool = new Mempool();
  for (let index = 0; index < 10_000; index += 1) t.is(pool.add(entry(`${index}`)), 'added');
  t.is(pool.add(entry('more')), 'mempool-full');
  t.is(pool.add(entry('own', 'own', true)), 'mempool-full');
  t.is(pool.add(entry('7')), 'already-known');
  pool.remove('7');
  t.is(pool.add(entry('more')), 'added');
  t.is(pool.size, 10_000);
});

test('one sender has room for 256, this node’s own ones excepted', (t) => {
  const pool = new Mempool();
  for (let index = 0; index < 256; index += 1) t.is(pool.add(entry(`${index}`, 'loud')), 'added');
  t.is(pool.add(entry('256', 'loud')), 'too-many-from-sender');
  t.is(pool.add(entry('256', 'loud', true)), 'added');
  t.is(pool.add(entry('other')), 'added');
  pool.remove('0');
  pool.remove('0');
  pool.remove('256');
  t.is(pool.add(entry('257', 'loud')), 'added');
  t.is(pool.add(entry('258', 'loud')), 'too-many-from-sender');
});

test('of more than 1024 parked ones the oldest give way', (t) => {
  const pool = new Mempool();
  for (let index = 0; index < 1_100; index += 1) pool.park(entry(`${index}`));
  t.is(pool.size, 0, 'parked is not ready');
  t.false(pool.has('75'));
  t.true(pool.has('76'));
  const parked = pool.unpark();
  t.deepEqual(
    parked.map(({ id }) => id),
    Array.from({ length: 1_024 }, (_, index) => `${76 + index}`),
  );
  t.false(pool.has('76'));
});

test('the pool agrees with a model of two maps after any calls', (t) => {
  const call = fc.tuple(fc.constantFrom('add', 'park', 'remove', 'unpark'), fc.nat(12), fc.nat(2));
  fc.assert(
    fc.property(fc.array(call, { maxLength: 60 }), (calls) => {
      const pool = new Mempool();
      const ready = new Map<string, Pooled>();
      const parked = new Map<string, Pooled>();
      for (const [kind, number, sender] of calls) {
        const id = `${number}`;
        const one = entry(id, `${sender}`);
        if (kind === 'add') {
          t.is(pool.add(one), ready.has(id) ? 'already-known' : 'added');
          if (!ready.has(id)) {
            ready.set(id, one);
            parked.delete(id);
          }
        } else if (kind === 'park') {
          pool.park(one);
          if (!ready.has(id) && !parked.has(id)) parked.set(id, one);
        } else if (kind === 'remove') {
          pool.remove(id);
          ready.delete(id);
          parked.delete(id);
        } else {
          t.deepEqual(pool.unpark(), [...parked.values()]);
          parked.clear();
        }
        t.deepEqual(pool.entries(), [...ready.values()], 'in order of arrival');
        t.is(pool.size, ready.size);
        for (let other = 0; other <= 12; other += 1) {
          t.is(pool.get(`${other}`), ready.get(`${other}`) ?? parked.get(`${other}`));
          t.is(pool.has(`${other}`), ready.has(`${other}`) || parked.has(`${other}`));
        }
      }
    }),
    { numRuns: 100, seed: 1 },
  );
});
