/** Ports of both kinds for the tests, and a peer that speaks raw libp2p. */
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { createLibp2pPort } from '../../../actors/gossip/libp2p-port.js';
import { MemoryNetwork } from '../../../actors/gossip/memory-port.js';
import type { NetworkPort, PeerInfo, PortOptions } from '../../../actors/gossip/port.js';

export const CHAIN = 'test-net';
export const TOPIC = `doin/${CHAIN}/transactions`;
export const MEMBERSHIP = `doin/${CHAIN}/domain/digits`;

export interface Recorder {
  readonly connected: PeerInfo[];
  readonly disconnected: string[];
}

export interface TestPort {
  readonly port: NetworkPort;
  readonly recorder: Recorder;
}

const cleanups: (() => unknown)[] = [];

/** Runs after the tests of a file, also failed ones, so that no open socket keeps the process. */
export function atEnd(cleanup: () => unknown): void {
  cleanups.push(cleanup);
}

export async function cleanUp(): Promise<void> {
  await Promise.allSettled(cleanups.splice(0).map((cleanup) => cleanup()));
}

export type PortFactory = (options: PortOptions) => NetworkPort;

export function memoryFactory(seed = 1): PortFactory {
  const network = memoryNetwork(seed);
  return (options) => network.createPort(options);
}

export function memoryNetwork(seed = 1, lossRate = 0): MemoryNetwork {
  const schedule = (delayMs: number, callback: () => void) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  };
  return new MemoryNetwork({ seed, schedule, lossRate });
}

export const libp2pFactory: PortFactory = createLibp2pPort;

const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** A port that is not started yet. */
export function testPort(factory: PortFactory, overrides: Partial<PortOptions> = {}): TestPort {
  const recorder: Recorder = { connected: [], disconnected: [] };
  const port = factory({
    chainId: CHAIN,
    privateSeed: randomBytes(32),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    mdns: false,
    dht: false,
    relay: 'off',
    topics: [TOPIC],
    membershipTopics: [MEMBERSHIP],
    listener: {
      connected: (peer) => void recorder.connected.push(peer),
      disconnected: (peerId) => void recorder.disconnected.push(peerId),
      discovered: () => {},
    },
    log: SILENT,
    now: () => performance.now(),
    standing: () => 0,
    ...overrides,
  });
  atEnd(() => port.stop());
  return { port, recorder };
}

export async function connect(from: NetworkPort, to: NetworkPort): Promise<void> {
  const address = to.addresses()[0];
  if (address === undefined) throw new Error('the port listens nowhere');
  await from.dial(address);
}
