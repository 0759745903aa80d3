/**
 * Fetches the blocks of a line of headers, from several peers at once, and gives them out in the order of the line. A
 * block counts when it is that of its header: so it does not matter who delivers it, and who delivers another one, breaks
 * off or lets us wait is known. What he owes is then fetched from somebody else.
 */
import { encode } from '../../runtime/codec/canonical.js';
import { errorMessage, isDoinError } from '../../runtime/errors.js';
import type { ActorContext } from '../../runtime/system/actor.js';
import { pause } from '../../runtime/system/pause.js';
import { blockCodec, decodeBlock, headerHash, transactionsRoot } from '../chain/codec.js';
import { LIMITS } from '../chain/limits.js';
import type { BlockHeader, Hash } from '../chain/types.js';
import type { RefusalCode } from './conduct.js';
import type { NetworkPort } from './port.js';
import type { StatusExchange } from './status.js';
import type { Suppliers } from './suppliers.js';
import { MAX_BLOCKS_PER_REQUEST, WIRE, type Wire } from './wire.js';

export interface LinkedHeader {
  readonly hash: Hash;
  readonly header: BlockHeader;
}

interface Modules {
  readonly ctx: ActorContext;
  readonly port: NetworkPort;
  readonly wire: Wire;
  readonly status: StatusExchange;
  readonly suppliers: Suppliers;
  /** Whose line it is. He says he has all of it; others are asked for what is not above their tip. */
  readonly source: string;
}

/** Requests' worth of blocks under way or waiting to be applied: 32 MiB at most, as each is about one block's limit. */
const WINDOW = 8;
/** Headers beyond the window wait here, so that the line is known before it is needed. */
const MAX_RANGES = 4 * WINDOW;
/** The range that everything waits for is asked of a second peer after this time. */
const LATE_MS = 2_000;
const TICK_MS = 250;
const RATE_LIMIT_PAUSE_MS = 500;
/** Checking so many transactions takes some milliseconds; then other messages have their turn. */
const TRANSACTIONS_AT_A_TIME = 256;

/** So much of the line as one request asks for. */
interface Range {
  readonly wanted: readonly LinkedHeader[];
  blocks: readonly Uint8Array[] | null;
  /** When each peer who has it in hand was asked. */
  readonly asked: Map<string, number>;
  readonly failed: Set<string>;
}

export class Download {
  readonly #modules: Modules;
  readonly #ranges: Range[] = [];
  readonly #cancelTick: () => void;
  #changed = Promise.withResolvers<void>();
  #state: 'open' | 'ended' | 'over' = 'open';
  #undelivered = false;

  constructor(modules: Modules) {
    this.#modules = modules;
    this.#cancelTick = modules.ctx.every(TICK_MS, () => this.#pump());
  }

  /** Some blocks are to be had from nobody. */
  get isUndelivered(): boolean {
    return this.#undelivered;
  }

  get isOver(): boolean {
    return this.#state === 'over' || this.#modules.ctx.signal.aborted;
  }

  /** Continues the line. */
  add(headers: readonly LinkedHeader[]): void {
    for (let at = 0; at < headers.length; at += MAX_BLOCKS_PER_REQUEST) {
      this.#ranges.push(rangeOf(headers.slice(at, at + MAX_BLOCKS_PER_REQUEST)));
    }
    this.#pump();
    this.#notify();
  }

  /** Resolves when more of the line is of use. */
  async hasRoom(): Promise<void> {
    while (!this.isOver && this.#ranges.length >= MAX_RANGES) await this.#changed.promise;
  }

  /** The next blocks of the line; null after the last. */
  async take(): Promise<readonly Uint8Array[] | null> {
    for (;;) {
      const [first] = this.#ranges;
      if (this.isOver || (first === undefined && this.#state === 'ended')) return null;
      if (first !== undefined && first.blocks !== null) {
        this.#ranges.shift();
        this.#pump();
        this.#notify();
        return first.blocks;
      }
      await this.#changed.promise;
    }
  }

  /** The line goes no further. */
  end(): void {
    if (this.#state === 'open') this.#state = 'ended';
    this.#notify();
  }

  /** Nothing more is wanted. */
  close(): void {
    this.#state = 'over';
    this.#cancelTick();
    this.#notify();
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  #pump(): void {
    if (this.isOver) {
      this.close();
      return;
    }
    const now = this.#modules.ctx.monotonic();
    const connected = new Set(this.#modules.port.peers().map(({ peerId }) => peerId));
    for (const [index, range] of this.#ranges.slice(0, WINDOW).entries()) {
      if (range.blocks !== null) continue;
      for (const peerId of range.asked.keys()) if (!connected.has(peerId)) range.asked.delete(peerId);
      const [askedAt] = range.asked.values();
      const isLate = index === 0 && range.asked.size === 1 && now - (askedAt ?? now) >= LATE_MS;
      if (range.asked.size > 0 && !isLate) continue;
      const holders = this.#holdersOf(range);
      const peerId = this.#modules.suppliers.choose(holders, now);
      if (peerId !== null) void this.#ask(peerId, range);
      else if (holders.length === 0 && range.asked.size === 0) {
        this.#undelivered = true;
        this.close();
        return;
      }
    }
  }

  /** Who is connected, may have all of the range, and was not asked for it yet. */
  #holdersOf({ wanted, asked, failed }: Range): string[] {
    const { port, status, source } = this.#modules;
    const lowest = wanted[0]?.header.height ?? 0;
    const highest = wanted.at(-1)?.header.height ?? 0;
    return port.peers().flatMap(({ peerId }) => {
      const tip = status.tip(peerId);
      const mayHave = tip !== undefined && tip.bodiesFrom <= lowest && (peerId === source || tip.height >= highest);
      return mayHave && !asked.has(peerId) && !failed.has(peerId) ? [peerId] : [];
    });
  }

  async #ask(peerId: string, range: Range): Promise<void> {
    const { ctx, wire, suppliers } = this.#modules;
    const started = ctx.monotonic();
    range.asked.set(peerId, started);
    suppliers.started(peerId);
    try {
      const hashes = range.wanted.map(({ hash }) => hash);
      const answer = await wire.ask(peerId, WIRE.blocks, { hashes });
      if (range.blocks === null && !this.isOver) {
        suppliers.delivered(peerId, answer.length, ctx.monotonic() - started);
        await this.#receive(peerId, range, answer);
      }
    } catch (error) {
      this.#failed(peerId, range, error);
    } finally {
      suppliers.ended(peerId);
      range.asked.delete(peerId);
      this.#pump();
      this.#notify();
    }
  }

  #failed(peerId: string, range: Range, error: unknown): void {
    const { ctx, port, suppliers } = this.#modules;
    ctx.log.debug('blocks not fetched', { peerId, error: errorMessage(error) });
    const now = ctx.monotonic();
    // He will answer the same question later.
    if (isDoinError(error, 'rate-limited')) {
      suppliers.pause(peerId, now + RATE_LIMIT_PAUSE_MS);
      return;
    }
    range.failed.add(peerId);
    if (!port.peers().some((peer) => peer.peerId === peerId)) return;
    suppliers.rest(peerId, now);
    if (isDoinError(error, 'request-timeout')) port.refuse(peerId, 'stalled');
  }

  /** Takes what is right from the front; the rest is a range of its own, for others. */
  async #receive(peerId: string, range: Range, answer: readonly (Uint8Array | null)[]): Promise<void> {
    const { wanted } = range;
    const sizeBytes = answer.reduce((sum, block) => sum + (block?.length ?? 0), 0);
    let blame: RefusalCode | null = answer.length > wanted.length ? 'malformed' : null;
    if (answer.length < wanted.length && sizeBytes < LIMITS.blockBytes) blame = 'truncated';
    const blocks: Uint8Array[] = [];
    let transactions = 0;
    for (const [index, want] of wanted.entries()) {
      const bytes = answer[index] ?? null;
      if (bytes === null) break;
      const block = blockOf(want, bytes);
      if (block === null) {
        blame = 'wrong-body';
        break;
      }
      blocks.push(block.bytes);
      transactions += block.transactions;
      if (transactions < TRANSACTIONS_AT_A_TIME) continue;
      transactions = 0;
      await pause(this.#modules.ctx, 0);
    }
    if (blame !== null) this.#modules.port.refuse(peerId, blame);
    this.#place(peerId, range, blocks, sizeBytes >= LIMITS.blockBytes && blame === null);
  }

  #place(peerId: string, range: Range, blocks: readonly Uint8Array[], isFull: boolean): void {
    const index = this.#ranges.indexOf(range);
    // Meanwhile somebody else delivered it.
    if (index < 0 || range.blocks !== null) return;
    const rest = rangeOf(range.wanted.slice(blocks.length));
    for (const other of range.failed) rest.failed.add(other);
    if (!isFull) rest.failed.add(peerId);
    const front = { ...rangeOf(range.wanted.slice(0, blocks.length)), blocks };
    this.#ranges.splice(index, 1, ...[front, rest].filter(({ wanted }) => wanted.length > 0));
  }
}

function rangeOf(wanted: readonly LinkedHeader[]): Range {
  return { wanted, blocks: null, asked: new Map(), failed: new Set() };
}

/**
 * The bytes of the block if they are the header's, with the header that we asked by: its signature is not in the hash,
 * and whether it is good is the source's affair and not the deliverer's.
 */
function blockOf(
  { hash, header }: LinkedHeader,
  bytes: Uint8Array,
): { bytes: Uint8Array; transactions: number } | null {
  const decoded = decodeBlock(bytes);
  if (!decoded.ok || headerHash(decoded.value.header) !== hash) return null;
  const { transactions } = decoded.value;
  if (transactionsRoot(transactions) !== header.transactionsRoot) return null;
  return { bytes: encode(blockCodec, { header, transactions }), transactions: transactions.length };
}
