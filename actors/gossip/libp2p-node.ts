/** Assembles the libp2p node: transports, security, limits. What it does with messages is libp2p-port.ts. */
import '../../runtime/polyfill.js';
import { createHash } from 'node:crypto';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import { type GossipSub, gossipsub } from '@libp2p/gossipsub';
import { type Identify, identify } from '@libp2p/identify';
import { mdns } from '@libp2p/mdns';
import { type Ping, ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { webSockets } from '@libp2p/websockets';
import { createLibp2p, type Libp2p } from 'libp2p';
import type { PortOptions } from './port.js';
import { gossipsubOptions } from './scoring.js';

export type Libp2pNode = Libp2p<{ pubsub: GossipSub; identify: Identify; ping: Ping }>;

export interface NodeRules {
  conductScore(peerId: string): number;
  isBanned(peerId: string): boolean;
}

/** Streams one peer may have open at once on one protocol. */
export const MAX_STREAMS_PER_PROTOCOL = 32;

export async function createNode(options: PortOptions, rules: NodeRules): Promise<Libp2pNode> {
  const privateKey = await generateKeyPairFromSeed('Ed25519', options.privateSeed);
  return createLibp2p({
    start: false,
    privateKey,
    addresses: { listen: [...options.listen] },
    transports: [tcp(), webSockets()],
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
      pubsub: gossipsub({
        ...gossipsubOptions(options.topics, rules.conductScore),
        msgIdFn: (message) => createHash('sha256').update(message.data).digest(),
      }),
    },
  });
}

/** Includes the chain, so that nodes of other networks on the LAN are not even dialled. */
function serviceTag(chainId: string): string {
  return `_doin-${createHash('sha256').update(chainId).digest('hex').slice(0, 16)}._udp.local`;
}
