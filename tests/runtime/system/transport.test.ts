/** The transport's parts, and how it holds senders back across threads. */
import test from 'ava';
import fc from 'fast-check';
import { Unpackr } from 'msgpackr';
import type { Envelope } from '../../../runtime/system/actor.js';
import { KindQueue, Mailbox } from '../../../runtime/system/mailbox.js';
import { Histogram } from '../../../runtime/system/metrics.js';
import { bytesOf, Packer } from '../../../runtime/system/packer.js';
import { kindPolicy, OVERTAKES_IN_A_ROW, usesCredits } from '../../../runtime/system/policy.js';
import { until } from './harness.js';
import { slow, systemOf } from './transport-actors.js';

const reader = () =>
  new Unpackr({ sequential: true, structures: [], useBigIntExtension: true, copyBuffers: true, mapsAsObjects: true });

const plainData = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.string({ unit: 'grapheme' }),
    fc.integer(),
    fc.double({ noNaN: true }),
    fc.maxSafeInteger(),
    fc.bigInt(),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 300 }),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      tie('value'),
      { noNullPrototype: true },
    ),
  ),
})).value;

test('whatever plain data is packed is read back equal, over many items of one stream', (t) => {
  fc.assert(
    fc.property(fc.array(plainData, { minLength: 1, maxLength: 12 }), (values) => {
      const packer = new Packer();
      const unpackr = reader();
      // Twice, so that the shapes of the first round are records in the second.
      for (const round of [values, [...values, ...values]]) {
        for (const value of round) packer.value(value);
        t.deepEqual(unpackr.unpackMultiple(bytesOf(packer.take())), round);
      }
    }),
    { numRuns: 200 },
  );
});

test('an item that cannot be packed leaves the stream as it was, records included', (t) => {
  const packer = new Packer();
  const unpackr = reader();
  const good = { a: 1, b: { c: 2 } };
  packer.value(good);
  const start = packer.begin();
  t.throws(() => packer.value([good, { d: 1, e: () => 1 }, { d: 2, e: () => 1 }]), { instanceOf: TypeError });
  packer.undo(start);
  for (let time = 0; time < 3; time += 1) packer.value(good);
  packer.value({ d: 1, e: 2 });
  packer.value({ d: 3, e: 4 });
  const items = unpackr.unpackMultiple(bytesOf(packer.take()));
  t.deepEqual(items, [good, good, good, good, { d: 1, e: 2 }, { d: 3, e: 4 }]);
});

test('more shapes than there are records, and objects of many keys, still arrive', (t) => {
  const packer = new Packer();
  const shapes = Array.from({ length: 100 }, (_, shape) => ({ [`key${shape}`]: shape }));
  const wide = Object.fromEntries(Array.from({ length: 100 }, (_, key) => [`k${key}`, key]));
  const values = [...shapes, ...shapes, wide, wide, ...shapes];
  for (const value of values) packer.value(value);
  t.deepEqual(reader().unpackMultiple(bytesOf(packer.take())), values);
});

const envelope = (id: number): Envelope => ({
  to: 'a',
  from: 'b',
  kind: 'k',
  type: 'tell',
  id,
  causeId: 0,
  traceId: '',
  sentAt: 0,
  payload: null,
});

test('a mailbox hands out urgent messages first, and lets the others through now and then', (t) => {
  const mailbox = new Mailbox();
  const low = new KindQueue('telemetry', { priority: 'low', capacity: 1000 });
  const high = new KindQueue('block', { priority: 'high', capacity: 1000 });
  for (let id = 0; id < 3; id += 1) mailbox.put(envelope(id), low);
  for (let id = 100; id < 300; id += 1) mailbox.put(envelope(id), high);
  const order: number[] = [];
  for (let next = mailbox.take(); next !== null; next = mailbox.take()) order.push(next.envelope.id);
  t.is(order[0], 100);
  t.deepEqual(
    order.filter((id) => id < 100),
    [0, 1, 2],
    'the order within a priority is kept',
  );
  t.is(order.indexOf(0), OVERTAKES_IN_A_ROW, 'telemetry is late, never starved');
});

test('defaults come from the policy table, and asks and dropping kinds need no credits', (t) => {
  t.deepEqual(kindPolicy({}), { capacity: 1024, overflow: 'backpressure', lane: 1, concurrent: false });
  t.true(usesCredits(kindPolicy({}), 'event'));
  t.false(usesCredits(kindPolicy({}), 'ask'));
  t.false(usesCredits(kindPolicy({ overflow: 'drop-oldest' }), 'tell'));
});

test('a histogram tells quantiles within a factor of two', (t) => {
  const histogram = new Histogram();
  t.is(histogram.status().p99_us, 0);
  for (let us = 1; us <= 1000; us += 1) histogram.record(us / 1000);
  const { samples, p50_us, p99_us, max_us, mean_us } = histogram.status();
  t.is(samples, 1000);
  t.true(p50_us >= 500 && p50_us <= 1000);
  t.true(p99_us >= 990 && p99_us <= 1000);
  t.is(max_us, 1000);
  t.is(Math.round(mean_us), 501);
});

for (const placement of [{}, { shared: ['slow', 'fast'] }]) {
  const where = 'shared' in placement ? 'on one thread' : 'across threads';
  test.serial(`a sender that waits for room never exceeds the capacity ${where}`, async (t) => {
    const system = await systemOf(t, placement);
    const sent = await system.ask(slow.pace, { count: 300, waits: true }, { timeoutMs: 60_000 });
    t.true(sent.waited > 0, 'there was something to wait for');
    const seen = await until(
      () => system.ask(slow.seen, null),
      ({ values }) => values.length === 300,
    );
    t.deepEqual(
      seen.values,
      Array.from({ length: 300 }, (_, value) => value),
    );
    const status = (await system.status()).find(({ name }) => name === 'slow');
    t.is(status?.overflowed, 0);
  });
}

test.serial(
  'a sender that does not wait is held back on its own thread, in order, and the mailbox keeps its bound',
  async (t) => {
    const system = await systemOf(t, {});
    await system.ask(slow.pace, { count: 300, waits: false }, { timeoutMs: 60_000 });
    const seen = await until(
      () => system.ask(slow.seen, null),
      ({ values }) => values.length === 300,
    );
    t.deepEqual(
      seen.values,
      Array.from({ length: 300 }, (_, value) => value),
    );
    const status = (await system.status()).find(({ name }) => name === 'slow');
    t.is(status?.overflowed, 0, 'nothing beyond the credits was sent');
    t.true((status?.times?.handle.samples ?? 0) > 0);
    t.true((status?.load?.heap_used_bytes ?? 0) > 0);
  },
);
