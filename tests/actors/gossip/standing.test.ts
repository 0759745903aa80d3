import test from 'ava';
import { FULL_STANDING, Standing } from '../../../actors/gossip/standing.js';
import { peerIdOf } from '../../../runtime/crypto/peer-id.js';
import { keyOf } from '../../kit/chain.js';

const member = (name: string, reputationMicro: number) => ({ nodeId: keyOf(name).publicKey, reputationMicro });
const points = (standing: Standing, name: string) => standing.points(peerIdOf(keyOf(name).publicKey));

test('reputation is worth points up to a bound, and who has none is a stranger', (t) => {
  const standing = new Standing();
  standing.update([
    member('great', 90_000_000),
    member('full', 10_000_000),
    member('new', 2_500_000),
    member('spent', 0),
  ]);
  t.is(points(standing, 'great'), FULL_STANDING);
  t.is(points(standing, 'full'), FULL_STANDING);
  t.is(points(standing, 'new'), FULL_STANDING / 4);
  t.is(points(standing, 'spent'), 0);
  t.is(points(standing, 'stranger'), 0);
});

test('who falls out of the table has no standing any more', (t) => {
  const standing = new Standing();
  standing.update([member('a', 10_000_000)]);
  standing.update([member('b', 10_000_000)]);
  t.is(points(standing, 'a'), 0);
});
