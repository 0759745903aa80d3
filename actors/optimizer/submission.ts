/**
 * The way of one result onto the chain: commit, wait for the seed the block fixes, one confirmation run with exactly
 * that seed, reveal. The secret (genome and salt) is on disk before the commitment leaves the node, so a crash at any
 * point only repeats a step.
 */

import type { DomainSpec, TrainingBudget } from '../../gpu-workers/types.js';
import { fromHex, toHex } from '../../runtime/codec/bytes.js';
import { hashBytes } from '../../runtime/crypto/hash.js';
import { toNano } from '../../runtime/fixed/nano.js';
import type { Genome } from '../../runtime/genome/space.js';
import type { BlobStore } from '../../runtime/storage/blob-store.js';
import type { ActorContext } from '../../runtime/system/actor.js';
import { inStoryOf } from '../../runtime/trace/story-id.js';
import { chain } from '../chain/messages.js';
import { solveStamp } from '../chain/stamp-search.js';
import { commitmentOf, optimumIdOf } from '../chain/transactions/commit.js';
import { isBetter } from '../chain/transactions/reveal.js';
import type { ExperimentClaim, Hash, NodeId } from '../chain/types.js';
import { taskQueue } from '../task-queue/messages.js';
import { optimizer } from './messages.js';

/** What must survive a restart. */
export interface PendingSubmission {
  readonly optimum: Hash;
  readonly genome: Genome;
  readonly salt: Hash;
  /** What the search measured; the claim will be what the confirmation run gives. */
  readonly performance: number;
  readonly experiment: ExperimentClaim;
}

export type SubmissionDraft = Pick<PendingSubmission, 'optimum' | 'salt'>;

export interface SubmissionOptions {
  readonly nodeId: NodeId;
  readonly chainId: string;
  readonly spec: DomainSpec;
  readonly budget: TrainingBudget;
}

const STALLED_AFTER_MS = 60_000;

export class Submission {
  readonly pending: PendingSubmission;
  readonly #ctx: ActorContext;
  readonly #options: SubmissionOptions;
  readonly #blobs: BlobStore;
  #confirming = false;
  #lastStepMs: number;

  constructor(ctx: ActorContext, options: SubmissionOptions, blobs: BlobStore, pending: PendingSubmission) {
    this.#ctx = ctx;
    this.#options = options;
    this.#blobs = blobs;
    this.pending = pending;
    this.#lastStepMs = ctx.now();
  }

  /**
   * The id that a genome would have as an optimum. Taken before its first training, so that one story leads from there
   * to its block.
   */
  static draft(ctx: ActorContext, options: SubmissionOptions, genome: Genome): SubmissionDraft {
    const salt = toHex(ctx.randomBytes(32));
    return { optimum: optimumIdOf(commitmentFor(options, genome, salt), options.nodeId), salt };
  }

  get confirming(): boolean {
    return this.#confirming;
  }

  /** The last step was sent so long ago that the chain must have lost it. */
  get stalled(): boolean {
    return !this.#confirming && this.#ctx.now() - this.#lastStepMs > STALLED_AFTER_MS;
  }

  /** Call only after `pending` is stored. */
  async commit(): Promise<void> {
    const { optimum, performance } = this.pending;
    const { domainId } = this.#options.spec;
    const story = inStoryOf(optimum);
    const stamp = await this.#stamp();
    this.#lastStepMs = this.#ctx.now();
    const body = { type: 'commit', optimum, commitment: this.#commitment(), domain: domainId, stamp } as const;
    await this.#ctx.ask(chain.submit, { body }, story);
    this.#ctx.emit(optimizer.committed, { domainId, optimum, performance }, story);
  }

  /** Null where there are coins for the stake, with some room for a rising price; else the solved puzzle. */
  async #stamp(): Promise<number | null> {
    const { self, stakeUnits, stampBits } = await this.#ctx.ask(chain.getStatus, {});
    if (self.balanceUnits >= 2 * stakeUnits) return null;
    return solveStamp(this.#ctx, { about: this.#commitment(), sender: this.#options.nodeId }, stampBits);
  }

  #commitment(): Hash {
    const { genome, salt } = this.pending;
    return commitmentFor(this.#options, genome, salt);
  }

  /**
   * Trains once more with the seed that did not exist before the commitment, and reveals what came out. Returns false
   * when that is no improvement any more: then there is nothing honest to claim, and the commitment is left to expire.
   */
  async confirmAndReveal(trainingSeed: Hash, bestNano: () => number): Promise<boolean> {
    if (this.#confirming) return true;
    this.#confirming = true;
    try {
      const { domainId, direction } = this.#options.spec;
      const { optimum, genome, salt, experiment } = this.pending;
      const story = inStoryOf(optimum);
      const seed = fromHex(trainingSeed);
      const dataSeed = hashBytes('doin/report-seed', [seed]);
      const result = await this.#ctx.ask(
        taskQueue.run,
        {
          taskId: `confirm:${optimum}`,
          priority: 'confirm',
          task: { kind: 'train', domainId, genome, seed, dataSeed, budget: this.#options.budget },
        },
        story,
      );
      const reportedNano = toNano(result.measurement.performance);
      if (reportedNano === null || !isBetter(reportedNano, bestNano(), direction)) return false;
      const weights = result.weights ?? new Uint8Array();
      const blob = weights.length === 0 ? null : await this.#blobs.put(weights);
      await this.#ctx.ask(
        chain.submit,
        { body: { type: 'reveal', optimum, genome, salt, blob, reportedNano, experiment } },
        story,
      );
      this.#ctx.emit(optimizer.revealed, { domainId, optimum, performance: result.measurement.performance }, story);
      return true;
    } finally {
      this.#confirming = false;
      this.#lastStepMs = this.#ctx.now();
    }
  }
}

function commitmentFor({ chainId, nodeId, spec }: SubmissionOptions, genome: Genome, salt: Hash): Hash {
  return commitmentOf({ chainId, domain: spec.domainId, optimizer: nodeId, genome, salt });
}
