import test from 'ava';
import { networkGroup, peerOfAddress, sharedWith } from '../../../actors/gossip/addresses.js';

const LOOPBACK = '/ip4/127.0.0.1/tcp/4001/p2p/a';
const LAN = '/ip4/192.168.1.7/tcp/4001/p2p/a';
const WORLD = '/ip4/8.8.4.4/tcp/4001/p2p/a';

test('addresses that one owner gets together are one group', (t) => {
  t.is(networkGroup('/ip4/8.8.4.4/tcp/1/p2p/a'), networkGroup('/ip4/8.8.200.1/tcp/2/p2p/b'));
  t.not(networkGroup('/ip4/8.8.4.4/tcp/1/p2p/a'), networkGroup('/ip4/8.9.4.4/tcp/1/p2p/a'));
  t.is(networkGroup('/ip6/2001:0db8:1::1/tcp/1/p2p/a'), networkGroup('/ip6/2001:db8:ffff::2/tcp/1/p2p/b'));
  t.not(networkGroup('/ip6/2001:db8:1::1/tcp/1/p2p/a'), networkGroup('/ip6/2001:db9:1::1/tcp/1/p2p/a'));
  t.is(networkGroup('/dns4/one.example.org/tcp/1/p2p/a'), networkGroup('/dns4/two.Example.org/tcp/1/p2p/b'));
});

test('addresses that mean nothing outside of a LAN are a group each', (t) => {
  t.not(networkGroup('/ip4/127.0.0.1/tcp/1/p2p/a'), networkGroup('/ip4/127.0.0.1/tcp/2/p2p/b'));
  t.not(networkGroup('/ip4/10.0.0.1/tcp/1/p2p/a'), networkGroup('/ip4/10.0.0.2/tcp/1/p2p/b'));
});

test('a peer is told, and believed, only what means the same to both', (t) => {
  const all = [LOOPBACK, LAN, WORLD];
  t.deepEqual(sharedWith('/ip4/127.0.0.1/tcp/9', ['/p2p/a']), []);
  t.deepEqual(sharedWith('/ip4/127.0.0.1/tcp/9', all), all);
  t.deepEqual(sharedWith('/ip4/192.168.1.9/tcp/9', all), [LAN, WORLD]);
  t.deepEqual(sharedWith('/ip4/9.9.9.9/tcp/9', all), [WORLD]);
  t.deepEqual(sharedWith('/dns4/example.org/tcp/9', all), [WORLD]);
});

test('the peer of an address is the last one named, also behind a relay', (t) => {
  t.is(peerOfAddress(WORLD), 'a');
  t.is(peerOfAddress('/ip4/8.8.4.4/tcp/1/p2p/relay/p2p-circuit/p2p/b'), 'b');
  t.is(peerOfAddress('/ip4/8.8.4.4/tcp/1'), null);
});
