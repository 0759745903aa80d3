/** Real libp2p on loopback, all ends in one process: how long a small message takes to reach a peer. */
import '../../runtime/polyfill.js';
import { randomBytes } from 'node:crypto';
import { createLibp2pPort } from '../../actors/gossip/libp2p-port.js';
import type { NetworkPort } from '../../actors/gossip/port.js';
import { fleetCases } from './network-fleet.js';
import { type BenchSuite, median } from './suite.js';

const MESSAGES = 200;
const TOPIC = 'doin/bench/transactions';
const silent = { debug() {}, info() {}, warn() {}, error() {} };

export const suite: BenchSuite = {
  name: 'network',
  cases: [
    { name: 'gossip from publish to receipt, next to one request round trip', unit: 'ms', run: publishLatency },
    ...fleetCases,
  ],
};

function makePort(): NetworkPort {
  return createLibp2pPort({
    chainId: 'bench',
    privateSeed: randomBytes(32),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    mdns: false,
    dht: false,
    relay: 'off',
    topics: [TOPIC],
    membershipTopics: [],
    listener: { connected: () => undefined, disconnected: () => undefined, discovered: () => undefined },
    log: silent,
    now: () => performance.now(),
    standing: () => 0,
  });
}

async function publishLatency(): Promise<{ value: number; baseline: number }> {
  const [sender, receiver] = [makePort(), makePort()];
  const waiting = new Map<string, () => void>();
  for (const port of [sender, receiver]) {
    port.respond('/doin/bench/echo/1', async (bytes) => bytes, {
      maxRequestBytes: 1_024,
      ratePerSecond: 10_000,
      burst: 10_000,
    });
  }
  sender.subscribe(TOPIC, async () => 'accept');
  receiver.subscribe(TOPIC, async (bytes) => {
    waiting.get(Buffer.from(bytes).toString('hex'))?.();
    return 'accept';
  });
  await Promise.all([sender.start(), receiver.start()]);
  try {
    const peerId = await sender.dial(receiver.addresses()[0] ?? '');
    while ((await sender.publish(TOPIC, randomBytes(32))) === 0)
      await new Promise((resolve) => setTimeout(resolve, 50));
    const gossip: number[] = [];
    const requests: number[] = [];
    for (let index = 0; index < MESSAGES; index += 1) {
      const bytes = randomBytes(200);
      const arrived = new Promise<void>((resolve) => waiting.set(Buffer.from(bytes).toString('hex'), resolve));
      const started = performance.now();
      await sender.publish(TOPIC, bytes);
      await arrived;
      gossip.push(performance.now() - started);
      const asked = performance.now();
      await sender.request(peerId, '/doin/bench/echo/1', bytes, { timeoutMs: 5_000, maxResponseBytes: 1_024 });
      requests.push(performance.now() - asked);
    }
    return { value: median(gossip), baseline: median(requests) };
  } finally {
    await Promise.all([sender.stop(), receiver.stop()]);
  }
}
