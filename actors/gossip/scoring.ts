/**
 * Gossipsub's parameters (https://github.com/libp2p/specs/blob/master/pubsub/gossipsub/gossipsub-v1.1.md), with the
 * reason for each that is not the default.
 */
import type { GossipsubOpts } from '@libp2p/gossipsub';
import { createTopicScoreParams, type PeerScoreParams } from '@libp2p/gossipsub/score';
import { isLocalIp } from './addresses.js';
import { MAX_GOSSIP_BYTES } from './frames.js';

/** Gossipsub asks its whitelist only `has`; a set that knows ranges spares listing every private address. */
class LocalAddresses extends Set<string> {
  override has(ip: string): boolean {
    return isLocalIp(ip);
  }
}

export function gossipsubOptions(
  topics: readonly string[],
  conductScore: (peerId: string) => number,
): Partial<GossipsubOpts> {
  return {
    globalSignaturePolicy: 'StrictNoSign',
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    fallbackToFloodsub: false,
    emitSelf: false,
    floodPublish: true,
    doPX: false,
    // An RPC carries several messages; this bounds one RPC, the topic's validator bounds one message.
    maxInboundDataLength: 16 * MAX_GOSSIP_BYTES,
    // The default of 60 s keeps honest peers out of a captured mesh for as long as the attack needs; measured.
    pruneBackoff: 10_000,
    // Every 5 heartbeats instead of 60: better peers get into a bad mesh within seconds.
    opportunisticGraftTicks: 5,
    scoreParams: scoreParams(topics, conductScore),
  };
}

function scoreParams(topics: readonly string[], conductScore: (peerId: string) => number): Partial<PeerScoreParams> {
  return {
    appSpecificScore: conductScore,
    // Conduct is in points where -100 disconnects; gossipsub stops listening to a peer at -80.
    appSpecificWeight: 1,
    // Many nodes of one house or one test share an address.
    IPColocationFactorWhitelist: new LocalAddresses(),
    topics: Object.fromEntries(topics.map((topic) => [topic, topicScore()])),
  };
}

/**
 * Mesh delivery (P3) is off until its threshold can follow the topic's real traffic: an idle chain delivers nothing,
 * and a fixed threshold would punish every peer for that.
 */
function topicScore(): PeerScoreParams['topics'][string] {
  return createTopicScoreParams({
    topicWeight: 1,
    timeInMeshWeight: 0.01,
    timeInMeshQuantum: 1000,
    timeInMeshCap: 300,
    firstMessageDeliveriesWeight: 0.5,
    firstMessageDeliveriesDecay: 0.9,
    firstMessageDeliveriesCap: 20,
    meshMessageDeliveriesWeight: 0,
    meshFailurePenaltyWeight: 0,
    // Squared: three invalid messages cost 9 x 10.
    invalidMessageDeliveriesWeight: -10,
    invalidMessageDeliveriesDecay: 0.99,
  });
}
