/**
 * Real processes of one machine over loopback: how fast a network knows itself, how fast a transaction reaches all, and
 * how many gossip messages an accepted optimum costs. Times include the wait for a core: sixteen nodes of three busy
 * threads each on few cores measure the machine as much as the network.
 */
import { type FleetNode, withFleet } from './fleet.js';
import { type BenchCase, quantile } from './suite.js';

const SIZE = 16;
const TRANSACTIONS = 40;
const WARM_UP_MS = 5_000;
const OBSERVED_MS = 60_000;
/** Messages per optimum of the Python system, measured at 4 and 8 nodes, and by its law N^3.3 at 16. */
const UPSTREAM: Readonly<Record<number, number>> = { 4: 192, 8: 2_191, 16: 16_000 };

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function untilAllKnowAll(nodes: readonly FleetNode[]): Promise<number> {
  const started = Math.max(...(await Promise.all(nodes.map(({ ready }) => ready))).map(({ atMs }) => atMs));
  for (;;) {
    const views = await Promise.all(nodes.map((node) => node.view()));
    if (views.every(({ known }) => known >= nodes.length - 1)) {
      return Math.max(0, Math.max(...views.map(({ atMs }) => atMs)) - started) / 1000;
    }
    await sleep(50);
  }
}

async function reach(nodes: readonly FleetNode[]): Promise<number> {
  await untilAllKnowAll(nodes);
  await sleep(WARM_UP_MS);
  const delays: number[] = [];
  for (let count = 0; count < TRANSACTIONS; count += 1) {
    const sender = nodes[count % nodes.length] as FleetNode;
    const { transactionId, atMs } = await sender.submit();
    await sleep(500);
    for (const node of nodes) {
      if (node !== sender) delays.push((node.heardAt.get(transactionId) ?? Number.POSITIVE_INFINITY) - atMs);
    }
  }
  const missed = delays.filter((delay) => !Number.isFinite(delay)).length;
  process.stderr.write(
    `  reach of ${delays.length}: p50 ${quantile(delays, 0.5).toFixed(0)} ms, p90 ${quantile(delays, 0.9).toFixed(0)} ms, not within 500 ms: ${missed}\n`,
  );
  return quantile(delays, 0.99);
}

const measured = new Map<number, number>();

async function messagesPerOptimum(size: number): Promise<number> {
  const known = measured.get(size);
  if (known !== undefined) return known;
  const cost = await withFleet(size, 'full', async (nodes) => {
    await untilAllKnowAll(nodes);
    const sums = async () => {
      const views = await Promise.all(nodes.map((node) => node.view()));
      return {
        copies: views.reduce((sum, { traffic }) => sum + traffic.copies, 0),
        judged: views.reduce((sum, { traffic }) => sum + traffic.judged, 0),
        accepted: Math.max(...views.map(({ accepted }) => accepted)),
      };
    };
    const before = await sums();
    await sleep(OBSERVED_MS);
    const after = await sums();
    const accepted = after.accepted - before.accepted;
    const copies = after.copies - before.copies;
    process.stderr.write(
      `  ${size} nodes: ${accepted} optima accepted, ${copies} copies of ${((after.judged - before.judged) / (size - 1)).toFixed(0)} messages\n`,
    );
    return copies / accepted;
  });
  measured.set(size, cost);
  return cost;
}

export const fleetCases: readonly BenchCase[] = [
  {
    name: `${SIZE} processes: all know all, from one bootstrap address`,
    unit: 's',
    goal: { valueAtMost: 10 },
    run: async () => ({ value: await withFleet(SIZE, 'relay', untilAllKnowAll), baseline: null }),
  },
  {
    name: `${SIZE} processes: a transaction reaches all others, p99`,
    unit: 'ms',
    goal: { valueAtMost: 250 },
    run: async () => ({ value: await withFleet(SIZE, 'relay', reach), baseline: null }),
  },
  ...[4, 8, SIZE].map(
    (size): BenchCase => ({
      name: `gossip messages per accepted optimum, ${size} processes, next to the Python system's`,
      unit: 'messages',
      goal: { ratioAtMost: 1 },
      run: async () => ({ value: await messagesPerOptimum(size), baseline: UPSTREAM[size] ?? null }),
    }),
  ),
  {
    name: `their growth from 4 to ${SIZE} processes, next to N log N`,
    unit: 'times',
    goal: { ratioAtMost: 1 },
    run: async () => ({
      value: (await messagesPerOptimum(SIZE)) / (await messagesPerOptimum(4)),
      baseline: (SIZE * Math.log2(SIZE)) / (4 * Math.log2(4)),
    }),
  },
];
