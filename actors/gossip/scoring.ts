/**
 * Gossipsub's parameters (https://github.com/libp2p/specs/blob/master/pubsub/gossipsub/gossipsub-v1.1.md), with the
 * reason for each that is not the default. tests/actors/gossip/scoring.test.ts holds what they must bring about.
 */
import type { GossipsubOpts } from '@libp2p/gossipsub';
import {
  createPeerScoreParams,
  createPeerScoreThresholds,
  createTopicScoreParams,
  type PeerScoreParams,
  type PeerScoreThresholds,
} from '@libp2p/gossipsub/score';
import { isLocalIp } from './addresses.js';
import { MAX_GOSSIP_BYTES } from './frames.js';
import type { PortOptions } from './port.js';

/**
 * Mesh of a topic. `Dhi` is `D` and `Dout` half of it: a full mesh takes no further peers that called us, and keeps
 * three that we called, so those who chose us are never more than half of it. A degree of 6 reaches thousands of nodes
 * in a few hops; each further peer is one more copy of every message for every node.
 */
export const MESH = { D: 6, Dlo: 4, Dhi: 6, Dscore: 4, Dout: 3 } as const;

/** The default of 60 s keeps honest peers out of a captured mesh for as long as the attack needs; measured. */
export const PRUNE_BACKOFF_MS = 10_000;
/** Instead of 60: better peers get into a bad mesh within seconds. */
export const OPPORTUNISTIC_GRAFT_HEARTBEATS = 5;

/** Conduct bans at -100 (conduct.ts); gossipsub turns away from a peer in steps before that. */
export const THRESHOLDS: PeerScoreThresholds = createPeerScoreThresholds({
  gossipThreshold: -10,
  publishThreshold: -50,
  graylistThreshold: -80,
  // Peers come by our own exchange, which keeps a book of who told what. Gossipsub's is never believed.
  acceptPXThreshold: Number.MAX_SAFE_INTEGER,
  // A mesh whose median does not reach this looks for better peers: time alone brings a peer that delivers nothing to 3
  // in each topic, one that delivers has it from his first few messages on.
  opportunisticGraftThreshold: 7,
});

/** Gossipsub asks its whitelist only `has`; a set that knows ranges spares listing every private address. */
class LocalAddresses extends Set<string> {
  override has(ip: string): boolean {
    return isLocalIp(ip);
  }
}

export function gossipsubOptions(
  { topics, membershipTopics }: Pick<PortOptions, 'topics' | 'membershipTopics'>,
  applicationScore: (peerId: string) => number,
): Partial<GossipsubOpts> {
  return {
    ...MESH,
    globalSignaturePolicy: 'StrictNoSign',
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    fallbackToFloodsub: false,
    emitSelf: false,
    // What we say ourselves goes to everybody we know: whoever surrounds our mesh does not silence us.
    floodPublish: true,
    doPX: false,
    // Subscriptions to other topics are not remembered.
    allowedTopics: [...topics, ...membershipTopics],
    // An RPC carries several messages; this bounds one RPC, the topic's validator bounds one message.
    maxInboundDataLength: 16 * MAX_GOSSIP_BYTES,
    // Most of our messages are below the default of 512 bytes; "I have it" is still a tenth of them.
    idontwantMinDataSize: 200,
    pruneBackoff: PRUNE_BACKOFF_MS,
    opportunisticGraftTicks: OPPORTUNISTIC_GRAFT_HEARTBEATS,
    scoreParams: scoreParams(topics, applicationScore),
    scoreThresholds: THRESHOLDS,
  };
}

export function scoreParams(topics: readonly string[], applicationScore: (peerId: string) => number): PeerScoreParams {
  return createPeerScoreParams({
    // Conduct and reputation (P5), both in points of this score.
    appSpecificScore: applicationScore,
    appSpecificWeight: 1,
    // Many nodes of one house, one test or one cluster share an address. On the internet ten of one address may.
    IPColocationFactorWhitelist: new LocalAddresses(),
    // Two grafts too early happen to honest peers when connections cross; more is an attack and soon costs everything.
    behaviourPenaltyThreshold: 2,
    behaviourPenaltyWeight: -10,
    behaviourPenaltyDecay: 0.9,
    topicScoreCap: 10,
    topics: Object.fromEntries(topics.map((topic) => [topic, topicScore()])),
  });
}

function topicScore(): PeerScoreParams['topics'][string] {
  return createTopicScoreParams({
    topicWeight: 1,
    timeInMeshWeight: 0.05,
    timeInMeshQuantum: 1000,
    timeInMeshCap: 60,
    firstMessageDeliveriesWeight: 0.5,
    // Remembered for a minute or two.
    firstMessageDeliveriesDecay: 0.98,
    firstMessageDeliveriesCap: 20,
    // Soft: half a point for a peer of the mesh that brings nothing at all. An idle chain brings nothing either, so the
    // penalty stays below what time in the mesh has brought by then (15 s x 0.05), and nobody is pruned for silence.
    // Harsher ones with long backoffs made a capture by Sybils worse; measured.
    meshMessageDeliveriesWeight: -0.5,
    meshMessageDeliveriesThreshold: 1,
    meshMessageDeliveriesDecay: 0.97,
    meshMessageDeliveriesCap: 10,
    meshMessageDeliveriesWindow: 500,
    meshMessageDeliveriesActivation: 15_000,
    meshFailurePenaltyWeight: 0,
    // Squared: three invalid messages cost 9 x 10.
    invalidMessageDeliveriesWeight: -10,
    invalidMessageDeliveriesDecay: 0.99,
  });
}
