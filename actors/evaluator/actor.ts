/**
 * The evaluator actor: measures one seat of one optimum. It never learns what the optimizer claimed; it gets genome,
 * weights and the seat's own data seed, and has the pool do the work.
 */
import { fromHex } from '../../runtime/codec/bytes.js';
import { DoinError, isDoinError } from '../../runtime/errors.js';
import type { BlobStore } from '../../runtime/storage/blob-store.js';
import { FileBlobStore } from '../../runtime/storage/blob-store.js';
import { type ActorContext, defineActor } from '../../runtime/system/actor.js';
import type { BlobReference } from '../chain/types.js';
import { gossip } from '../gossip/messages.js';
import { taskQueue } from '../task-queue/messages.js';
import { evaluator } from './messages.js';

export interface EvaluatorOptions {
  readonly blobFolder: string;
}

export interface EvaluatorModules {
  createBlobStore(folder: string): BlobStore;
}

export function createEvaluatorActor(modules: EvaluatorModules) {
  return defineActor({
    role: 'evaluator',
    protocol: evaluator,
    listensTo: [],
    start(ctx: ActorContext, options: EvaluatorOptions) {
      const blobs = modules.createBlobStore(options.blobFolder);
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
          getStatistics: () => ({ ...statistics }),
        },
        events: {},
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

export const evaluatorActor = createEvaluatorActor({ createBlobStore: (folder) => new FileBlobStore(folder) });
