/** The handshake: who is on our chain, and who is ahead of us. */
import { DoinError, isDoinError } from '../../runtime/errors.js';
import type { ActorContext } from '../../runtime/system/actor.js';
import { pause } from '../../runtime/system/pause.js';
import { isHeavier } from '../chain/fork-choice.js';
import { chain, type ServedTip } from '../chain/messages.js';
import type { NetworkPort } from './port.js';
import { type VersionRange, WIRE, type Wire } from './wire.js';

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
  readonly #tips = new Map<string, ServedTip>();
  readonly #fresh = new Set<string>();
  readonly #next = new Map<string, Promise<ServedTip>>();

  constructor(modules: Modules) {
    this.#modules = modules;
    modules.wire.serve(WIRE.status, async (theirs, from) => {
      const ours = await modules.ctx.ask(chain.getTip, {});
      this.#judge(from, theirs, ours);
      return { ...modules.wire.versions, ...ours };
    });
  }

  tip(peerId: string): ServedTip | undefined {
    return this.#tips.get(peerId);
  }

  forget(peerId: string): void {
    this.#tips.delete(peerId);
  }

  /**
   * Asks for and tells the tip. Soon after an exchange, all further callers share one that follows it. A peer of
   * another network is disconnected; other failures are the caller's to log.
   */
  exchange(peerId: string): Promise<ServedTip> {
    const { ctx } = this.#modules;
    if (!this.#fresh.has(peerId)) {
      this.#fresh.add(peerId);
      ctx.after(MIN_INTERVAL_MS, () => void this.#fresh.delete(peerId));
      return this.#exchange(peerId);
    }
    const shared = this.#next.get(peerId);
    if (shared !== undefined) return shared;
    const next = pause(ctx, MIN_INTERVAL_MS).then(() => {
      this.#next.delete(peerId);
      return this.#exchange(peerId);
    });
    this.#next.set(peerId, next);
    return next;
  }

  async #exchange(peerId: string): Promise<ServedTip> {
    const { ctx, port, wire } = this.#modules;
    const ours = await ctx.ask(chain.getTip, {});
    try {
      const theirs = await wire.ask(peerId, WIRE.status, { ...wire.versions, ...ours });
      this.#judge(peerId, theirs, ours);
      return theirs;
    } catch (error) {
      const isForeign = isDoinError(error, 'unsupported-protocol') || isDoinError(error, 'foreign-network');
      if (isForeign) port.refuse(peerId, 'foreign-network');
      throw error;
    }
  }

  #judge(peerId: string, theirs: ServedTip & VersionRange, ours: ServedTip): void {
    const { chainId, genesisHash, onAhead, wire } = this.#modules;
    const { oldest, newest, ...tip } = theirs;
    if (tip.chainId !== chainId || tip.genesisHash !== genesisHash || !wire.agree(peerId, { oldest, newest })) {
      const what = `chain ${tip.chainId}, genesis ${tip.genesisHash}, versions ${oldest} to ${newest}`;
      throw new DoinError({ code: 'foreign-network' }, `${peerId} is on another network: ${what}`);
    }
    this.#tips.set(peerId, tip);
    if (isHeavier(tip, ours)) onAhead(peerId);
  }
}
