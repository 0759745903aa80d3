/**
 * Catch-up: pulls the blocks of a peer whose chain is ahead, one peer at a time, the others waiting in line. The chain
 * judges every block; we stop at the first it rejects, and blame the peer for that one.
 */
import { errorMessage, isDoinError } from '../../runtime/errors.js';
import type { ActorContext } from '../../runtime/system/actor.js';
import { decodeBlock, headerHash } from '../chain/codec.js';
import { isHeavier } from '../chain/fork-choice.js';
import { chain } from '../chain/messages.js';
import { gossip } from './messages.js';
import type { NetworkPort } from './port.js';
import type { StatusExchange } from './status.js';
import { MAX_BLOCKS_PER_REQUEST, WIRE, type Wire } from './wire.js';

interface Modules {
  readonly ctx: ActorContext;
  readonly port: NetworkPort;
  readonly wire: Wire;
  readonly status: StatusExchange;
}

const RATE_LIMIT_PAUSE_MS = 500;
const MAX_RATE_LIMIT_PAUSES = 20;
const BATCH = MAX_BLOCKS_PER_REQUEST;

interface Position {
  readonly hash: string;
  readonly height: number;
}

export class Synchroniser {
  readonly #modules: Modules;
  readonly #waiting = new Set<string>();
  #current: string | null = null;

  constructor(modules: Modules) {
    this.#modules = modules;
  }

  get current(): string | null {
    return this.#current;
  }

  /** Puts the peer in line; asking again while he waits changes nothing. */
  request(peerId: string): void {
    this.#waiting.add(peerId);
    if (this.#current === null) void this.#drain();
  }

  async #drain(): Promise<void> {
    for (const peerId of this.#waiting) {
      this.#waiting.delete(peerId);
      this.#current = peerId;
      try {
        await this.#syncWith(peerId);
      } catch (error) {
        this.#modules.ctx.log.info('sync ended early', { peerId, error: errorMessage(error) });
      }
      if (this.#modules.ctx.signal.aborted) break;
    }
    this.#current = null;
  }

  async #syncWith(peerId: string): Promise<void> {
    const { ctx, port, status } = this.#modules;
    let last: Position | null = null;
    for (;;) {
      const theirs = status.tip(peerId);
      const ours = await ctx.ask(chain.getTip, {});
      if (theirs === undefined || !isHeavier(theirs, ours) || ctx.signal.aborted) return;
      const blocks = await this.#pull(peerId, last);
      const next = positionOf(blocks.at(-1));
      if (next === null || (last !== null && next.height <= last.height)) {
        port.refuse(peerId, 'empty-sync');
        status.forget(peerId);
        return;
      }
      if (!(await this.#apply(peerId, blocks))) return;
      last = next;
      const { height } = await ctx.ask(chain.getTip, {});
      ctx.emit(gossip.syncProgress, { peerId, height, targetHeight: Math.max(height, theirs.height) });
    }
  }

  /**
   * The last block we were given leads the locator: on a branch that is not yet ours, our own locator would bring the
   * same first blocks again and again.
   */
  async #pull(peerId: string, last: Position | null): Promise<readonly Uint8Array[]> {
    const { ctx, wire } = this.#modules;
    const { hashes } = await ctx.ask(chain.getLocator, {});
    const request = { locator: last === null ? hashes : [last.hash, ...hashes], limit: BATCH };
    for (let pauses = 0; ; pauses += 1) {
      try {
        return await wire.ask(peerId, WIRE.blocksAfter, request);
      } catch (error) {
        if (!isDoinError(error, 'rate-limited') || pauses === MAX_RATE_LIMIT_PAUSES) throw error;
        await new Promise<void>((resolve) => ctx.after(RATE_LIMIT_PAUSE_MS, resolve));
      }
    }
  }

  /** False when there is no point in going on with this peer. */
  async #apply(peerId: string, blocks: readonly Uint8Array[]): Promise<boolean> {
    const { ctx, port, status } = this.#modules;
    for (const bytes of blocks) {
      const verdict = await ctx.ask(chain.receiveBlock, { bytes, from: peerId });
      if (verdict.action === 'reject') {
        ctx.log.warn('peer sent a block the chain rejects', { peerId, code: verdict.code });
        port.refuse(peerId, 'invalid');
        status.forget(peerId);
        return false;
      }
      if (verdict.missing !== undefined) return false;
    }
    return true;
  }
}

function positionOf(bytes: Uint8Array | undefined): Position | null {
  const decoded = bytes === undefined ? null : decodeBlock(bytes);
  if (!decoded?.ok) return null;
  const { header } = decoded.value;
  return { hash: headerHash(header), height: header.height };
}
