/**
 * One thread's tracer. Off, it costs the one boolean that each mailbox queue holds. On, records are kept for a moment
 * and go to main together. What is beyond a moment's capacity is counted and not even looked at, so a storm of messages
 * costs the thread a counter each, and the links and main no more than this much.
 */
import type { Envelope } from '../system/actor.js';
import type { Platform } from '../system/platform.js';
import type { TraceFilter } from './filter.js';
import { TraceMatcher } from './matcher.js';
import { rowOf, type TraceRecord, type TraceRow, traceRecord } from './record.js';

/** With a flush each 20 ms about 25 000 records a second and thread: more than a terminal or a browser can show. */
const CAPACITY = 512;
/** A frame on a screen: later would be seen as lag. */
const FLUSH_MS = 20;

/** What a thread sends to main. */
export interface TraceBatch {
  readonly thread: string;
  /** In the order in which their handlers ended. */
  readonly rows: readonly TraceRow[];
  /** Records beyond the capacity since the last batch. */
  readonly dropped: number;
}

/** What a cell reports to. */
export interface Tracer {
  /** Asked when the filter changed, not for each message. */
  isTraced(role: string, kind: string): boolean;
  /** False, and counted as dropped, when the next message need not even be timed. */
  hasRoom(): boolean;
  /** Times are those of `Platform.stamp`. */
  record(envelope: Envelope, actor: string, startedAt: number, endedAt: number, outcome: string): void;
}

/** Hands each record over at once and loses none: for simulations, where a dead thread's last words count. */
export function directTracer(thread: string, filter: TraceFilter | null, send: (record: TraceRecord) => void): Tracer {
  const matcher = filter === null ? null : new TraceMatcher(filter);
  return {
    isTraced: (role, kind) => matcher?.mayMatch(role, kind) ?? false,
    hasRoom: () => true,
    record: (envelope, actor, startedAt, endedAt, outcome) => {
      const record = traceRecord(envelope, thread, actor, startedAt, endedAt, outcome);
      if (matcher?.matches(record)) send(record);
    },
  };
}

export interface RecorderOptions {
  readonly thread: string;
  readonly platform: Pick<Platform, 'setTimer'>;
  readonly filter: TraceFilter | null;
  readonly send: (batch: TraceBatch) => void;
  readonly capacity?: number;
}

export class TraceRecorder implements Tracer {
  readonly #options: RecorderOptions;
  readonly #capacity: number;
  #matcher: TraceMatcher | null;
  #rows: TraceRow[] = [];
  #dropped = 0;
  #isArmed = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#capacity = options.capacity ?? CAPACITY;
    this.#matcher = options.filter === null ? null : new TraceMatcher(options.filter);
  }

  /** The cells ask `isTraced` again afterwards. */
  setFilter(filter: TraceFilter | null): void {
    this.#matcher = filter === null ? null : new TraceMatcher(filter);
  }

  isTraced(role: string, kind: string): boolean {
    return this.#matcher?.mayMatch(role, kind) ?? false;
  }

  /** A filter that looks into messages has to see them all, or its count of lost ones would mean nothing. */
  hasRoom(): boolean {
    if (this.#rows.length < this.#capacity || this.#matcher === null || this.#matcher.isSelective) return true;
    this.#dropped += 1;
    return false;
  }

  record(envelope: Envelope, actor: string, startedAt: number, endedAt: number, outcome: string): void {
    if (this.#matcher === null) return;
    const record = traceRecord(envelope, this.#options.thread, actor, startedAt, endedAt, outcome);
    if (!this.#matcher.matches(record)) return;
    if (this.#rows.length < this.#capacity) this.#rows.push(rowOf(record));
    else this.#dropped += 1;
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#options.platform.setTimer(FLUSH_MS, this.#flushArmed);
  }

  /** Sends what there is; before a thread ends, nothing else would. */
  flush(): void {
    if (this.#rows.length === 0) return;
    const batch = { thread: this.#options.thread, rows: this.#rows, dropped: this.#dropped };
    this.#rows = [];
    this.#dropped = 0;
    this.#options.send(batch);
  }

  readonly #flushArmed = (): void => {
    this.#isArmed = false;
    this.flush();
  };
}
