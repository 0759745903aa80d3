/** What a multiaddr says about where a peer is: whose it is, who can reach it, and which network it belongs to. */
import { BlockList } from 'node:net';

/** A longer text is no address anybody listens on. */
export const MAX_ADDRESS_BYTES = 256;

const HOST = new BlockList();
HOST.addSubnet('127.0.0.0', 8);
HOST.addAddress('::1', 'ipv6');

const LAN = new BlockList();
LAN.addSubnet('10.0.0.0', 8);
LAN.addSubnet('172.16.0.0', 12);
LAN.addSubnet('192.168.0.0', 16);
LAN.addSubnet('169.254.0.0', 16);
LAN.addSubnet('fc00::', 7, 'ipv6');
LAN.addSubnet('fe80::', 10, 'ipv6');

/** From how far an address can be reached. */
const REACH = { host: 0, lan: 1, world: 2 } as const;

type Reach = (typeof REACH)[keyof typeof REACH];

function reachOfIp(ip: string): Reach {
  const family = ip.includes(':') ? 'ipv6' : 'ipv4';
  if (HOST.check(ip, family)) return REACH.host;
  return LAN.check(ip, family) ? REACH.lan : REACH.world;
}

export function isLocalIp(ip: string): boolean {
  return reachOfIp(ip) !== REACH.world;
}

function reachOf(address: string): Reach {
  const [, kind = '', host = ''] = address.split('/');
  if (kind === 'ip4' || kind === 'ip6') return reachOfIp(host);
  // `/p2p/<id>` alone was heard by multicast or in the DHT, and only our own libp2p knows where that is.
  if (kind === 'memory' || kind === 'p2p') return REACH.host;
  return REACH.world;
}

/** The peer at the end of the address, or null when it names none. */
export function peerOfAddress(address: string): string | null {
  return /\/p2p\/([^/]+)$/.exec(address)?.[1] ?? null;
}

/**
 * Addresses that one owner gets together: the first two bytes of an IPv4 and the first four of an IPv6 address, as in
 * Bitcoin's address manager, the last two labels of a name. Addresses that mean nothing outside of a LAN are a group
 * each: a devnet has no others.
 */
export function networkGroup(address: string): string {
  const [, kind = '', host = ''] = address.split('/');
  if (reachOf(address) !== REACH.world) return address;
  if (kind === 'ip4') return host.split('.').slice(0, 2).join('.');
  if (kind === 'ip6') return ipv6Group(host);
  return host.toLowerCase().split('.').slice(-2).join('.');
}

function ipv6Group(host: string): string {
  const [head = ''] = host.toLowerCase().split('::');
  const words = head.split(':');
  return [words[0] || '0', words[1] || '0'].map((word) => word.replace(/^0+(?=.)/, '')).join(':');
}

/**
 * Of these addresses, those that mean the same to us and to the peer who is reached at `peerAddress`: what he may be
 * told, and what of his telling is worth a dial. A stranger from outside must neither learn what our LAN looks like,
 * nor make us knock at its doors.
 */
export function sharedWith(peerAddress: string, addresses: readonly string[]): readonly string[] {
  const reach = reachOf(peerAddress);
  return addresses.filter((address) => reachOf(address) >= reach && !address.startsWith('/p2p/'));
}
