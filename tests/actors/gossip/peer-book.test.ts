import test from 'ava';
import fc from 'fast-check';
import { MAX_ADDRESSES_PER_PEER, MAX_KNOWN_PEERS, PeerBook } from '../../../actors/gossip/peer-book.js';

const at = (peerId: string, host = '1.2.3.4') => `/ip4/${host}/tcp/4001/p2p/${peerId}`;
const ONLINE = { jitter: 1, isolated: false };

test('an address is kept only for the peer it names, and never our own', (t) => {
  const book = new PeerBook('self');
  t.false(book.add('self', [at('self')], 'x'));
  t.false(book.add('a', [at('b')], 'x'));
  t.false(book.add('a', [`/dns4/${'x'.repeat(300)}/tcp/1/p2p/a`], 'x'));
  t.true(book.add('a', [at('a'), at('b')], 'x'));
  t.deepEqual(book.get('a')?.addresses, [at('a')]);
  t.false(book.add('a', [at('a', '5.6.7.8')], 'y'), 'no news');
  t.is(book.get('a')?.addresses.length, 2);
});

test('no informant brings more than his share of hearsay, and those we reached do not count', (t) => {
  const book = new PeerBook('self');
  const brought = Array.from({ length: 200 }, (_, index) => book.add(`p${index}`, [at(`p${index}`)], 'liar'));
  t.is(brought.filter(Boolean).length, 64);
  t.true(book.add('q', [at('q')], 'other'));
  book.proved('p0', at('p0'), 1);
  t.true(book.add('p100', [at('p100')], 'liar'));
});

test('a full book gives up hearsay that fails, never somebody it reached', (t) => {
  const book = new PeerBook('self');
  for (let index = 0; index < MAX_KNOWN_PEERS; index += 1) book.proved(`p${index}`, at(`p${index}`), index);
  t.false(book.add('new', [at('new')], 'x'));
  t.is(book.size, MAX_KNOWN_PEERS);
  const other = new PeerBook('self');
  for (let index = 0; index < MAX_KNOWN_PEERS; index += 1) other.add(`p${index}`, [at(`p${index}`)], `from ${index}`);
  other.failed('p7', 0, ONLINE);
  t.true(other.add('new', [at('new')], 'x'));
  t.is(other.get('p7'), undefined);
});

test('failing addresses take turns with growing pauses; hearsay is forgotten soon, but not while we reach nobody', (t) => {
  const book = new PeerBook('self');
  book.add('a', [at('a'), at('a', '5.6.7.8')], 'x');
  book.failed('a', 0, ONLINE);
  t.is(book.get('a')?.addresses[0], at('a', '5.6.7.8'));
  t.deepEqual(book.due(999), []);
  t.is(book.due(1_000).length, 1);
  for (let count = 0; count < 20; count += 1) book.failed('a', 0, { jitter: 1, isolated: true });
  t.is(book.size, 1);
  t.is(book.due(60_000).length, 1, 'no pause is longer than a minute');
  book.failed('a', 0, ONLINE);
  t.is(book.size, 0);
});

test('a restart keeps whom we reached, with the address that worked first', (t) => {
  const book = new PeerBook('self');
  book.add('heard', [at('heard')], 'x');
  book.add('met', [at('met')], 'x');
  book.proved('met', at('met', '5.6.7.8'), 123);
  const again = new PeerBook('self');
  again.restore(JSON.parse(JSON.stringify(book.toStored())));
  t.deepEqual(
    again.all().map(({ peerId }) => peerId),
    ['met'],
  );
  t.like(again.get('met'), { addresses: [at('met', '5.6.7.8'), at('met')], provenAtMs: 123 });
});

test('whatever a file holds, restoring it neither fails nor breaks a bound', (t) => {
  fc.assert(
    fc.property(
      fc.oneof(fc.jsonValue(), fc.array(fc.record({ peerId: fc.string(), addresses: fc.array(fc.string()) }))),
      (stored) => {
        const book = new PeerBook('self');
        book.restore(stored);
        for (const { peerId, addresses } of book.all()) {
          t.true(
            addresses.length <= MAX_ADDRESSES_PER_PEER &&
              addresses.every((address) => address.endsWith(`/p2p/${peerId}`)),
          );
        }
      },
    ),
  );
  t.pass();
});
