import test from 'ava';
import { isDoinError } from '../../../runtime/errors.js';
import type { Envelope } from '../../../runtime/system/actor.js';
import { isolate } from '../../../runtime/system/isolate.js';
import { KindQueue, Mailbox } from '../../../runtime/system/mailbox.js';
import { placeActors } from '../../../runtime/system/placement.js';
import { RestartPolicy } from '../../../runtime/system/restart-policy.js';

const envelope = (id: number, type: Envelope['type'] = 'tell'): Envelope => ({
  to: 'a',
  from: 'b',
  kind: 'k',
  type,
  id,
  causeId: 0,
  traceId: '',
  sentAt: 0,
  payload: null,
});

function drain(mailbox: Mailbox): number[] {
  const ids: number[] = [];
  for (let next = mailbox.take(); next !== null; next = mailbox.take()) ids.push(next.envelope.id);
  return ids;
}

test('a mailbox keeps the order over kinds when the oldest of one kind is dropped', (t) => {
  const mailbox = new Mailbox();
  const gossip = new KindQueue('gossip', { capacity: 2, overflow: 'drop-oldest' });
  const block = new KindQueue('block', {});
  mailbox.put(envelope(1), block);
  mailbox.put(envelope(2), gossip);
  mailbox.put(envelope(3), gossip);
  mailbox.put(envelope(4), block);
  t.is(mailbox.put(envelope(5), gossip)?.id, 2);
  t.is(mailbox.depth, 4);
  t.deepEqual(drain(mailbox), [1, 3, 4, 5]);
  t.is(mailbox.depth + gossip.depth + block.depth, 0);
  mailbox.put(envelope(6), gossip);
  t.deepEqual(drain(mailbox), [6]);
});

test('a mailbox gives up its asks and keeps the rest in order', (t) => {
  const mailbox = new Mailbox();
  const queue = new KindQueue('k', {});
  for (const id of [1, 2, 3, 4, 5]) mailbox.put(envelope(id, id % 2 === 0 ? 'ask' : 'tell'), queue);
  t.deepEqual(
    mailbox.remove('asks').map(({ id }) => id),
    [2, 4],
  );
  t.is(queue.depth, 3);
  t.deepEqual(drain(mailbox), [1, 3, 5]);
});

test('restarts wait twice as long each time up to a limit, and give up beyond the count in the window', (t) => {
  const policy = new RestartPolicy({ maxRestarts: 4, windowMs: 1000, baseDelayMs: 100, maxDelayMs: 300 });
  t.deepEqual(
    [0, 1, 2, 3, 4].map((now) => policy.crashed(now, 0)),
    [50, 100, 150, 150, null],
  );
  t.is(policy.crashed(5000, 0), 50, 'crashes out of the window are forgiven');
  t.is(policy.crashed(9000, 0.5), 75, 'jitter adds up to the other half');
});

test('roles without a place get a thread of their own, and a place for a role that does not run is passed over', (t) => {
  const threads = placeActors(['chain', 'gossip', 'quorum'], { core: ['chain', 'optimizer', 'quorum'] });
  t.deepEqual(
    [...threads],
    [
      ['core', ['chain', 'quorum']],
      ['gossip', ['gossip']],
    ],
  );
});

test('a role in two places, or on a thread called main, is refused', (t) => {
  t.true(
    isDoinError(
      t.throws(() => placeActors(['chain'], { a: ['chain'], b: ['chain'] })),
      'placement-invalid',
    ),
  );
  t.true(
    isDoinError(
      t.throws(() => placeActors(['chain'], { main: ['chain'] })),
      'placement-invalid',
    ),
  );
  t.true(
    isDoinError(
      t.throws(() => placeActors(['chain', 'chain'])),
      'placement-invalid',
    ),
  );
});

test('a co-located payload is a copy to the bottom, and refuses functions', (t) => {
  const value = { list: [new Uint8Array([1])], wide: 2n ** 80n, when: new Date(5), none: null };
  const copy = isolate(value) as typeof value;
  t.deepEqual(copy, value);
  value.list[0]![0] = 9;
  t.is(copy.list[0]![0], 1);
  t.throws(() => isolate({ callback: () => 1 }), { any: true });
});
