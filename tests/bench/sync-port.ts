/** A libp2p port on loopback for both ends of a bench. */
import { randomBytes } from 'node:crypto';
import { createLibp2pPort } from '../../actors/gossip/libp2p-port.js';
import type { NetworkPort } from '../../actors/gossip/port.js';

export const CHAIN = 'bench';
const silent = { debug() {}, info() {}, warn() {}, error() {} };

export function makePort(): NetworkPort {
  return createLibp2pPort({
    chainId: CHAIN,
    privateSeed: randomBytes(32),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    mdns: false,
    dht: false,
    relay: 'off',
    topics: [],
    membershipTopics: [],
    listener: { connected: () => undefined, disconnected: () => undefined, discovered: () => undefined },
    log: silent,
    now: () => performance.now(),
    standing: () => 0,
  });
}
