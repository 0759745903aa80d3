/**
 * The quorum actor: watches the chain for seats given to this node, has the evaluator measure them, and votes. What
 * seats are and who gets them, the state decides; here is only this node's part.
 */

import type { Evidence, Measurement } from '../../gpu-workers/types.js';
import { DoinError, errorMessage } from '../../runtime/errors.js';
import { toNano } from '../../runtime/fixed/nano.js';
import { type ActorContext, defineActor } from '../../runtime/system/actor.js';
import { inStoryOf } from '../../runtime/trace/story-id.js';
import { type BlockApplied, chain, type OpenOptimum } from '../chain/messages.js';
import { unlessChainRestarts } from '../chain/restarts.js';
import type { Hash, NodeId, SeatMeasurement, TransactionBody } from '../chain/types.js';
import { evaluator } from '../evaluator/messages.js';
import { QuorumBook } from './book.js';
import { type QuorumView, quorum } from './messages.js';
import { traceDigestOf } from './rules.js';

export interface QuorumOptions {
  readonly nodeId: NodeId;
  /** Domains this node measures; seats in others are left to their deadline. */
  readonly evaluates: readonly string[];
}

/** Seats are looked up again at this pace too, so that one that failed for lack of weights is tried until it closes. */
const RETRY_MS = 2_000;
const ATTEMPTS = 20;
/**
 * Searches for weights that nobody serves before the seat says so. Two of the evaluator's fetches (10 s each) end well
 * inside the deadline of a seat; staying silent would cost this node what the optimizer withholds.
 */
const BLOB_ATTEMPTS = 2;
/** Longer than a vote takes to its block when nothing goes wrong. */
const RESEND_MS = 10_000;
/** The first ask waits for a chain that replays its store. */
const STARTUP_TIMEOUT_MS = 600_000;
/** How often the chain's list of this node's domains is compared with the config; long enough for a block to come. */
const REGISTER_MS = 15_000;

export const quorumActor = defineActor({
  role: 'quorum',
  protocol: quorum,
  listensTo: [chain.blockApplied, chain.blocksReverted],
  async start(ctx: ActorContext, options: QuorumOptions) {
    const worker = new SeatWorker(ctx, options);
    const book = new QuorumBook();
    const registrar = new Registrar(ctx, options.evaluates);
    await worker.catchUp(STARTUP_TIMEOUT_MS);
    ctx.every(RETRY_MS, () => worker.catchUp().catch(unlessChainRestarts(ctx)));
    ctx.every(REGISTER_MS, () => registrar.check().catch(unlessChainRestarts(ctx)));
    return {
      handlers: {
        getQuorums: ({ limit }): { quorums: readonly QuorumView[] } => ({ quorums: book.newest(limit) }),
      },
      events: {
        'chain.blockApplied': async (block: BlockApplied) => {
          book.apply(block.records);
          if (block.records.some((record) => record.type === 'TASK_CREATED')) await worker.catchUp();
        },
        // The seats of a branch that lost may be assigned differently on the new one: look again.
        'chain.blocksReverted': () => worker.catchUp(),
      },
      inspect: () => ({ working: worker.working }),
    };
  },
});

/** Keeps the chain's register of what this node evaluates equal to its config. */
class Registrar {
  readonly #ctx: ActorContext;
  readonly #wanted: readonly string[];

  constructor(ctx: ActorContext, evaluates: readonly string[]) {
    this.#ctx = ctx;
    this.#wanted = [...evaluates].sort();
  }

  async check(): Promise<void> {
    const { self } = await this.#ctx.ask(chain.getStatus, {});
    if (self.evaluates.join() === this.#wanted.join()) return;
    await this.#ctx
      .ask(chain.submit, { body: { type: 'register-evaluator', domains: this.#wanted } })
      .catch((error: unknown) => {
        this.#ctx.log.warn('registration refused', { reason: errorMessage(error) });
      });
  }
}

interface OwnSeat {
  readonly optimum: Hash;
  readonly domain: string;
  readonly seat: number;
  readonly dataSeed: Hash;
}

interface SentVote {
  readonly body: Extract<TransactionBody, { type: 'vote' }>;
  readonly sentAtMs: number;
}

class SeatWorker {
  readonly #ctx: ActorContext;
  readonly #options: QuorumOptions;
  /** Seats being measured or voted on, and how often they were tried. Keyed by data seed: unique per seat and branch. */
  readonly #busy = new Set<Hash>();
  readonly #attempts = new Map<Hash, number>();
  readonly #votes = new Map<Hash, SentVote>();

  constructor(ctx: ActorContext, options: QuorumOptions) {
    this.#ctx = ctx;
    this.#options = options;
  }

  get working(): number {
    return this.#busy.size;
  }

  /** The chain's state is the list of work: nothing is lost when this actor or the node restarts. */
  async catchUp(timeoutMs = RETRY_MS * 5): Promise<void> {
    const { optimae } = await this.#ctx.ask(chain.getOpenOptimae, {}, { timeoutMs });
    const open = new Set<Hash>();
    for (const optimum of optimae) {
      for (const seat of optimum.seats) {
        open.add(seat.dataSeed);
        const mine = seat.evaluator === this.#options.nodeId && seat.status === 'open';
        if (!mine || !this.#options.evaluates.includes(optimum.domain)) continue;
        const vote = this.#votes.get(seat.dataSeed);
        if (vote === undefined) this.#begin(optimum, seat.index, seat.dataSeed);
        else await this.#sendAgain(seat.dataSeed, vote);
      }
    }
    for (const seed of this.#attempts.keys()) if (!open.has(seed)) this.#attempts.delete(seed);
    for (const seed of this.#votes.keys()) if (!open.has(seed)) this.#votes.delete(seed);
  }

  #begin(optimum: OpenOptimum, seat: number, dataSeed: Hash): void {
    const attempts = this.#attempts.get(dataSeed) ?? 0;
    if (this.#busy.has(dataSeed) || attempts >= ATTEMPTS) return;
    this.#busy.add(dataSeed);
    this.#attempts.set(dataSeed, attempts + 1);
    const { optimum: id, domain } = optimum;
    this.#ctx.emit(quorum.seatTaken, { optimum: id, domain, seat }, inStoryOf(id));
    void this.#work(optimum, seat, dataSeed).finally(() => this.#busy.delete(dataSeed));
  }

  async #work(optimum: OpenOptimum, seat: number, dataSeed: Hash): Promise<void> {
    const { optimum: id, domain, genome, blob } = optimum;
    try {
      const measured = await this.#ctx.ask(
        evaluator.measure,
        { optimum: id, seat, domain, genome: genome ?? [], blob, dataSeed },
        inStoryOf(id),
      );
      await this.#vote({ optimum: id, domain, seat, dataSeed }, measured);
    } catch (error) {
      await this.#failed(optimum, seat, dataSeed, error);
    }
  }

  async #vote({ optimum, domain, seat, dataSeed }: OwnSeat, measured: (Measurement & Evidence) | null): Promise<void> {
    const measurement = measured === null ? null : seatMeasurementOf(this.#options.nodeId, measured);
    const body = { type: 'vote', optimum, seat, dataSeed, measurement } as const;
    const story = inStoryOf(optimum);
    this.#votes.set(dataSeed, { body, sentAtMs: this.#ctx.now() });
    await this.#ctx.ask(chain.submit, { body }, story);
    if (measurement === null) return;
    const { performanceNano, standardErrorNano } = measurement;
    this.#ctx.emit(quorum.voteCast, { optimum, domain, seat, performanceNano, standardErrorNano }, story);
  }

  /** A vote that the chain still does not show was lost on its way: the measurement holds, only the sending is repeated. */
  async #sendAgain(dataSeed: Hash, vote: SentVote): Promise<void> {
    if (this.#ctx.now() - vote.sentAtMs < RESEND_MS) return;
    this.#votes.set(dataSeed, { ...vote, sentAtMs: this.#ctx.now() });
    await this.#ctx.ask(chain.submit, { body: vote.body }).catch((error: unknown) => {
      this.#ctx.log.info('vote not sent again', { optimum: vote.body.optimum, reason: errorMessage(error) });
    });
  }

  /** Weights that cannot be measured get a vote that says so; anything else is tried again until the deadline. */
  async #failed(optimum: OpenOptimum, seat: number, dataSeed: Hash, error: unknown): Promise<void> {
    const code = error instanceof DoinError ? error.code : 'unknown';
    const { optimum: id, domain } = optimum;
    this.#ctx.emit(quorum.seatFailed, { optimum: id, domain, seat, code, reason: errorMessage(error) }, inStoryOf(id));
    this.#ctx.log.warn('seat not measured', { optimum: id, seat, code, reason: errorMessage(error) });
    const attempts = this.#attempts.get(dataSeed) ?? 0;
    const withheld = code === 'blob-unavailable' && attempts >= BLOB_ATTEMPTS;
    const hopeless = UNMEASURABLE.has(code) || withheld || attempts >= ATTEMPTS;
    if (!hopeless || this.#ctx.signal.aborted) return;
    await this.#vote({ optimum: id, domain, seat, dataSeed }, null).catch((refused: unknown) => {
      this.#ctx.log.warn('vote refused', { optimum: id, seat, reason: errorMessage(refused) });
    });
  }
}

/** What the evaluator's floats are on the chain; null when they do not fit. */
function seatMeasurementOf(evaluator: NodeId, measured: Measurement & Evidence): SeatMeasurement | null {
  const performanceNano = toNano(measured.performance);
  const standardErrorNano = toNano(measured.standardError);
  if (performanceNano === null || standardErrorNano === null) return null;
  const { dataHash, traceHash } = measured;
  return { performanceNano, standardErrorNano, dataHash, traceDigest: traceDigestOf(evaluator, traceHash) };
}

/** Failures that lie in the genome or the weights, not in this machine or the network. */
const UNMEASURABLE = new Set(['bad-genome', 'bad-weights', 'non-finite-result', 'task-timeout', 'task-memory']);
