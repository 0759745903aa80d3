import test from 'ava';
import { MemoryNetwork } from '../../../actors/gossip/memory-port.js';
import { connect, TOPIC, testPort } from './kit.js';

/** A scheduler without a clock: runs what is due in order of time, then of entry. */
class VirtualTime {
  now = 0;
  #entries: { at: number; order: number; callback: () => void }[] = [];
  #order = 0;

  schedule = (delayMs: number, callback: () => void) => {
    const entry = { at: this.now + delayMs, order: this.#order++, callback };
    this.#entries.push(entry);
    return () => {
      this.#entries = this.#entries.filter((other) => other !== entry);
    };
  };

  async run(): Promise<void> {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const next = this.#entries.sort((a, b) => a.at - b.at || a.order - b.order).shift();
      if (next === undefined) return;
      this.now = next.at;
      next.callback();
    }
  }
}

async function simulate(seed: number, lossRate: number): Promise<string[]> {
  const time = new VirtualTime();
  const network = new MemoryNetwork({ seed, schedule: time.schedule, lossRate, delayMs: [1, 50] });
  const log: string[] = [];
  const nodes = Array.from({ length: 5 }, (_, index) => {
    const privateSeed = new Uint8Array(32).fill(index + 1);
    const { port } = testPort((options) => network.createPort(options), { privateSeed, now: () => time.now });
    port.subscribe(TOPIC, async (bytes) => {
      log.push(`${time.now.toFixed(3)} node ${index} gets ${Buffer.from(bytes)}`);
      return 'accept';
    });
    return port;
  });
  for (const node of nodes) await node.start();
  for (let index = 0; index < 5; index += 1) await connect(nodes[index]!, nodes[(index + 1) % 5]!);
  for (let index = 0; index < 5; index += 1) await nodes[index]!.publish(TOPIC, Buffer.from(`message ${index}`));
  await time.run();
  return log;
}

test('a run repeats exactly under its seed and differs under another', async (t) => {
  const first = await simulate(7, 0.2);
  t.deepEqual(await simulate(7, 0.2), first);
  t.notDeepEqual(await simulate(8, 0.2), first);
});

test('without loss everybody gets everything, with loss not', async (t) => {
  t.is((await simulate(1, 0)).length, 20);
  t.true((await simulate(1, 0.6)).length < 20);
});

test('a partition cuts links and dials until it heals', async (t) => {
  const network = new MemoryNetwork({ seed: 1, schedule: new VirtualTime().schedule });
  const [a, b] = [0, 1].map(() => testPort((options) => network.createPort(options))) as [
    ReturnType<typeof testPort>,
    ReturnType<typeof testPort>,
  ];
  await Promise.all([a.port.start(), b.port.start()]);
  await connect(a.port, b.port);
  network.partition([[a.port.peerId]]);
  t.deepEqual(a.recorder.disconnected, [b.port.peerId]);
  t.deepEqual(b.recorder.disconnected, [a.port.peerId]);
  t.like(await t.throwsAsync(connect(a.port, b.port)), { code: 'dial-failed' });
  network.heal();
  await connect(a.port, b.port);
  t.is(a.port.peers().length, 1);
});
