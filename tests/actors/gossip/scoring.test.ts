/** What gossipsub's parameters must bring about, on gossipsub's own score keeper. */

import { PeerScore, validatePeerScoreParams, validatePeerScoreThresholds } from '@libp2p/gossipsub/score';
import test from 'ava';
import { Conduct } from '../../../actors/gossip/conduct.js';
import { gossipsubOptions, MESH, scoreParams, THRESHOLDS } from '../../../actors/gossip/scoring.js';
import { FULL_STANDING } from '../../../actors/gossip/standing.js';

/** libp2p's own is in a package of its own; nothing here reads what is logged. */
const quiet = () => Object.assign(() => {}, { error() {}, trace() {}, enabled: false, newScope: quiet });

const TOPICS = ['transactions', 'blocks'];

function keeper(applicationScore: (peerId: string) => number = () => 0) {
  const params = scoreParams(TOPICS, applicationScore);
  const score = new PeerScore(params, null, { forComponent: quiet } as never, { scoreCacheValidityMs: 0 });
  return {
    params,
    score,
    join(peer: string, seconds: number): void {
      score.addPeer(peer);
      for (const topic of TOPICS) {
        score.graft(peer, topic);
        const stats = score.dumpPeerScoreStats()[peer]!.topics[topic]!;
        stats.meshTime = seconds * 1000;
        stats.meshMessageDeliveriesActive = stats.meshTime >= params.topics[topic]!.meshMessageDeliveriesActivation;
      }
    },
    deliver(peer: string, count: number): void {
      for (let index = 0; index < count; index += 1) {
        const id = `${peer} ${index}`;
        score.validateMessage(id);
        score.deliverMessage(peer, id, TOPICS[0]!);
      }
    },
  };
}

test('the parameters are valid ones, with the values that were measured', (t) => {
  t.notThrows(() => validatePeerScoreParams(scoreParams(TOPICS, () => 0)));
  t.notThrows(() => validatePeerScoreThresholds(THRESHOLDS));
  t.like(
    gossipsubOptions({ topics: TOPICS, membershipTopics: [] }, () => 0),
    { pruneBackoff: 10_000, opportunisticGraftTicks: 5, doPX: false },
  );
  t.is(scoreParams(TOPICS, () => 0).topics.blocks!.meshMessageDeliveriesWeight, -0.5);
});

test('those who called us are never more than half of a full mesh', (t) => {
  t.true(2 * MESH.Dout >= MESH.Dhi, 'a full mesh takes nobody more who called us, and keeps these we called');
  t.true(MESH.Dout < MESH.Dlo && 2 * MESH.Dout <= MESH.D, 'what gossipsub asks of them');
});

test('on an idle chain nobody is ever pruned for having nothing to say', (t) => {
  for (let seconds = 0; seconds <= 600; seconds += 1) {
    const { score, join } = keeper();
    join('quiet', seconds);
    t.true(score.score('quiet') >= 0, `after ${seconds} s`);
  }
});

test('where others deliver, a black hole makes the mesh look for better peers, and they are better', (t) => {
  const { score, join, deliver } = keeper();
  join('hole', 300);
  join('honest', 15);
  deliver('honest', 20);
  t.true(score.score('hole') < THRESHOLDS.opportunisticGraftThreshold);
  t.true(score.score('honest') >= THRESHOLDS.opportunisticGraftThreshold);
  score.addPeer('outside');
  deliver('outside', 20);
  t.true(
    score.score('outside') > score.score('hole'),
    'also one outside of the mesh, who answers what is asked of him',
  );
});

test('three invalid messages cost a peer his hearing, also the best of members', (t) => {
  const { score, join, deliver } = keeper(() => FULL_STANDING);
  join('peer', 300);
  deliver('peer', 100);
  t.true(score.score('peer') > 0);
  for (let count = 0; count < 4; count += 1) score.rejectInvalidMessage('peer', TOPICS[0]!);
  t.true(score.score('peer') < THRESHOLDS.graylistThreshold);
});

test('grafts against the backoff: two are forgiven, a flood is not', (t) => {
  const { score } = keeper();
  score.addPeer('peer');
  for (let count = 0; count < 2; count += 1) score.addPenalty('peer', 1, 'graft_backoff' as never);
  t.is(score.score('peer'), 0);
  for (let count = 0; count < 4; count += 1) score.addPenalty('peer', 1, 'graft_backoff' as never);
  t.true(score.score('peer') < THRESHOLDS.graylistThreshold);
});

test('any number of peers may share a local address, on the internet they may not', (t) => {
  const { score } = keeper();
  for (let index = 0; index < 30; index += 1) {
    score.addPeer(`local ${index}`);
    score.addIP(`local ${index}`, index % 2 === 0 ? '127.0.0.1' : '192.168.1.20');
    score.addPeer(`far ${index}`);
    score.addIP(`far ${index}`, '203.0.113.5');
  }
  t.is(score.score('local 0'), 0);
  t.is(score.score('local 1'), 0);
  t.true(score.score('far 0') < THRESHOLDS.graylistThreshold);
});

test('no reputation outweighs the conduct for which a peer is banned', (t) => {
  const conduct = new Conduct();
  while (!conduct.refuse('peer', 'invalid', 0));
  const { score, join, deliver } = keeper((peer) => conduct.score(peer, 0) + FULL_STANDING);
  join('peer', 600);
  deliver('peer', 100);
  t.true(score.score('peer') <= THRESHOLDS.graylistThreshold);
});

test('gossip believes nobody’s list of other peers', (t) => {
  const { score, join, deliver } = keeper(() => FULL_STANDING);
  join('peer', 600);
  deliver('peer', 1000);
  t.true(score.score('peer') < THRESHOLDS.acceptPXThreshold);
});
