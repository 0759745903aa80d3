/** Numbers about actors and threads, cheap enough to be always on. */
import { type EventLoopUtilization, monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';

/**
 * One message in so many is timed: two clock readings cost 0.1 us, a fourth of handling a small message. A prime, so
 * that actors with a regular pattern of messages are not always sampled at the same point of it.
 */
const SAMPLE_EVERY = 17;
/** Below 2^0 us, ... below 2^29 us (9 minutes), and above. */
const BUCKETS = 31;

export interface HistogramStatus {
  /** Messages timed. */
  readonly samples: number;
  readonly mean_us: number;
  /** Upper bounds of the buckets that hold the quantile, so at most twice too high. */
  readonly p50_us: number;
  readonly p99_us: number;
  readonly max_us: number;
  /** How many took less than 2^index us and not less than half of that; as long as its last entry above zero. */
  readonly buckets: readonly number[];
}

/** Durations in buckets that double. */
export class Histogram {
  readonly #counts = new Array<number>(BUCKETS).fill(0);
  #samples = 0;
  #sumUs = 0;
  #maxUs = 0;

  record(durationMs: number): void {
    // Clocks of two threads agree to some 0.01 ms only.
    const us = Math.max(0, durationMs * 1000);
    const bucket = Math.min(BUCKETS - 1, us < 1 ? 0 : 32 - Math.clz32(us));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#samples += 1;
    this.#sumUs += us;
    if (us > this.#maxUs) this.#maxUs = us;
  }

  status(): HistogramStatus {
    const used = this.#counts.findLastIndex((count) => count > 0) + 1;
    return {
      samples: this.#samples,
      mean_us: this.#samples === 0 ? 0 : round(this.#sumUs / this.#samples),
      p50_us: this.#quantile(0.5),
      p99_us: this.#quantile(0.99),
      max_us: round(this.#maxUs),
      buckets: this.#counts.slice(0, used),
    };
  }

  #quantile(fraction: number): number {
    let left = Math.ceil(this.#samples * fraction);
    if (left === 0) return 0;
    let upper = 1;
    for (const count of this.#counts) {
      left -= count;
      if (left <= 0) break;
      upper *= 2;
    }
    return Math.min(upper, round(this.#maxUs));
  }
}

export interface ActorTimes {
  /** From sending to the begin of the handler. */
  readonly wait: HistogramStatus;
  /** From the begin of the handler to its end, waiting included. */
  readonly handle: HistogramStatus;
}

export class ActorMetrics {
  readonly #wait = new Histogram();
  readonly #handle = new Histogram();
  #left = 0;

  /** Whether the next message is to be timed. */
  due(): boolean {
    if (this.#left > 0) {
      this.#left -= 1;
      return false;
    }
    this.#left = SAMPLE_EVERY - 1;
    return true;
  }

  record(sentAt: number, startedAt: number, endedAt: number): void {
    this.#wait.record(startedAt - sentAt);
    this.#handle.record(endedAt - startedAt);
  }

  status(): ActorTimes {
    return { wait: this.#wait.status(), handle: this.#handle.status() };
  }
}

/** Of the thread that an actor lives on, shared by all actors there. */
export interface ThreadLoad {
  /** How late the event loop came to its timers, since the thread started. */
  readonly event_loop_p50_ms: number;
  readonly event_loop_p99_ms: number;
  readonly event_loop_max_ms: number;
  /** Share of the time since the last reading in which the loop was busy, 0 to 1. */
  readonly utilisation: number;
  readonly heap_used_bytes: number;
  readonly heap_limit_bytes: number;
}

/** Granularity of the loop-delay histogram: fine enough for a p99, coarse enough to cost nothing. */
const LOOP_RESOLUTION_MS = 20;

export class ThreadMetrics {
  readonly #delay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  #before: EventLoopUtilization = performance.eventLoopUtilization();

  constructor() {
    this.#delay.enable();
  }

  read(): ThreadLoad {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, this.#before);
    this.#before = now;
    const { used_heap_size, heap_size_limit } = getHeapStatistics();
    return {
      event_loop_p50_ms: lateness(this.#delay.percentile(50)),
      event_loop_p99_ms: lateness(this.#delay.percentile(99)),
      event_loop_max_ms: lateness(this.#delay.max),
      utilisation: round(utilization),
      heap_used_bytes: used_heap_size,
      heap_limit_bytes: heap_size_limit,
    };
  }
}

/** The histogram measures the whole interval between two ticks of its timer, in nanoseconds. */
function lateness(intervalNs: number): number {
  return Math.max(0, round(intervalNs / 1e6 - LOOP_RESOLUTION_MS));
}

function round(value: number): number {
  return Number(value.toFixed(3));
}
