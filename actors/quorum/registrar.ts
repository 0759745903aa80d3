/** Keeps the chain's register of what this node evaluates equal to its config, as far as the chain has these domains. */
import { errorMessage } from '../../runtime/errors.js';
import type { ActorContext } from '../../runtime/system/actor.js';
import { chain } from '../chain/messages.js';
import { registrationHash } from '../chain/stamp.js';
import { solveStamp } from '../chain/stamp-search.js';
import type { Hash } from '../chain/types.js';

export interface EvaluatedDomain {
  readonly domainId: string;
  readonly specHash: Hash;
}

export class Registrar {
  readonly #ctx: ActorContext;
  readonly #evaluates: readonly EvaluatedDomain[];
  #checking = false;

  constructor(ctx: ActorContext, evaluates: readonly EvaluatedDomain[]) {
    this.#ctx = ctx;
    this.#evaluates = evaluates;
  }

  /** Does nothing while another one is under way. */
  async check(): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    try {
      await this.#register();
    } finally {
      this.#checking = false;
    }
  }

  async #register(): Promise<void> {
    const { self, domains, chainId, stampBits } = await this.#ctx.ask(chain.getStatus, {});
    const known = new Map(domains.map(({ domainId, specHash }) => [domainId, specHash]));
    const wanted = this.#evaluates
      .filter(({ domainId, specHash }) => known.get(domainId) === specHash)
      .map(({ domainId }) => domainId)
      .sort();
    if (self.evaluates.join() === wanted.join()) return;
    const about = registrationHash(chainId, wanted);
    const stamp = await solveStamp(this.#ctx, { about, sender: self.nodeId }, stampBits);
    await this.#ctx
      .ask(chain.submit, { body: { type: 'register-evaluator', domains: wanted, stamp } })
      .catch((error: unknown) => {
        this.#ctx.log.warn('registration refused', { reason: errorMessage(error) });
      });
  }
}
