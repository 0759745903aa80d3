/**
 * Catch-up: pulls the blocks of a peer whose chain is ahead, one peer at a time, the others waiting in line. The chain
 * judges every block; we stop at the first that is of no use, and blame the peer for it. A peer's turn is short, so
 * that nobody who only claims to be ahead keeps the honest ones waiting.
 */
import { errorMessage, isDoinError } from '../../runtime/errors.js';
import type { ActorContext } from '../../runtime/system/actor.js';
import { decodeBlock, headerHash } from '../chain/codec.js';
import { isHeavier } from '../chain/fork-choice.js';
import { chain, type Verdict } from '../chain/messages.js';
import { gossip } from './messages.js';
import type { NetworkPort } from './port.js';
import type { StatusExchange } from './status.js';
import { MAX_BATCH_BYTES, MAX_BLOCKS_PER_REQUEST, WIRE, type Wire } from './wire.js';

interface Modules {
  readonly ctx: ActorContext;
  readonly port: NetworkPort;
  readonly wire: Wire;
  readonly status: StatusExchange;
}

const RATE_LIMIT_PAUSE_MS = 500;
const MAX_RATE_LIMIT_PAUSES = 20;
const BATCH = MAX_BLOCKS_PER_REQUEST;
/** Seconds of work for the chain when all of them are full. */
const PORTION = 64;
/** Then the next in line has his turn: some thousand blocks, seconds of work. */
const BATCHES_PER_TURN = 16;
/**
 * Short batches in a row without a new block. Full ones are honest at a fork: the locator's gaps double, so after a
 * long partition thousands of common blocks come first. They end by themselves, because heights must rise.
 */
const MAX_SHORT_KNOWN_BATCHES = 8;
const CLOCK_WARNING_MS = 60_000;

interface Position {
  readonly hash: string;
  readonly height: number;
}

/** How far we are with a peer; kept while he waits for his next turn. */
interface Progress {
  readonly last: Position | null;
  readonly shortKnownBatches: number;
}

const START: Progress = { last: null, shortKnownBatches: 0 };

export class Synchroniser {
  readonly #modules: Modules;
  readonly #waiting = new Map<string, Progress>();
  #current: string | null = null;
  /** The newest block that went onto a branch which is not the best yet, so that the next peer goes on from there. */
  #branchTip: Uint8Array | undefined;
  #clockWarnedAt = Number.NEGATIVE_INFINITY;

  constructor(modules: Modules) {
    this.#modules = modules;
  }

  get current(): string | null {
    return this.#current;
  }

  /** Puts the peer in line; asking again while he waits changes nothing. */
  request(peerId: string): void {
    if (!this.#waiting.has(peerId)) this.#waiting.set(peerId, START);
    if (this.#current === null) void this.#drain();
  }

  async #drain(): Promise<void> {
    for (const [peerId, progress] of this.#waiting) {
      this.#waiting.delete(peerId);
      this.#current = peerId;
      try {
        const unfinished = await this.#syncWith(peerId, progress);
        if (unfinished !== null) this.#requeue(peerId, unfinished);
      } catch (error) {
        this.#modules.ctx.log.info('sync ended early', { peerId, error: errorMessage(error) });
      }
      if (this.#modules.ctx.signal.aborted) break;
    }
    this.#current = null;
    this.#branchTip = undefined;
  }

  #requeue(peerId: string, progress: Progress): void {
    this.#waiting.delete(peerId);
    this.#waiting.set(peerId, progress);
  }

  /** One turn. Returns where to go on in the next one, or null when this peer is done with. */
  async #syncWith(peerId: string, progress: Progress): Promise<Progress | null> {
    const { ctx, status } = this.#modules;
    let { last, shortKnownBatches } = progress;
    for (let batch = 0; batch < BATCHES_PER_TURN; batch += 1) {
      const theirs = status.tip(peerId);
      const ours = await ctx.ask(chain.getTip, {});
      if (theirs === undefined || !isHeavier(theirs, ours) || ctx.signal.aborted) return null;
      const blocks = await this.#pull(peerId, last);
      const next = positionOf(blocks.at(-1));
      if (next === null || (last !== null && next.height <= last.height)) return this.#giveUp(peerId, 'empty-sync');
      const { accepted, stop } = await this.#apply(peerId, blocks);
      if (stop !== null) return this.#stop(peerId, stop);
      if (accepted > 0) shortKnownBatches = 0;
      else if (isShort(blocks)) shortKnownBatches += 1;
      if (shortKnownBatches === MAX_SHORT_KNOWN_BATCHES) return this.#giveUp(peerId, 'empty-sync');
      last = next;
      const { height } = await ctx.ask(chain.getTip, {});
      ctx.emit(gossip.syncProgress, { peerId, height, targetHeight: Math.max(height, theirs.height) });
    }
    return { last, shortKnownBatches };
  }

  /**
   * The furthest blocks we were given lead the locator: on a branch that is not yet ours, our own locator would bring
   * the same first blocks again and again.
   */
  async #pull(peerId: string, last: Position | null): Promise<readonly Uint8Array[]> {
    const { ctx, wire } = this.#modules;
    const { hashes } = await ctx.ask(chain.getLocator, {});
    const reached = [last, positionOf(this.#branchTip)].filter((position) => position !== null);
    reached.sort((a, b) => b.height - a.height);
    const locator = new Set([...reached.map(({ hash }) => hash), ...hashes]);
    const request = { locator: [...locator], limit: BATCH };
    for (let pauses = 0; ; pauses += 1) {
      try {
        return await wire.ask(peerId, WIRE.blocksAfter, request);
      } catch (error) {
        if (!isDoinError(error, 'rate-limited') || pauses === MAX_RATE_LIMIT_PAUSES) throw error;
        await new Promise<void>((resolve) => ctx.after(RATE_LIMIT_PAUSE_MS, resolve));
      }
    }
  }

  /**
   * Counts what was new, up to the first block that was neither new nor known: its verdict is `stop`. The chain takes
   * them in portions: long enough to be verified on all cores and stored together, short enough to answer in time.
   */
  async #apply(peerId: string, blocks: readonly Uint8Array[]): Promise<{ accepted: number; stop: Verdict | null }> {
    let accepted = 0;
    for (let at = 0; at < blocks.length; at += PORTION) {
      const portion = blocks.slice(at, at + PORTION);
      const { verdicts } = await this.#modules.ctx.ask(chain.receiveBlocks, { blocks: portion, from: peerId });
      for (const [index, verdict] of verdicts.entries()) {
        if (verdict.action === 'accept') {
          accepted += 1;
          this.#branchTip = verdict.code === 'side-branch' ? portion[index] : undefined;
        } else if (verdict.code !== 'already-known') return { accepted, stop: verdict };
      }
    }
    return { accepted, stop: null };
  }

  #stop(peerId: string, { action, code }: Verdict): null {
    const { ctx } = this.#modules;
    if (code === 'from-the-future') {
      // Honest blocks look like this when our own clock is slow, so nobody is blamed.
      const now = ctx.monotonic();
      if (now - this.#clockWarnedAt < CLOCK_WARNING_MS) return null;
      this.#clockWarnedAt = now;
      ctx.log.warn('a peer sent blocks dated in the future: is the clock of this machine right?', { peerId });
      return null;
    }
    ctx.log.warn('peer sent a block of no use in a catch-up', { peerId, action, code });
    return this.#giveUp(peerId, action === 'reject' ? 'invalid' : 'empty-sync');
  }

  #giveUp(peerId: string, blame: 'invalid' | 'empty-sync'): null {
    this.#modules.port.refuse(peerId, blame);
    this.#modules.status.forget(peerId);
    return null;
  }
}

function isShort(blocks: readonly Uint8Array[]): boolean {
  const sizeBytes = blocks.reduce((sum, block) => sum + block.length, 0);
  return blocks.length < BATCH && sizeBytes < MAX_BATCH_BYTES / 2;
}

function positionOf(bytes: Uint8Array | undefined): Position | null {
  const decoded = bytes === undefined ? null : decodeBlock(bytes);
  if (!decoded?.ok) return null;
  const { header } = decoded.value;
  return { hash: headerHash(header), height: header.height };
}
