import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { FileLedger } from '../../../runtime/anchors/file-ledger.js';
import { type Anchor, type AnchorLedger, anchorError } from '../../../runtime/anchors/ledger.js';
import { AnchorNotes } from '../../../runtime/anchors/notes.js';
import { AnchorPublisher } from '../../../runtime/anchors/publisher.js';
import { MemoryStateFile } from '../../../runtime/storage/state-file.js';
import { until } from '../../kit/node-process.js';
import { anchorOf, CHAIN } from './compliance.js';

const newLedger = async () =>
  new FileLedger(join(await mkdtemp(join(tmpdir(), 'doin-publish-')), 'anchors.log'), CHAIN);

/** A chain of any height, and pauses that end when the test says so. */
async function world(ledgers: readonly AnchorLedger[], file = new MemoryStateFile()) {
  const listeners = new Set<() => void>();
  const state = {
    settled: 0,
    pinned: [] as string[],
    records: [] as string[],
    pauses: [] as number[],
    warnings: [] as string[],
  };
  let wakeUp: () => void = () => undefined;
  const publisher = new AnchorPublisher(
    {
      chain: {
        onBlock: (listener) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
        settledHeight: async () => state.settled,
        anchorAt: async (height) => anchorOf(height),
        pin: async ({ height }, ledger) => void state.pinned.push(`${height} ${ledger.split(' ')[0]}`),
        record: async ({ height }, ledger, reference) =>
          void state.records.push(`${height} ${ledger} ${reference.length}`),
      },
      ledgers,
      notes: await AnchorNotes.open(file),
      log: { info: () => undefined, warn: (text) => state.warnings.push(text) },
      after: (delayMs, work) => {
        state.pauses.push(delayMs);
        wakeUp = work;
        return () => undefined;
      },
    },
    100,
  );
  const grow = (height: number) => {
    state.settled = height;
    for (const listener of listeners) listener();
  };
  publisher.start();
  return { publisher, state, grow, file, wake: () => wakeUp() };
}

const heights = async (ledger: AnchorLedger) => (await ledger.read()).map(({ height }) => height);

/** Fails as often as told, then is the ledger inside. */
class Flaky implements AnchorLedger {
  readonly kind = 'git';
  readonly place = 'nowhere';
  failures: number;
  readonly #inner: AnchorLedger;

  constructor(inner: AnchorLedger, failures: number) {
    this.#inner = inner;
    this.failures = failures;
  }

  read() {
    return this.#inner.read();
  }

  async write(anchor: Anchor): Promise<string> {
    this.failures -= 1;
    if (this.failures >= 0) throw anchorError('anchor-ledger-unreachable', this, 'no route');
    return this.#inner.write(anchor);
  }
}

test('every hundredth block is written once it is settled, pinned and recorded, and no other', async (t) => {
  const ledger = await newLedger();
  const { publisher, state, grow } = await world([ledger]);
  for (const height of [99, 100, 101, 199, 205]) {
    grow(height);
    await until(async () => (await heights(ledger)).length === Math.trunc(height / 100), Boolean);
  }
  await publisher.stop();
  t.deepEqual(await heights(ledger), [100, 200]);
  t.deepEqual(state.pinned, ['100 file', '200 file']);
  t.deepEqual(state.records, ['100 file 64', '200 file 64']);
  grow(300);
  await publisher.stop();
  t.deepEqual(await heights(ledger), [100, 200], 'nothing after the end');
});

test('a node that was away writes the newest block that is due, which stands for all before', async (t) => {
  const ledger = await newLedger();
  const { publisher, grow } = await world([ledger]);
  grow(1_234);
  await until(async () => (await heights(ledger)).length > 0, Boolean);
  await publisher.stop();
  t.deepEqual(await heights(ledger), [1_200]);
});

test('a ledger that fails is tried again with growing pauses, warned of once, and holds up no other', async (t) => {
  const [good, bad] = [await newLedger(), new Flaky(await newLedger(), 3)];
  const { publisher, state, grow, wake } = await world([bad, good]);
  grow(100);
  for (const pauses of [1, 2, 3]) {
    await until(async () => state.pauses.length === pauses, Boolean);
    grow(100 + pauses);
    wake();
  }
  await until(async () => (await heights(bad)).length === 1, Boolean);
  await publisher.stop();
  t.deepEqual(state.pauses, [1_000, 2_000, 4_000]);
  t.is(state.warnings.length, 1);
  t.deepEqual(await heights(good), [100]);
});

test('after a restart it goes on where it was', async (t) => {
  const ledger = await newLedger();
  const first = await world([ledger]);
  first.grow(100);
  await until(async () => first.state.records.length === 1, Boolean);
  await first.publisher.stop();
  const second = await world([ledger], first.file);
  second.grow(150);
  second.grow(200);
  await until(async () => second.state.records.length === 1, Boolean);
  await second.publisher.stop();
  t.deepEqual(second.state.pinned, ['200 file']);
});
