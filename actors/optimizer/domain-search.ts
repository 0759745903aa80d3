/**
 * The search on one domain: keeps the pool supplied with candidates, submits what beats the chain's best, and takes
 * in the network's champions. Everything that must survive a restart goes through `save`.
 */

import type { Measurement, PoolResult } from '../../gpu-workers/types.js';
import { fromHex } from '../../runtime/codec/bytes.js';
import { errorMessage, isDoinError } from '../../runtime/errors.js';
import { fromNano } from '../../runtime/fixed/nano.js';
import type { BlobStore } from '../../runtime/storage/blob-store.js';
import type { ActorContext } from '../../runtime/system/actor.js';
import { pause } from '../../runtime/system/pause.js';
import { inStoryOf } from '../../runtime/trace/story-id.js';
import type { DomainView, OpenOptimum } from '../chain/messages.js';
import { isBetter } from '../chain/transactions/reveal.js';
import type { ChainRecord, Hash, NodeId } from '../chain/types.js';
import { gossip } from '../gossip/messages.js';
import { taskQueue } from '../task-queue/messages.js';
import {
  beats,
  claimOf,
  type DomainSettings,
  describeExperiment,
  type ExperimentState,
  newExperiment,
  roundOf,
  withRound,
} from './experiment.js';
import { type DomainProgress, optimizer } from './messages.js';
import { createStrategy } from './strategies/create.js';
import type { Candidate, Strategy } from './strategies/strategy.js';
import { type PendingSubmission, Submission, type SubmissionDraft, type SubmissionOptions } from './submission.js';

/** What of a domain's search is on disk. */
export interface SavedSearch {
  readonly experiment: ExperimentState;
  readonly strategy: unknown;
  readonly pending: PendingSubmission | null;
}

export interface SearchEnvironment {
  readonly nodeId: NodeId;
  readonly chainId: string;
  /** Candidates kept in the pool at a time. */
  readonly parallel: number;
  readonly blobs: BlobStore;
  /** Stores this search; resolves when it is on disk. */
  save(): Promise<void>;
  /** Stores it within a few seconds; what a crash loses of it are some rounds. */
  saveSoon(): void;
  chainHeight(): number;
  peers(): number;
}

type Champion = Pick<Extract<ChainRecord, { type: 'OPTIMAE_ACCEPTED' }>, 'optimum' | 'optimizer' | 'genome' | 'blob'>;

/** A result is submitted when it beats the best by this many of its standard errors: less is most likely luck. */
const SUBMIT_STANDARD_ERRORS = 1;

export class DomainSearch {
  readonly #ctx: ActorContext;
  readonly #settings: DomainSettings;
  readonly #environment: SearchEnvironment;
  readonly #submissionOptions: SubmissionOptions;
  #experiment: ExperimentState;
  #strategy: Strategy;
  #submission: Submission | null = null;
  #bestNano: number;
  #championOf: Hash | null = null;
  #benchmark: number | null = null;
  #beside: Readonly<Record<string, number>> = {};
  readonly #running = new Set<string>();
  #state: 'searching' | 'paused' | 'converged' = 'searching';
  #tasks = 0;

  constructor(
    ctx: ActorContext,
    settings: DomainSettings,
    environment: SearchEnvironment,
    view: DomainView,
    saved: SavedSearch | null,
  ) {
    this.#ctx = ctx;
    this.#settings = settings;
    this.#environment = environment;
    const { earlyPatience, maxEpochs, spec } = settings;
    this.#submissionOptions = {
      nodeId: environment.nodeId,
      chainId: environment.chainId,
      spec,
      budget: { earlyPatience, maxEpochs },
    };
    this.#bestNano = view.bestNano;
    this.#experiment = saved?.experiment ?? newExperiment((length) => ctx.randomBytes(length), ctx.now());
    this.#strategy = this.#createStrategy(saved?.strategy);
    if (saved?.pending) this.#submission = this.#submissionFor(saved.pending);
  }

  get domainId(): string {
    return this.#settings.spec.domainId;
  }

  saved(): SavedSearch {
    return {
      experiment: this.#experiment,
      strategy: this.#strategy.toJSON(),
      pending: this.#submission?.pending ?? null,
    };
  }

  progress(): DomainProgress {
    return {
      domainId: this.domainId,
      rounds: this.#experiment.rounds,
      bestPerformance: this.#experiment.bestPerformance,
      benchmarkPerformance: this.#benchmark,
      benchmarkBeside: this.#beside,
      running: this.#running.size,
      state: this.#submission !== null ? 'confirming' : this.#state,
    };
  }

  /** Announces the experiment, picks up a submission that a restart interrupted, and starts searching. */
  async begin(view: DomainView, open: readonly OpenOptimum[]): Promise<void> {
    this.#ctx.emit(optimizer.experimentStarted, describeExperiment(this.#experiment, this.#settings));
    await this.#environment.save();
    const pending = this.#submission?.pending;
    if (pending !== undefined) {
      const onChain = open.find((optimum) => optimum.optimum === pending.optimum);
      if (onChain === undefined || onChain.phase === 'window') this.#submission = null;
      else if (onChain.phase === 'committed') this.#confirm(onChain.trainingSeed);
    }
    if (view.champion !== null) {
      this.#strategy.inject(view.champion.genome, fromNano(view.bestNano));
      this.#measureChampion(view.champion.optimum, view.champion);
    }
    this.#stopAtTarget();
    this.supply();
  }

  pause(): void {
    if (this.#state === 'searching') this.#state = 'paused';
    for (const taskId of this.#running) this.#ctx.tell(taskQueue.cancel, { taskId });
  }

  resume(): void {
    if (this.#state === 'paused') this.#state = 'searching';
    this.supply();
  }

  /** What a block said about this domain. */
  apply(record: ChainRecord): void {
    if (!('domain' in record && 'optimum' in record) || record.domain !== this.domainId) return;
    const own = record.type !== 'TASK_CREATED' && record.type !== 'TASK_COMPLETED' && this.#isOwn(record.optimum);
    switch (record.type) {
      case 'SEEDED':
        if (own) this.#confirm(record.trainingSeed);
        return;
      // Used before it is settled, and the next one is submitted meanwhile: windows overlap.
      case 'PROVISIONAL':
        if (record.verifiedNano !== null) this.#championChanged(record, record.verifiedNano);
        if (own) this.#endSubmission();
        return;
      case 'OPTIMAE_ACCEPTED':
        this.#championChanged(record, record.verifiedNano);
        this.#stopAtTarget();
        if (own) this.#endSubmission();
        return;
      case 'OPTIMAE_REJECTED':
      case 'COMMIT_EXPIRED':
        if (own) this.#endSubmission();
        return;
      default:
        return;
    }
  }

  /**
   * Compares with the chain: after a branch switch the best may be another one, and now and then anyway, because a
   * step whose transaction got lost would otherwise be waited for for ever.
   */
  reconcile(view: DomainView, open: readonly OpenOptimum[]): void {
    this.#bestNano = bestOf(view, open);
    const submission = this.#submission;
    if (!submission?.stalled) return;
    const onChain = open.find((optimum) => optimum.optimum === submission.pending.optimum);
    if (onChain === undefined || onChain.phase === 'window') this.#endSubmission();
    else if (onChain.phase === 'committed') this.#confirm(onChain.trainingSeed);
  }

  /** Keeps the pool in candidates. */
  supply(): void {
    while (this.#state === 'searching' && this.#running.size < this.#environment.parallel) {
      let candidate: Candidate;
      try {
        candidate = this.#strategy.ask();
      } catch (error) {
        if (!isDoinError(error, 'space-exhausted')) throw error;
        this.#converge('patience');
        return;
      }
      void this.#try(candidate);
    }
  }

  async #try(candidate: Candidate): Promise<void> {
    this.#tasks += 1;
    const taskId = `search:${this.domainId}:${this.#experiment.experimentId}:${this.#tasks}`;
    const { experimentId } = this.#experiment;
    const draft = Submission.draft(this.#ctx, this.#submissionOptions, candidate.genome);
    this.#running.add(taskId);
    const startedAtMs = this.#ctx.now();
    try {
      const task = {
        kind: 'train',
        domainId: this.domainId,
        genome: candidate.genome,
        seed: this.#ctx.randomBytes(32),
        dataSeed: this.#ctx.randomBytes(32),
        budget: this.#submissionOptions.budget,
      } as const;
      const result = await this.#ctx.ask(taskQueue.run, { taskId, priority: 'search', task }, inStoryOf(draft.optimum));
      if (experimentId === this.#experiment.experimentId) await this.#measured(candidate, draft, result, startedAtMs);
    } catch (error) {
      if (experimentId === this.#experiment.experimentId) this.#strategy.tell(candidate.id, null);
      const cancelled = isDoinError(error, 'task-cancelled') || this.#ctx.signal.aborted;
      if (!cancelled) {
        this.#ctx.log.warn('candidate failed', { domain: this.domainId, reason: errorMessage(error) });
        await pause(this.#ctx, FAILURE_PAUSE_MS);
      }
    } finally {
      this.#running.delete(taskId);
    }
    if (!this.#ctx.signal.aborted) this.supply();
  }

  async #measured(
    candidate: Candidate,
    draft: SubmissionDraft,
    result: PoolResult,
    startedAtMs: number,
  ): Promise<void> {
    const { direction } = this.#settings.spec;
    const { performance } = result.measurement;
    const isImprovement = beats(performance, this.#experiment.bestPerformance, direction);
    this.#strategy.tell(candidate.id, performance);
    this.#experiment = withRound(this.#experiment, direction, candidate.genome, performance);
    this.#ctx.emit(
      optimizer.roundFinished,
      roundOf(this.#experiment, this.#settings, this.#strategy, {
        candidate,
        measurement: result.measurement,
        epochs: result.epochs ?? 0,
        startedAtMs,
        finishedAtMs: this.#ctx.now(),
        isImprovement,
        chainHeight: this.#environment.chainHeight(),
        peers: this.#environment.peers(),
      }),
      inStoryOf(draft.optimum),
    );
    await this.#submitIfBetter(candidate, draft, result.measurement);
    if (this.#strategy.statistics().noImproveGenerations >= this.#settings.optimizationPatience) this.#startOver();
    this.#environment.saveSoon();
  }

  async #submitIfBetter(candidate: Candidate, draft: SubmissionDraft, measurement: Measurement): Promise<void> {
    const { direction } = this.#settings.spec;
    const margin = SUBMIT_STANDARD_ERRORS * measurement.standardError;
    const cautious = direction === 'maximize' ? measurement.performance - margin : measurement.performance + margin;
    if (
      this.#submission !== null ||
      this.#state !== 'searching' ||
      !beats(cautious, fromNano(this.#bestNano), direction)
    )
      return;
    this.#submission = this.#submissionFor({
      ...draft,
      genome: candidate.genome,
      performance: measurement.performance,
      experiment: claimOf(this.#experiment, this.#settings, this.#ctx.now()),
    });
    await this.#environment.save();
    try {
      await this.#submission.commit();
    } catch (error) {
      this.#ctx.log.warn('commit refused', { domain: this.domainId, reason: errorMessage(error) });
      this.#endSubmission();
    }
  }

  /** Null while the seed is not drawn yet: its record follows. */
  #confirm(trainingSeed: Hash | null): void {
    const submission = this.#submission;
    if (trainingSeed === null || submission === null || submission.confirming) return;
    submission
      .confirmAndReveal(trainingSeed, () => this.#bestNano)
      .then((revealed) => {
        if (!revealed) {
          this.#ctx.log.info('confirmation run was no improvement', {
            domain: this.domainId,
            optimum: submission.pending.optimum,
          });
          this.#endSubmission();
        }
      })
      .catch((error: unknown) => {
        if (this.#ctx.signal.aborted) return;
        const kept = isDoinError(error) && KEPT_AFTER.has(error.code);
        this.#ctx.log.warn('reveal failed', { domain: this.domainId, kept, reason: errorMessage(error) });
        if (!kept) this.#endSubmission();
      });
  }

  #championChanged(champion: Champion, verifiedNano: number): void {
    const { optimum } = champion;
    if (isBetter(verifiedNano, this.#bestNano, this.#settings.spec.direction)) this.#bestNano = verifiedNano;
    if (this.#championOf === optimum) return;
    const performance = fromNano(verifiedNano);
    if (champion.optimizer !== this.#environment.nodeId) {
      this.#strategy.inject(champion.genome, performance);
      this.#ctx.emit(optimizer.championAdopted, { domainId: this.domainId, optimum, performance }, inStoryOf(optimum));
    }
    this.#measureChampion(optimum, champion);
  }

  /** How good is the champion on real data? Runs in the background; nothing depends on it. */
  #measureChampion(optimum: Hash, champion: Pick<Champion, 'genome' | 'blob'>): void {
    this.#championOf = optimum;
    this.#benchmarkOf(optimum, champion).catch((error: unknown) => {
      if (!this.#ctx.signal.aborted) {
        this.#ctx.log.debug('champion not benchmarked', { optimum, reason: errorMessage(error) });
      }
    });
  }

  async #benchmarkOf(optimum: Hash, { genome, blob }: Pick<Champion, 'genome' | 'blob'>): Promise<void> {
    const { blobs } = this.#environment;
    if (blob !== null && !(await blobs.has(blob.hash))) {
      await this.#ctx.ask(gossip.fetchBlob, { blob, domain: this.domainId }, inStoryOf(optimum));
    }
    const weights = blob === null ? new Uint8Array() : await blobs.get(blob.hash);
    if (weights === null) return;
    const story = inStoryOf(optimum);
    const task = { kind: 'benchmark', domainId: this.domainId, genome, weights } as const;
    const request = { taskId: `benchmark:${optimum}`, priority: 'benchmark', task } as const;
    const result = await this.#ctx.ask(taskQueue.run, request, story);
    if (this.#championOf !== optimum) return;
    const { performance } = result.measurement;
    const { beside = {} } = result;
    this.#benchmark = performance;
    this.#beside = beside;
    this.#ctx.emit(optimizer.benchmarked, { domainId: this.domainId, optimum, performance, beside }, story);
  }

  #stopAtTarget(): void {
    const { targetPerformance, spec } = this.#settings;
    if (targetPerformance === null || beats(targetPerformance, fromNano(this.#bestNano), spec.direction)) return;
    this.#converge('target-performance');
  }

  #converge(reason: 'target-performance' | 'patience'): void {
    if (this.#state === 'converged') return;
    this.#state = 'converged';
    for (const taskId of this.#running) this.#ctx.tell(taskQueue.cancel, { taskId });
    this.#ctx.emit(optimizer.converged, {
      domainId: this.domainId,
      experimentId: this.#experiment.experimentId,
      reason,
    });
  }

  /** L2 patience ran out: this experiment is over; a fresh population may find what this one could not. */
  #startOver(): void {
    const { experimentId } = this.#experiment;
    this.#ctx.emit(optimizer.converged, { domainId: this.domainId, experimentId, reason: 'patience' });
    this.#experiment = newExperiment((length) => this.#ctx.randomBytes(length), this.#ctx.now());
    this.#strategy = this.#createStrategy(undefined);
    this.#ctx.emit(optimizer.experimentStarted, describeExperiment(this.#experiment, this.#settings));
  }

  #createStrategy(saved: unknown): Strategy {
    const { spec, optimizer: name, populationSize } = this.#settings;
    const options = {
      space: spec.space,
      direction: spec.direction,
      seed: fromHex(this.#experiment.seed),
      populationSize,
    };
    if (saved === undefined) return createStrategy(name, options);
    try {
      return createStrategy(name, options, saved);
    } catch (error) {
      if (!isDoinError(error, 'bad-strategy-state')) throw error;
      // The config names another strategy now, or the space changed: the old population has no meaning.
      this.#ctx.log.info('search starts afresh', { domain: this.domainId, reason: errorMessage(error) });
      return createStrategy(name, options);
    }
  }

  #submissionFor(pending: PendingSubmission): Submission {
    return new Submission(this.#ctx, this.#submissionOptions, this.#environment.blobs, pending);
  }

  #isOwn(optimum: Hash): boolean {
    return this.#submission?.pending.optimum === optimum;
  }

  #endSubmission(): void {
    this.#submission = null;
    this.#environment.saveSoon();
  }
}

/** What has to be beaten: the best on the chain, or what is about to be. */
function bestOf({ domainId, direction, bestNano }: DomainView, open: readonly OpenOptimum[]): number {
  return open.reduce((best, { domain, provisionalNano }) => {
    const counts = domain === domainId && provisionalNano !== null && isBetter(provisionalNano, best, direction);
    return counts ? provisionalNano : best;
  }, bestNano);
}

/** A pool that fails at once must not be asked in a tight loop. */
const FAILURE_PAUSE_MS = 1_000;

/**
 * Failures of a reveal after which the submission lives on: it is on the chain already (a branch switch showed the
 * commitment once more), or an actor it needed restarted; `reconcile` then finds the step to repeat.
 */
const KEPT_AFTER: ReadonlySet<string> = new Set(['already-revealed', 'actor-crashed', 'ask-timeout']);
