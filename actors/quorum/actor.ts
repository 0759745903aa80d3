/**
 * The quorum actor: watches the chain for seats and jury duties given to this node, has the evaluator measure them, and
 * answers. What they are and who gets them, the state decides; here is only this node's part.
 */

import type { Evidence, Measurement } from '../../gpu-workers/types.js';
import { DoinError, errorMessage } from '../../runtime/errors.js';
import { type ActorContext, defineActor } from '../../runtime/system/actor.js';
import { inStoryOf } from '../../runtime/trace/story-id.js';
import { type BlockApplied, chain } from '../chain/messages.js';
import { unlessChainRestarts } from '../chain/restarts.js';
import type { NodeId } from '../chain/types.js';
import { evaluator } from '../evaluator/messages.js';
import { QuorumBook } from './book.js';
import { type Answer, answerOf, type Duty, dutiesOf } from './duties.js';
import { type QuorumView, quorum } from './messages.js';
import { type EvaluatedDomain, Registrar } from './registrar.js';

export interface QuorumOptions {
  readonly nodeId: NodeId;
  /** Domains this node measures, once the chain has them as defined here; seats in others are left to their deadline. */
  readonly evaluates: readonly EvaluatedDomain[];
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
/** Read for the status pages at start and after a branch switch. */
const BOOK_BLOCKS = 300;
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
    const rebuild = async (): Promise<void> => {
      const { height } = await ctx.ask(chain.getStatus, {});
      const request = { fromHeight: Math.max(1, height - BOOK_BLOCKS + 1), limit: BOOK_BLOCKS };
      const { blocks } = await ctx.ask(chain.getApplied, request);
      book.reset();
      for (const block of blocks) book.apply(block);
    };
    await rebuild();
    ctx.every(RETRY_MS, () => worker.catchUp().catch(unlessChainRestarts(ctx)));
    ctx.every(REGISTER_MS, () => registrar.check().catch(unlessChainRestarts(ctx)));
    return {
      handlers: {
        getQuorums: ({ limit }): { quorums: readonly QuorumView[] } => ({ quorums: book.newest(limit) }),
      },
      events: {
        'chain.blockApplied': async (block: BlockApplied) => {
          book.apply(block);
          // Not awaited: a stamp may take seconds, and seats do not wait for it.
          if (block.records.some((record) => record.type === 'DOMAIN' && record.status === 'active'))
            registrar.check().catch(unlessChainRestarts(ctx));
          if (block.records.some(({ type }) => type === 'TASK_CREATED' || type === 'CHALLENGED'))
            await worker.catchUp();
        },
        // The seats of a branch that lost may be assigned differently on the new one: look again.
        'chain.blocksReverted': async () => {
          await rebuild();
          await worker.catchUp();
        },
      },
      inspect: () => ({ working: worker.working }),
    };
  },
});

interface SentAnswer {
  readonly body: Answer;
  readonly sentAtMs: number;
}

class SeatWorker {
  readonly #ctx: ActorContext;
  readonly #options: QuorumOptions;
  readonly #evaluates: readonly string[];
  /** Duties being measured or answered, how often they were tried, and what was answered. By the duty's key. */
  readonly #busy = new Set<string>();
  readonly #attempts = new Map<string, number>();
  readonly #answers = new Map<string, SentAnswer>();

  constructor(ctx: ActorContext, options: QuorumOptions) {
    this.#ctx = ctx;
    this.#options = options;
    this.#evaluates = options.evaluates.map(({ domainId }) => domainId);
  }

  get working(): number {
    return this.#busy.size;
  }

  /** The chain's state is the list of work: nothing is lost when this actor or the node restarts. */
  async catchUp(timeoutMs = RETRY_MS * 5): Promise<void> {
    const { optimae } = await this.#ctx.ask(chain.getOpenOptimae, {}, { timeoutMs });
    const open = new Set<string>();
    for (const duty of dutiesOf(optimae, this.#options.nodeId, this.#evaluates)) {
      open.add(duty.key);
      const answer = this.#answers.get(duty.key);
      if (answer === undefined) this.#begin(duty);
      else await this.#sendAgain(duty.key, answer);
    }
    for (const key of this.#attempts.keys()) if (!open.has(key)) this.#attempts.delete(key);
    for (const key of this.#answers.keys()) if (!open.has(key)) this.#answers.delete(key);
  }

  #begin(duty: Duty): void {
    const attempts = this.#attempts.get(duty.key) ?? 0;
    if (this.#busy.has(duty.key) || attempts >= ATTEMPTS) return;
    this.#busy.add(duty.key);
    this.#attempts.set(duty.key, attempts + 1);
    const { optimum, domain } = duty.optimum;
    this.#ctx.emit(quorum.seatTaken, { optimum, domain, seat: duty.seat.index }, inStoryOf(optimum));
    void this.#work(duty).finally(() => this.#busy.delete(duty.key));
  }

  async #work(duty: Duty): Promise<void> {
    const { optimum, domain, genome, blob } = duty.optimum;
    const { index: seat, dataSeed } = duty.seat;
    try {
      const request = { optimum, seat, domain, genome: genome ?? [], blob, dataSeed };
      await this.#answer(duty, await this.#ctx.ask(evaluator.measure, request, inStoryOf(optimum)));
    } catch (error) {
      await this.#failed(duty, error);
    }
  }

  async #answer(duty: Duty, measured: (Measurement & Evidence) | null): Promise<void> {
    const { optimum, domain } = duty.optimum;
    const body = answerOf(duty, this.#options.nodeId, measured);
    const story = inStoryOf(optimum);
    this.#answers.set(duty.key, { body, sentAtMs: this.#ctx.now() });
    if (body.type === 'challenge') {
      this.#ctx.log.warn('an audited vote is false', { optimum, seat: body.seat, evaluator: duty.judged.evaluator });
    }
    await this.#ctx.ask(chain.submit, { body }, story);
    if (body.type !== 'vote' || body.measurement === null) return;
    const { performanceNano, standardErrorNano } = body.measurement;
    this.#ctx.emit(quorum.voteCast, { optimum, domain, seat: body.seat, performanceNano, standardErrorNano }, story);
  }

  /** An answer that the chain still does not show was lost on its way: the measurement holds, only the sending is repeated. */
  async #sendAgain(key: string, answer: SentAnswer): Promise<void> {
    if (this.#ctx.now() - answer.sentAtMs < RESEND_MS) return;
    this.#answers.set(key, { ...answer, sentAtMs: this.#ctx.now() });
    await this.#ctx.ask(chain.submit, { body: answer.body }).catch((error: unknown) => {
      this.#ctx.log.info('answer not sent again', { optimum: answer.body.optimum, reason: errorMessage(error) });
    });
  }

  /** Weights that cannot be measured get an answer that says so; anything else is tried again until the deadline. */
  async #failed(duty: Duty, error: unknown): Promise<void> {
    const code = error instanceof DoinError ? error.code : 'unknown';
    const { optimum, domain } = duty.optimum;
    const seat = duty.seat.index;
    const reason = errorMessage(error);
    this.#ctx.emit(quorum.seatFailed, { optimum, domain, seat, code, reason }, inStoryOf(optimum));
    this.#ctx.log.warn('seat not measured', { optimum, seat, code, reason });
    const attempts = this.#attempts.get(duty.key) ?? 0;
    const withheld = code === 'blob-unavailable' && attempts >= BLOB_ATTEMPTS;
    const hopeless = UNMEASURABLE.has(code) || withheld || attempts >= ATTEMPTS;
    if (!hopeless || this.#ctx.signal.aborted) return;
    await this.#answer(duty, null).catch((refused: unknown) => {
      this.#ctx.log.warn('answer refused', { optimum, seat, reason: errorMessage(refused) });
    });
  }
}

/** Failures that lie in the genome or the weights, not in this machine or the network. */
const UNMEASURABLE = new Set(['bad-genome', 'bad-weights', 'non-finite-result', 'task-timeout', 'task-memory']);
