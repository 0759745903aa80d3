import test from 'ava';
import fc from 'fast-check';
import { NO_FEE } from '../../../actors/chain/fees.js';
import { type AddOutcome, Mempool, type Pooled } from '../../../actors/chain/mempool.js';
import type { Fee, Transaction } from '../../../actors/chain/types.js';

/** At one base fee. */
class Pool extends Mempool {
  override add(entry: Pooled): AddOutcome {
    return super.add(entry, BASE);
  }
}

const BASE = 100;
const ZERO = '00'.repeat(32);
const BODIES = {
  vote: { type: 'vote', optimum: ZERO, seat: 0, dataSeed: ZERO, measurement: null },
  commit: { type: 'commit', optimum: ZERO, commitment: ZERO, domain: 'digits', stamp: 0 },
  transfer: { type: 'transfer', to: ZERO, amountUnits: 1 },
} as const;

/** Nonces follow from ids, so that two entries of one sender are no rivals. */
function entry(id: string, sender = id, own = false, fee: Fee = NO_FEE, kind: keyof typeof BODIES = 'commit'): Pooled {
  const nonce = Number.parseInt(id, 36) % 1_000_000;
  return { id, transaction: { sender, nonce, fee, body: BODIES[kind], signature: '' }, bytes: new Uint8Array(1), own };
}
const paying = (id: string, tipUnits: number, sender = id, own = false) =>
  entry(id, sender, own, { maxUnits: BASE + tipUnits, tipUnits }, 'transfer');
const idsOf = (pool: Mempool, transactions: readonly Transaction[]) =>
  transactions.map((transaction) => pool.entries().find((one) => one.transaction === transaction)?.id);

test('a full pool gives up its cheapest entry for a better one, and nothing for one that is no better', (t) => {
  const pool = new Pool();
  for (let index = 0; index < 10_000; index += 1) t.is(pool.add(paying(`${index}`, 10 + (index % 50))), 'added');
  t.is(pool.add(paying('equal', 10)), 'mempool-full');
  t.is(pool.add(paying('better', 11)), 'added');
  t.false(pool.has('9950'), 'the last of the cheapest');
  t.true(pool.has('9900'));
  t.is(pool.add(paying('own', 0, 'own', true)), 'added', 'this node’s own has room whatever it offers');
  t.is(pool.size, 10_000);
  t.is(pool.add(entry('unpaid')), 'added', 'and the other lane has its own room');
});

test('unpaid transactions have a lane of 4 000, and a vote goes before a commit', (t) => {
  const pool = new Pool();
  for (let index = 0; index < 4_000; index += 1) t.is(pool.add(entry(`${index}`)), 'added');
  t.is(pool.add(entry('more')), 'mempool-full');
  t.is(pool.add(entry('vote', 'voter', false, NO_FEE, 'vote')), 'added');
  t.false(pool.has('3999'));
  t.is(pool.add(paying('paid', 1)), 'added');
  t.is(pool.size, 4_001);
});

test('a full pool of this node’s own entries stays as it is', (t) => {
  const pool = new Pool();
  for (let index = 0; index < 10_000; index += 1) pool.add(paying(`${index}`, 1, 'self', true));
  t.is(pool.add(paying('rich', 1_000)), 'mempool-full');
  t.is(pool.add(paying('self', 1_000, 'self', true)), 'mempool-full');
});

test('a block gets the unpaid ones by what the chain needs, then the paid ones by what the proposer gets', (t) => {
  const pool = new Pool();
  pool.add(entry('commit'));
  pool.add(paying('low', 5));
  pool.add(entry('vote', 'voter', false, NO_FEE, 'vote'));
  pool.add(paying('high', 30));
  pool.add(entry('capped', 'capped', false, { maxUnits: BASE + 1, tipUnits: 90 }, 'transfer'));
  t.deepEqual(idsOf(pool, pool.candidates(BASE, 100)), ['vote', 'commit', 'high', 'low', 'capped']);
  t.deepEqual(idsOf(pool, pool.candidates(BASE + 20, 100)), ['vote', 'commit', 'high', 'low', 'capped']);
  t.deepEqual(idsOf(pool, pool.candidates(BASE - 50, 100)), ['vote', 'commit', 'capped', 'high', 'low']);
});

test('a block is offered twice the unpaid ones that fit, and no more', (t) => {
  const pool = new Pool();
  for (let index = 0; index < 50; index += 1) pool.add(entry(`${index}`));
  t.is(pool.candidates(BASE, 10).length, 20);
});

test('of one sender’s transactions with one nonce a better offer replaces the former, by 10 % in both parts', (t) => {
  const offer = (id: string, maxUnits: number, tipUnits: number) => {
    const one = entry('rival', 'ada', false, { maxUnits, tipUnits }, 'transfer');
    return { ...one, id };
  };
  const pool = new Pool();
  t.is(pool.add(offer('first', 1_000, 100)), 'added');
  t.is(pool.add(offer('same', 1_000, 100)), 'replacement-underpriced');
  t.is(pool.add(offer('tip only', 1_000, 200)), 'replacement-underpriced');
  t.is(pool.add(offer('fee only', 2_000, 109)), 'replacement-underpriced');
  t.is(pool.add(offer('little', 1_099, 110)), 'replacement-underpriced');
  t.is(pool.add(offer('enough', 1_100, 110)), 'added');
  t.false(pool.has('first'));
  t.is(pool.size, 1);
  pool.remove('enough');
  t.is(pool.add(offer('first', 1_000, 100)), 'added', 'and the place is free again');
});

test('an unpaid transaction is replaced by a paid one of the same nonce, never by an unpaid one', (t) => {
  const pool = new Pool();
  pool.add({ ...entry('rival', 'ada'), id: 'unpaid' });
  t.is(pool.add({ ...entry('rival', 'ada'), id: 'again' }), 'replacement-underpriced');
  t.is(pool.add({ ...paying('rival', 0, 'ada'), id: 'paid' }), 'added');
  t.deepEqual(
    pool.entries().map(({ id }) => id),
    ['paid'],
  );
});

test('one sender has room for 256, this node’s own ones excepted', (t) => {
  const pool = new Pool();
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
  const pool = new Pool();
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
      const pool = new Pool();
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
