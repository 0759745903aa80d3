/**
 * Catch-up: the line of headers from a peer whose chain is ahead, one such peer at a time, the others waiting in line;
 * the blocks from everybody who has them (download.ts), while the chain verifies and applies those before. The chain
 * judges every block; at the first of no use we stop and blame the peer whose line it is. A peer's turn is short, so
 * that nobody who only claims to be ahead keeps the honest ones waiting.
 */
import { tryDecode } from '../../runtime/codec/canonical.js';
import { errorMessage, isDoinError } from '../../runtime/errors.js';
import type { ActorContext } from '../../runtime/system/actor.js';
import { pause } from '../../runtime/system/pause.js';
import { headerCodec, headerHash } from '../chain/codec.js';
import { isHeavier } from '../chain/fork-choice.js';
import { chain, type Verdict } from '../chain/messages.js';
import type { Hash } from '../chain/types.js';
import type { RefusalCode } from './conduct.js';
import { Download, type LinkedHeader } from './download.js';
import { gossip } from './messages.js';
import type { NetworkPort } from './port.js';
import type { StatusExchange } from './status.js';
import { Suppliers } from './suppliers.js';
import { MAX_HEADERS_PER_REQUEST, WIRE, type Wire } from './wire.js';

interface Modules {
  readonly ctx: ActorContext;
  readonly port: NetworkPort;
  readonly wire: Wire;
  readonly status: StatusExchange;
}

const RATE_LIMIT_PAUSE_MS = 500;
const MAX_RATE_LIMIT_PAUSES = 20;
/** Then the next in line has his turn: some thousand blocks, seconds of work. */
const BATCHES_PER_TURN = 16;
const CLOCK_WARNING_MS = 60_000;

/** How a turn's applying ended. */
interface Applied {
  /** Blocks that were new. */
  readonly accepted: number;
  /** On the first that was neither new nor known. */
  readonly stop: Verdict | null;
}

/** How its reading of headers ended. */
interface Line {
  /** The last header we were given: where to go on. */
  readonly last: Hash | null;
  readonly isComplete: boolean;
  /** Headers that do not follow from what we have, or from one another. */
  readonly blame: RefusalCode | null;
}

export class Synchroniser {
  readonly #modules: Modules;
  readonly #suppliers = new Suppliers();
  /** By peer, where to go on. */
  readonly #waiting = new Map<string, Hash | null>();
  #current: string | null = null;
  #clockWarnedAt = Number.NEGATIVE_INFINITY;

  constructor(modules: Modules) {
    this.#modules = modules;
  }

  get current(): string | null {
    return this.#current;
  }

  /** Puts the peer in line; asking again while he waits changes nothing. */
  request(peerId: string): void {
    if (!this.#waiting.has(peerId)) this.#waiting.set(peerId, null);
    if (this.#current === null) void this.#drain();
  }

  disconnected(peerId: string): void {
    this.#suppliers.forget(peerId);
  }

  async #drain(): Promise<void> {
    for (const [peerId, from] of this.#waiting) {
      this.#waiting.delete(peerId);
      this.#current = peerId;
      try {
        await this.#turn(peerId, from);
      } catch (error) {
        this.#modules.ctx.log.info('sync ended early', { peerId, error: errorMessage(error) });
      }
      if (this.#modules.ctx.signal.aborted) break;
    }
    this.#current = null;
  }

  async #turn(source: string, from: Hash | null): Promise<void> {
    if (!(await this.#isAhead(source))) return;
    const download = new Download({ ...this.#modules, suppliers: this.#suppliers, source });
    try {
      const applying = this.#applyAll(source, download);
      const reading = this.#readLine(source, from, download)
        .catch((error: unknown) => this.#broken(source, error))
        .finally(() => download.end());
      const [{ accepted, stop }, line] = await Promise.all([applying, reading]);
      if (stop !== null) return this.#stopped(source, stop);
      if (line === null) return;
      if (line.blame !== null) return this.#blame(source, line.blame);
      if (download.isUndelivered) return this.#undelivered(source);
      if (!line.isComplete) {
        // To the end of the line, also when he has asked to be looked at meanwhile.
        this.#waiting.delete(source);
        this.#waiting.set(source, line.last);
        return;
      }
      await this.#modules.status.exchange(source);
      if (accepted === 0 && (await this.#isAhead(source))) this.#blame(source, 'empty-sync');
    } finally {
      download.close();
    }
  }

  /** What was read before is still fetched, from others, and applied. */
  #broken(peerId: string, error: unknown): null {
    this.#modules.ctx.log.info('headers ended early', { peerId, error: errorMessage(error) });
    return null;
  }

  async #isAhead(peerId: string): Promise<boolean> {
    const { ctx, status } = this.#modules;
    const theirs = status.tip(peerId);
    return theirs !== undefined && isHeavier(theirs, await ctx.ask(chain.getTip, {}));
  }

  /** Gives the download what is missing here of the source's line, one turn's worth. */
  async #readLine(source: string, from: Hash | null, download: Download): Promise<Line> {
    const { ctx } = this.#modules;
    const { hashes } = await ctx.ask(chain.getLocator, {});
    let last = from;
    for (let batch = 0; batch < BATCHES_PER_TURN; batch += 1) {
      await download.hasRoom();
      if (download.isOver) return { last, isComplete: false, blame: null };
      const locator = last === null ? hashes : [last, ...hashes];
      const headers = linked(await this.#pull(source, locator), new Set(locator));
      if (headers === null) return { last, isComplete: false, blame: 'invalid' };
      const { missing } = await ctx.ask(chain.getMissing, { hashes: headers.map(({ hash }) => hash) });
      const wanted = new Set(missing);
      download.add(headers.filter(({ hash }) => wanted.has(hash)));
      last = headers.at(-1)?.hash ?? last;
      if (headers.length < MAX_HEADERS_PER_REQUEST) return { last, isComplete: true, blame: null };
    }
    return { last, isComplete: false, blame: null };
  }

  async #pull(source: string, locator: readonly Hash[]): Promise<readonly Uint8Array[]> {
    const { ctx, wire, port } = this.#modules;
    for (let pauses = 0; ; pauses += 1) {
      try {
        return await wire.ask(source, WIRE.headers, { locator, limit: MAX_HEADERS_PER_REQUEST });
      } catch (error) {
        const isConnected = port.peers().some(({ peerId }) => peerId === source);
        if (isConnected && isDoinError(error, 'request-timeout')) port.refuse(source, 'stalled');
        if (!isDoinError(error, 'rate-limited') || pauses === MAX_RATE_LIMIT_PAUSES) throw error;
        await pause(ctx, RATE_LIMIT_PAUSE_MS);
      }
    }
  }

  /** One list is with the chain and the next in its mailbox, so that it never waits for us. */
  async #applyAll(source: string, download: Download): Promise<Applied> {
    const { ctx } = this.#modules;
    let accepted = 0;
    let before: Promise<{ verdicts: readonly Verdict[] }> | null = null;
    for (;;) {
      const blocks = await download.take();
      const next = blocks === null ? null : ctx.ask(chain.receiveBlocks, { blocks, from: source });
      // Looked at when its turn comes, if it comes.
      next?.catch(() => undefined);
      if (before !== null) {
        const { verdicts } = await before;
        accepted += verdicts.filter(({ action }) => action === 'accept').length;
        const stop = verdicts.find(({ action, code }) => action !== 'accept' && code !== 'already-known');
        if (stop !== undefined) {
          download.close();
          return { accepted, stop };
        }
        await this.#progress(source);
      }
      if (next === null) return { accepted, stop: null };
      before = next;
    }
  }

  async #progress(peerId: string): Promise<void> {
    const { ctx, status } = this.#modules;
    const { height } = await ctx.ask(chain.getTip, {});
    ctx.emit(gossip.syncProgress, {
      peerId,
      height,
      targetHeight: Math.max(height, status.tip(peerId)?.height ?? 0),
    });
  }

  #stopped(peerId: string, { action, code }: Verdict): void {
    const { ctx } = this.#modules;
    if (code === 'from-the-future') {
      // Honest blocks look like this when our own clock is slow, so nobody is blamed.
      const now = ctx.monotonic();
      if (now - this.#clockWarnedAt < CLOCK_WARNING_MS) return;
      this.#clockWarnedAt = now;
      ctx.log.warn('a peer sent blocks dated in the future: is the clock of this machine right?', { peerId });
      return;
    }
    ctx.log.warn('peer sent a block of no use in a catch-up', { peerId, action, code });
    this.#blame(peerId, action === 'reject' ? 'invalid' : 'empty-sync');
  }

  /** The source says that he has them, unless he said that he keeps only newer ones. */
  #undelivered(source: string): void {
    const { ctx, port, status } = this.#modules;
    const tip = status.tip(source);
    if (tip === undefined || !port.peers().some(({ peerId }) => peerId === source)) return;
    ctx.log.warn('nobody delivers the blocks of a peer who is ahead', { peerId: source, height: tip.height });
    if (tip.bodiesFrom <= 1) this.#blame(source, 'not-delivered');
    else status.forget(source);
  }

  #blame(peerId: string, blame: RefusalCode): void {
    this.#modules.port.refuse(peerId, blame);
    this.#modules.status.forget(peerId);
  }
}

/** The headers with their hashes, or null when they are no line that begins right after one of these blocks. */
function linked(answer: readonly Uint8Array[], known: ReadonlySet<Hash>): readonly LinkedHeader[] | null {
  const line: LinkedHeader[] = [];
  for (const bytes of answer) {
    const decoded = tryDecode(headerCodec, bytes);
    if (!decoded.ok) return null;
    const { value: header } = decoded;
    const before = line.at(-1);
    const follows =
      before === undefined
        ? known.has(header.parent)
        : header.parent === before.hash && header.height === before.header.height + 1;
    if (!follows) return null;
    line.push({ hash: headerHash(header), header });
  }
  return line;
}
