/** Catch-up and blobs over real libp2p on loopback, the other end on a thread of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Blockchain } from '../../actors/chain/blockchain.js';
import { genesisHash } from '../../actors/chain/genesis.js';
import { Intake } from '../../actors/chain/intake.js';
import { Mempool } from '../../actors/chain/mempool.js';
import { chain } from '../../actors/chain/messages.js';
import { Serving } from '../../actors/chain/serving.js';
import { GLOBALS } from '../../actors/chain/state/state.js';
import { SqliteBlockStore } from '../../actors/chain/store.js';
import { RememberingVerifier } from '../../actors/chain/verifier.js';
import { BlobFetcher } from '../../actors/gossip/blobs.js';
import { StatusExchange } from '../../actors/gossip/status.js';
import { Synchroniser } from '../../actors/gossip/sync.js';
import { Wire } from '../../actors/gossip/wire.js';
import { VerifyPool } from '../../runtime/crypto/verify-pool.js';
import { MemoryBlobStore } from '../../runtime/storage/blob-store.js';
import { eventually, TestContext } from '../kit/context.js';
import { importRate, makeWork } from './block-rate.js';
import { type BenchSuite, median } from './suite.js';
import { CHAIN, makePort } from './sync-port.js';

const MIB = 1024 * 1024;
const BLOB_BYTES = 16 * MIB;

export const suite: BenchSuite = {
  name: 'sync',
  cases: [
    // 50 MB a second.
    { name: 'a blob of 16 MiB', unit: 'ms', goal: { valueAtMost: BLOB_BYTES / 50_000 }, run: blobTime },
    {
      name: 'joining a chain of 10,000 blocks, next to applying them from a disk',
      unit: 'blocks/s',
      goal: { ratioAtLeast: 0.5 },
      run: () => joinRate(10_000),
    },
  ],
};

interface Peer {
  readonly address: string;
  readonly blob: { readonly hash: string; readonly sizeBytes: number } | null;
}

async function withPeer<T>(data: object, work: (peer: Peer) => Promise<T>): Promise<T> {
  const worker = new Worker(new URL('./sync-peer.js', import.meta.url), { workerData: data });
  try {
    return await work(
      await new Promise<Peer>((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      }),
    );
  } finally {
    await worker.terminate();
  }
}

function blobTime(): Promise<{ value: number; baseline: null }> {
  return withPeer({ file: null, genesis: '', blobBytes: BLOB_BYTES }, async ({ address, blob }) => {
    if (blob === null) throw new Error('the peer has no blob');
    const [port, ctx, store] = [makePort(), new TestContext('gossip'), new MemoryBlobStore()];
    const fetcher = new BlobFetcher({ ctx, port, wire: new Wire(port, CHAIN), chainId: CHAIN, store });
    const times: number[] = [];
    try {
      await port.start();
      await port.dial(address);
      for (let run = 0; run < 5; run += 1) {
        const started = performance.now();
        if (!(await fetcher.fetch(blob, 'digits', Date.now() + 60_000))) throw new Error('the blob did not come');
        times.push(performance.now() - started);
        await store.remove(blob.hash);
      }
    } finally {
      ctx.dispose();
      await port.stop();
    }
    return { value: median(times), baseline: null };
  });
}

/** Both onto a disk, with the same signatures, proofs and rules to check. */
async function joinRate(count: number): Promise<{ value: number; baseline: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'doin-bench-'));
  const work = makeWork(2, count);
  const genesis = genesisHash(work.genesis);
  const pool = new VerifyPool();
  try {
    const file = join(folder, 'peer.db');
    const theirs = await SqliteBlockStore.open(file, genesis);
    const baseline = await importRate(work, pool, theirs);
    await theirs.close();
    const store = await SqliteBlockStore.open(join(folder, 'own.db'), genesis);
    const verifier = new RememberingVerifier();
    const blockchain = await Blockchain.open(work.genesis, store, verifier);
    const intake = new Intake(
      { chain: blockchain, mempool: new Mempool(), verifier, pool, now: () => Number.MAX_SAFE_INTEGER / 2 },
      { offenceSeen: () => undefined, pooled: () => undefined, headMoved: () => undefined },
    );
    const serving = new Serving(store, genesis);
    const height = () => blockchain.head.state.require(GLOBALS).height;
    const tip = (at: number) => {
      return { chainId: CHAIN, genesisHash: genesis, ...blockchain.weight(), height: at, bodiesFrom: 1 };
    };
    const ctx = new TestContext('gossip')
      .answer(chain.getTip, () => tip(height()))
      .answer(chain.getLocator, async () => ({ hashes: await serving.locator(height()) }))
      .answer(chain.getMissing, async ({ hashes }) => {
        const known = await store.known(hashes);
        return { missing: hashes.filter((hash) => !known.has(hash)) };
      })
      .answer(chain.receiveBlocks, async ({ blocks }) => ({ verdicts: await intake.receiveBlocks(blocks) }));
    const value = await withPeer({ file, genesis, blobBytes: 0 }, async ({ address }) => {
      const port = makePort();
      const wire = new Wire(port, CHAIN);
      const status = new StatusExchange({
        ctx,
        port,
        wire,
        chainId: CHAIN,
        genesisHash: genesis,
        onAhead: () => undefined,
      });
      status.tip = () => tip(work.blocks.length);
      const synchroniser = new Synchroniser({ ctx, port, wire, status });
      await port.start();
      const peerId = await port.dial(address);
      const started = performance.now();
      synchroniser.request(peerId);
      await eventually(() => height() === work.blocks.length, 'the chain', 600_000);
      const rate = (1_000 * work.blocks.length) / (performance.now() - started);
      await port.stop();
      return rate;
    });
    ctx.dispose();
    await store.close();
    return { value, baseline };
  } finally {
    await pool.close();
    await rm(folder, { recursive: true });
  }
}
