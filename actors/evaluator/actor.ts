/**
 * The evaluator actor runs models. For a seat it measures one: it never learns what the optimizer claimed, gets genome,
 * weights and the seat's own data seed, and has the pool do the work. For customers it answers with champions.
 */
import { fromHex } from '../../runtime/codec/bytes.js';
import { keyPairFromSeed } from '../../runtime/crypto/ed25519.js';
import { DoinError, isDoinError } from '../../runtime/errors.js';
import type { BlobStore } from '../../runtime/storage/blob-store.js';
import { FileBlobStore } from '../../runtime/storage/blob-store.js';
import { JsonStateFile, type StateFile } from '../../runtime/storage/state-file.js';
import { type ActorContext, defineActor } from '../../runtime/system/actor.js';
import { type BlockApplied, chain } from '../chain/messages.js';
import { unlessChainRestarts } from '../chain/restarts.js';
import type { BlobReference } from '../chain/types.js';
import { gossip } from '../gossip/messages.js';
import { taskQueue } from '../task-queue/messages.js';
import { evaluator } from './messages.js';
import { ChannelPurse } from './paying.js';
import { Payments } from './payments.js';
import { InferenceServer, type ServingOptions } from './serving.js';

export interface EvaluatorOptions {
  readonly blobFolder: string;
  readonly chainId: string;
  /** 32-byte Ed25519 seed of this node: it signs answers and receipts. */
  readonly secretSeed: Uint8Array;
  /** What customers paid by channels (payments.ts), and what this node signed away (paying.ts). */
  readonly receiptsFile: string;
  readonly owedFile: string;
  readonly inference: Omit<ServingOptions, 'chainId' | 'keyPair'>;
}

export interface EvaluatorModules {
  createBlobStore(folder: string): BlobStore;
  openState(file: string): StateFile;
}

/** The chain replays its store meanwhile. */
const STARTUP_TIMEOUT_MS = 600_000;
/** How often receipts are looked through for those that should be cashed in; a dispute window is a hundred blocks. */
const COLLECT_MS = 10_000;

export function createEvaluatorActor(modules: EvaluatorModules) {
  return defineActor({
    role: 'evaluator',
    protocol: evaluator,
    listensTo: [chain.blockApplied, chain.blocksReverted],
    async start(ctx: ActorContext, options: EvaluatorOptions) {
      const { chainId, inference } = options;
      const blobs = modules.createBlobStore(options.blobFolder);
      const keyPair = keyPairFromSeed(options.secretSeed);
      const payments = new Payments(ctx, keyPair.publicKey, modules.openState(options.receiptsFile));
      await payments.load(STARTUP_TIMEOUT_MS);
      const purse = new ChannelPurse(ctx, { chainId, keyPair, file: modules.openState(options.owedFile) });
      await purse.load();
      const server = new InferenceServer(
        { ...inference, chainId, keyPair },
        { ctx, payments, weightsOf: (domain, blob) => weightsOf(ctx, blobs, domain, blob) },
      );
      ctx.every(COLLECT_MS, () => payments.collect(inference.priceUnits).catch(unlessChainRestarts(ctx)));
      const statistics = { measured: 0, failed: 0, secondsTotal: 0 };
      return {
        handlers: {
          measure: async ({ optimum, seat, domain, genome, blob, dataSeed }) => {
            try {
              const weights = await weightsOf(ctx, blobs, domain, blob);
              const result = await ctx.ask(taskQueue.run, {
                // After a branch switch the same seat may come back with another seed while the old run still goes on.
                taskId: `${optimum}:${seat}:${dataSeed}`,
                priority: 'vote',
                task: { kind: 'evaluate', domainId: domain, genome, weights, dataSeed: fromHex(dataSeed) },
              });
              const { performance, standardError } = result.measurement;
              if (result.evidence === undefined) {
                throw new DoinError({ code: 'no-evidence', domain }, `the pool measured ${domain} without evidence`);
              }
              statistics.measured += 1;
              statistics.secondsTotal += result.seconds;
              ctx.emit(evaluator.measured, {
                optimum,
                seat,
                domain,
                performance,
                standardError,
                seconds: result.seconds,
              });
              return { ...result.measurement, ...result.evidence };
            } catch (error) {
              statistics.failed += 1;
              throw error;
            }
          },
          answer: ({ from, request }) => server.answer(from, request),
          payByChannel: ({ channel, addUnits }) => purse.pay(channel, addUnits),
          getOwed: ({ channel }) => ({ owedUnits: purse.owedUnits(channel) }),
          getStatistics: () => ({ ...statistics }),
        },
        events: {
          'chain.blockApplied': (block: BlockApplied) => payments.apply(block),
          'chain.blocksReverted': ({ hashes }) => payments.revert(hashes),
        },
        inspect: () => ({ ...statistics }),
      };
    },
  });
}

/** A seat's deadline runs meanwhile. */
const FETCH_MS = 10_000;

/** From this node's store, else from peers. Their hash is checked on the way in, so what is here is what was revealed. */
async function weightsOf(
  ctx: ActorContext,
  blobs: BlobStore,
  domain: string,
  blob: BlobReference | null,
): Promise<Uint8Array> {
  if (blob === null) return new Uint8Array();
  const own = await blobs.get(blob.hash);
  if (own !== null) return own;
  await ctx.ask(gossip.fetchBlob, { blob, domain }, { timeoutMs: FETCH_MS }).catch((error: unknown) => {
    if (!isDoinError(error, 'ask-timeout')) throw error;
  });
  const fetched = await blobs.get(blob.hash);
  if (fetched === null) {
    throw new DoinError({ code: 'blob-unavailable', hash: blob.hash }, `no peer has the weights ${blob.hash}`);
  }
  return fetched;
}

export const evaluatorActor = createEvaluatorActor({
  createBlobStore: (folder) => new FileBlobStore(folder),
  openState: (file) => new JsonStateFile(file),
});
