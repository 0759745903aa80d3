/** Assembles the libp2p node: transports, security, limits. What it does with messages is libp2p-port.ts. */
import '../../runtime/polyfill.js';
import { createHash } from 'node:crypto';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import { dcutr } from '@libp2p/dcutr';
import { type GossipSub, gossipsub } from '@libp2p/gossipsub';
import { type Identify, identify } from '@libp2p/identify';
import { FaultTolerance } from '@libp2p/interface';
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht';
import { mdns } from '@libp2p/mdns';
import { type Ping, ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { webSockets } from '@libp2p/websockets';
import { createLibp2p, type Libp2p } from 'libp2p';
import type { PortOptions } from './port.js';
import { gossipsubOptions } from './scoring.js';

export type Libp2pNode = Libp2p<{ pubsub: GossipSub; identify: Identify; ping: Ping }>;

export interface NodeRules {
  /** Conduct and reputation together. */
  applicationScore(peerId: string): number;
  isBanned(peerId: string): boolean;
  /** A node that cannot listen anywhere may still call others. */
  readonly mayBeDeaf: boolean;
}

/** Streams one peer may have open at once on one protocol. */
export const MAX_STREAMS_PER_PROTOCOL = 32;

/** Listening here means: at relays that peers offer, as far as there are any. */
const RELAYED = '/p2p-circuit';

export async function createNode(options: PortOptions, rules: NodeRules): Promise<Libp2pNode> {
  const privateKey = await generateKeyPairFromSeed('Ed25519', options.privateSeed);
  return createLibp2p({
    start: false,
    privateKey,
    addresses: { listen: [...options.listen, ...(options.relay === 'off' ? [] : [RELAYED])] },
    transports: [tcp(), webSockets(), ...(options.relay === 'off' ? [] : [circuitRelayTransport()])],
    transportManager: { faultTolerance: rules.mayBeDeaf ? FaultTolerance.NO_FATAL : FaultTolerance.FATAL_ALL },
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    peerDiscovery: options.mdns ? [mdns({ serviceTag: serviceTag(options.chainId), interval: 5000 })] : [],
    connectionGater: {
      // The default gater refuses to dial private addresses; a LAN or a devnet has no others.
      denyDialMultiaddr: () => false,
      denyDialPeer: (peer) => rules.isBanned(peer.toString()),
      denyInboundEncryptedConnection: (peer) => rules.isBanned(peer.toString()),
    },
    connectionManager: {
      maxConnections: 300,
      // The defaults of 10 s are short for a host whose cores all train.
      dialTimeout: 30_000,
      inboundUpgradeTimeout: 30_000,
      // Defaults are 5 new connections/s per host and 10 at once in upgrade: a network on one host trips over both.
      inboundConnectionThreshold: 200,
      maxIncomingPendingConnections: 100,
    },
    connectionMonitor: {
      pingInterval: 10_000,
      // A host whose cores all train answers late; the default of 2 s would cut such peers off.
      pingTimeout: { minTimeout: 20_000 },
    },
    services: {
      identify: identify({ protocolPrefix: 'doin' }),
      ping: ping(),
      ...(options.relay !== 'off' && { holePunching: dcutr() }),
      ...(options.relay === 'serve' && { relayServer: circuitRelayServer() }),
      ...(options.dht && { dht: dht(options) }),
      pubsub: gossipsub({
        ...gossipsubOptions(options, rules.applicationScore),
        msgIdFn: (message) => createHash('sha256').update(message.data).digest(),
      }),
    },
  });
}

/** Nodes that others cannot call use the DHT without being part of it. */
function dht({ chainId, listen }: PortOptions) {
  return kadDHT({
    protocol: `/doin/${chainId}/kad/1`,
    clientMode: listen.length === 0,
    // Its default drops private addresses, and with them every network inside of one LAN.
    peerInfoMapper: passthroughMapper,
  });
}

/** Includes the chain, so that nodes of other networks on the LAN are not even dialled. */
function serviceTag(chainId: string): string {
  return `_doin-${createHash('sha256').update(chainId).digest('hex').slice(0, 16)}._udp.local`;
}
