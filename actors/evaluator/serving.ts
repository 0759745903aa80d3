/** Answers requests for inference with the chain's champions: checked, paid, computed in the pool, signed. */
import type { KeyPair } from '../../runtime/crypto/ed25519.js';
import { peerIdOf } from '../../runtime/crypto/peer-id.js';
import { errorMessage, isDoinError } from '../../runtime/errors.js';
import { formatCoins } from '../../runtime/fixed/coins.js';
import type { ActorContext } from '../../runtime/system/actor.js';
import { chain } from '../chain/messages.js';
import type { BlobReference, Hash, NodeId } from '../chain/types.js';
import { taskQueue } from '../task-queue/messages.js';
import { answerBytes, type InferenceReply, type InferenceRequest, inferenceId, refusal } from './inference.js';
import type { Payments } from './payments.js';

/** Requests in work at a time; a prediction takes milliseconds, and votes must find the pool free. */
const MAX_REQUESTS = 16;
/** A domain whose prediction takes longer has hung. */
const PREDICT_MS = 10_000;

/** Refusals that say what is wrong with the request; others stay inside. */
const TOLD: ReadonlySet<string> = new Set(['bad-input', 'queue-full', 'blob-unavailable']);

export interface ServingOptions {
  readonly chainId: string;
  readonly keyPair: KeyPair;
  /** Domains that this node can compute. */
  readonly domains: readonly string[];
  /** Whether others are answered. */
  readonly serve: boolean;
  /** Of one answer to somebody else. */
  readonly priceUnits: number;
}

export interface ServingModules {
  readonly ctx: ActorContext;
  readonly payments: Payments;
  weightsOf(domain: string, blob: BlobReference | null): Promise<Uint8Array>;
}

export class InferenceServer {
  readonly #options: ServingOptions;
  readonly #modules: ServingModules;
  #running = 0;
  #tasks = 0;

  constructor(options: ServingOptions, modules: ServingModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** Its owner asks as himself, for nothing. */
  async answer(from: NodeId, request: InferenceRequest): Promise<InferenceReply> {
    const { domains, serve, priceUnits: price, keyPair } = this.#options;
    const isOwner = from === keyPair.publicKey;
    const priceUnits = isOwner ? 0 : price;
    const refuse = (code: string, detail: string) => refusal(code, detail, priceUnits);
    if (!isOwner && !serve) return refuse('not-served', 'this node answers its owner only');
    if (!domains.includes(request.domain)) return refuse('not-served', 'this node does not work on that domain');
    if (this.#running >= MAX_REQUESTS) return refuse('busy', 'too many requests at a time; ask again');
    this.#running += 1;
    try {
      return await this.#answer(from, request, priceUnits);
    } catch (error) {
      const { log } = this.#modules.ctx;
      if (isDoinError(error) && TOLD.has(error.code)) return refuse(error.code, errorMessage(error));
      log.warn('request for inference failed', { domain: request.domain, reason: errorMessage(error) });
      return refuse('failed', 'the prediction failed here');
    } finally {
      this.#running -= 1;
    }
  }

  async #answer(from: NodeId, request: InferenceRequest, priceUnits: number): Promise<InferenceReply> {
    const { chainId, keyPair } = this.#options;
    const { domain } = request;
    const { domains } = await this.#modules.ctx.ask(chain.getStatus, {});
    const champion = domains.find(({ domainId }) => domainId === domain)?.champion ?? null;
    if (champion === null) return refusal('no-champion', 'no optimum of that domain was accepted yet', priceUnits);
    const id = inferenceId({ chainId, requester: from, server: keyPair.publicKey }, request);
    const unpaid = priceUnits === 0 ? null : await this.#take(id, from, request, priceUnits);
    if (unpaid !== null) return unpaid;
    const weights = await this.#modules.weightsOf(domain, champion.blob);
    const output = await this.#predict(request, champion.genome, weights);
    const { optimum } = champion;
    return { type: 'answered', optimum, output, signature: keyPair.sign(answerBytes(id, optimum, output)) };
  }

  /** Null when it is paid. */
  async #take(
    id: Hash,
    from: NodeId,
    { domain, payment }: InferenceRequest,
    priceUnits: number,
  ): Promise<InferenceReply | null> {
    const customer = { from, domain, priceUnits };
    const { payments } = this.#modules;
    if (payment !== null) {
      const problem = await payments.takeReceipt(payment, customer);
      return problem === null ? null : refusal('bad-payment', problem, priceUnits);
    }
    if (payments.takePaid(id, customer)) return null;
    const to = peerIdOf(this.#options.keyPair.publicKey);
    const text = `an answer costs ${formatCoins(priceUnits)} coins, paid to ${to}`;
    return refusal('payment-required', text, priceUnits);
  }

  async #predict({ domain, input }: InferenceRequest, genome: readonly number[], weights: Uint8Array): Promise<string> {
    const { ctx } = this.#modules;
    this.#tasks += 1;
    const taskId = `inference:${this.#tasks}`;
    const task = { kind: 'predict', domainId: domain, genome, weights, input } as const;
    const stop = ctx.after(PREDICT_MS, () => ctx.tell(taskQueue.cancel, { taskId }));
    try {
      const { output } = await ctx.ask(taskQueue.run, { taskId, priority: 'inference', task });
      if (output === undefined) throw new Error('the pool predicted nothing');
      return output;
    } finally {
      stop();
    }
  }
}
