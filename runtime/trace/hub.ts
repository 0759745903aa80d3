/**
 * Who listens to traces on the main thread: the terminal, the trace file, tails over WebSocket. The threads trace what
 * any of them wants and nothing when there is none.
 */
import { type TraceFilter, widestFilter } from './filter.js';
import { TraceMatcher } from './matcher.js';
import type { TraceRecord } from './record.js';

export interface TraceListener {
  record(record: TraceRecord): void;
  /** So many records of a thread were lost before they got here. */
  dropped(count: number, thread: string): void;
}

export interface TraceSubscription {
  /** Resolves when all threads trace for this listener. */
  readonly ready: Promise<void>;
  cancel(): void;
}

interface Entry {
  readonly filter: TraceFilter;
  readonly matcher: TraceMatcher;
  readonly listener: TraceListener;
}

export class TraceHub {
  readonly #entries = new Set<Entry>();
  readonly #onError: (error: unknown) => void;
  #apply: ((filter: TraceFilter | null) => Promise<void>) | null = null;
  #applied: Promise<void> = Promise.resolve();

  /** `onError`: a thread could not be told; it is restarting and learns the filter when it is back. */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** What the threads have to trace now. */
  get filter(): TraceFilter | null {
    return widestFilter([...this.#entries].map(({ filter }) => filter));
  }

  /** From here on the filter is handed over whenever it changes; those of before went into the system's start. */
  connect(apply: (filter: TraceFilter | null) => Promise<void>): void {
    this.#apply = apply;
  }

  subscribe(filter: TraceFilter, listener: TraceListener): TraceSubscription {
    const entry = { filter, matcher: new TraceMatcher(filter), listener };
    this.#entries.add(entry);
    const ready = this.#changed();
    return {
      ready,
      cancel: () => {
        if (this.#entries.delete(entry)) void this.#changed();
      },
    };
  }

  publish(record: TraceRecord): void {
    for (const { matcher, listener } of this.#entries) if (matcher.matches(record)) listener.record(record);
  }

  dropped(count: number, thread: string): void {
    for (const { listener } of this.#entries) listener.dropped(count, thread);
  }

  /** One after another: the threads must end with the last filter, not with the slowest call's. */
  #changed(): Promise<void> {
    this.#applied = this.#applied.then(() => this.#apply?.(this.filter)).catch(this.#onError);
    return this.#applied;
  }
}
