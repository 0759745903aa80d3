/**
 * Writes the chain's blocks into the ledgers, every `interval` blocks, as soon as a block is deep enough. It listens to
 * the chain and asks it, and the chain never waits for it. Each ledger has its own pace: one that fails is tried again,
 * with growing pauses, and holds up no other. Only the newest block that is due is written, as it stands for all before.
 */
import { errorMessage } from '../errors.js';
import type { Anchor, AnchorLedger } from './ledger.js';
import type { AnchorNotes } from './notes.js';

/** What the publisher needs of a running chain. */
export interface AnchoredChain {
  /** Calls back after every block; the function it returns ends that. */
  onBlock(listener: () => void): () => void;
  /** The highest block that will not be taken back any more. */
  settledHeight(): Promise<number>;
  /** The canonical block at a height. */
  anchorAt(height: number): Promise<Anchor | null>;
  /** From now on the chain must keep this block. */
  pin(anchor: Anchor, ledger: string): Promise<void>;
  /** Tells the other members where it was written. */
  record(anchor: Anchor, ledger: string, reference: string): Promise<void>;
}

export interface PublisherModules {
  readonly chain: AnchoredChain;
  readonly ledgers: readonly AnchorLedger[];
  readonly notes: AnchorNotes;
  readonly log: { info(message: string): void; warn(message: string): void };
  /** Calls back once after so many ms, unless the function it returns is called before. */
  after(delayMs: number, work: () => void): () => void;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 300_000;

export class AnchorPublisher {
  readonly #modules: PublisherModules;
  readonly #writers: readonly LedgerWriter[];
  #silence: () => void = () => undefined;

  constructor(modules: PublisherModules, interval: number) {
    this.#modules = modules;
    this.#writers = modules.ledgers.map((ledger) => new LedgerWriter(ledger, modules, interval));
  }

  start(): void {
    this.#silence = this.#modules.chain.onBlock(() => this.#wake());
    this.#wake();
  }

  /** Resolves when no ledger is being written to any more. */
  async stop(): Promise<void> {
    this.#silence();
    await Promise.all(this.#writers.map((writer) => writer.stop()));
  }

  #wake(): void {
    for (const writer of this.#writers) writer.wake();
  }
}

class LedgerWriter {
  readonly #ledger: AnchorLedger;
  readonly #modules: PublisherModules;
  readonly #interval: number;
  #running: Promise<void> | null = null;
  #again = false;
  #stopped = false;
  #pauseMs = 0;
  #cancel: (() => void) | null = null;

  constructor(ledger: AnchorLedger, modules: PublisherModules, interval: number) {
    this.#ledger = ledger;
    this.#modules = modules;
    this.#interval = interval;
  }

  /** Looks whether a block is due, unless it is looking already or pausing after a failure. */
  wake(): void {
    if (this.#stopped || this.#cancel !== null) return;
    this.#again = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false;
      try {
        await this.#writeDue();
        this.#pauseMs = 0;
      } catch (error) {
        this.#pause(errorMessage(error));
        return;
      }
    }
  }

  #pause(problem: string): void {
    const { log, after } = this.#modules;
    if (this.#pauseMs === 0) log.warn(`${problem}; trying again until it works`);
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs === 0 ? FIRST_PAUSE_MS : 2 * this.#pauseMs);
    this.#cancel = after(this.#pauseMs, () => {
      this.#cancel = null;
      this.wake();
    });
  }

  async #writeDue(): Promise<void> {
    const { chain, notes, log } = this.#modules;
    const settled = await chain.settledHeight();
    const height = settled - (settled % this.#interval);
    if (height === 0 || height <= (notes.last(this.#ledger)?.height ?? 0)) return;
    const anchor = await chain.anchorAt(height);
    if (anchor === null) return;
    const reference = await this.#ledger.write(anchor);
    await notes.add(this.#ledger, anchor, reference);
    const { kind, place } = this.#ledger;
    await chain.pin(anchor, `${kind} ${place}`);
    log.info(`block ${height} is anchored in ${kind} ${place}: ${reference}`);
    await chain.record(anchor, kind, reference);
  }
}
