/** A thread with a peer on real libp2p that has a blob, and the chain whose file it is told of. */
import '../../runtime/polyfill.js';
import { randomBytes } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { Serving } from '../../actors/chain/serving.js';
import { SqliteBlockStore } from '../../actors/chain/store.js';
import { BlobFetcher } from '../../actors/gossip/blobs.js';
import { WIRE, Wire } from '../../actors/gossip/wire.js';
import { MemoryBlobStore } from '../../runtime/storage/blob-store.js';
import { TestContext } from '../kit/context.js';
import { CHAIN, makePort } from './sync-port.js';

const { file, genesis, blobBytes } = workerData as { file: string | null; genesis: string; blobBytes: number };
const ctx = new TestContext('gossip');
const port = makePort();
const wire = new Wire(port, CHAIN);
const store = new MemoryBlobStore();
new BlobFetcher({ ctx, port, wire, chainId: CHAIN, store });
if (file !== null) {
  const blocks = await SqliteBlockStore.open(file, genesis);
  const serving = new Serving(blocks, genesis);
  wire.serve(WIRE.headers, ({ locator, limit }) => serving.headersAfter(locator, limit));
  wire.serve(WIRE.blocks, ({ hashes }) => serving.blocks(hashes));
}
await port.start();
const blob = blobBytes > 0 ? await store.put(randomBytes(blobBytes)) : null;
parentPort?.postMessage({ address: port.addresses()[0], blob });
