/** The handshake: who is on our chain, and who is ahead of us. */
import { DoinError, isDoinError } from '../../runtime/errors.js';
import type { ActorContext } from '../../runtime/system/actor.js';
import { isHeavier } from '../chain/fork-choice.js';
import { type ChainTip, chain } from '../chain/messages.js';
import type { NetworkPort } from './port.js';
import { WIRE, WIRE_VERSION, type Wire } from './wire.js';

interface Modules {
  readonly ctx: ActorContext;
  readonly port: NetworkPort;
  readonly wire: Wire;
  readonly chainId: string;
  readonly genesisHash: string;
  /** The peer told a tip that is ahead of ours. */
  onAhead(peerId: string): void;
}

/** Asking one peer more often tells nothing new and runs into his rate limit. */
const MIN_INTERVAL_MS = 300;

export class StatusExchange {
  readonly #modules: Modules;
  readonly #tips = new Map<string, ChainTip>();
  readonly #fresh = new Set<string>();
  readonly #next = new Map<string, Promise<ChainTip>>();

  constructor(modules: Modules) {
    this.#modules = modules;
    modules.wire.serve(WIRE.status, async (theirs, from) => {
      const ours = await modules.ctx.ask(chain.getTip, {});
      this.#judge(from, theirs, ours);
      return { version: WIRE_VERSION, ...ours };
    });
  }

  tip(peerId: string): ChainTip | undefined {
    return this.#tips.get(peerId);
  }

  forget(peerId: string): void {
    this.#tips.delete(peerId);
  }

  /**
   * Asks for and tells the tip. Soon after an exchange, all further callers share one that follows it. A peer of
   * another network is disconnected; other failures are the caller's to log.
   */
  exchange(peerId: string): Promise<ChainTip> {
    const { ctx } = this.#modules;
    if (!this.#fresh.has(peerId)) {
      this.#fresh.add(peerId);
      ctx.after(MIN_INTERVAL_MS, () => void this.#fresh.delete(peerId));
      return this.#exchange(peerId);
    }
    const shared = this.#next.get(peerId);
    if (shared !== undefined) return shared;
    const next = new Promise<void>((resolve) => ctx.after(MIN_INTERVAL_MS, resolve)).then(() => {
      this.#next.delete(peerId);
      return this.#exchange(peerId);
    });
    this.#next.set(peerId, next);
    return next;
  }

  async #exchange(peerId: string): Promise<ChainTip> {
    const { ctx, port, wire } = this.#modules;
    const ours = await ctx.ask(chain.getTip, {});
    try {
      const theirs = await wire.ask(peerId, WIRE.status, { version: WIRE_VERSION, ...ours });
      this.#judge(peerId, theirs, ours);
      return theirs;
    } catch (error) {
      const isForeign = isDoinError(error, 'unsupported-protocol') || isDoinError(error, 'foreign-network');
      if (isForeign) port.refuse(peerId, 'foreign-network');
      throw error;
    }
  }

  #judge(peerId: string, theirs: ChainTip & { readonly version: number }, ours: ChainTip): void {
    const { chainId, genesisHash, onAhead } = this.#modules;
    const { version, ...tip } = theirs;
    if (version !== WIRE_VERSION || tip.chainId !== chainId || tip.genesisHash !== genesisHash) {
      const what = `chain ${tip.chainId}, genesis ${tip.genesisHash}, version ${version}`;
      throw new DoinError({ code: 'foreign-network' }, `${peerId} is on another network: ${what}`);
    }
    this.#tips.set(peerId, tip);
    if (isHeavier(tip, ours)) onAhead(peerId);
  }
}
