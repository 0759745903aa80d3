/**
 * Generic cell rate algorithm (ITU-T I.371, "virtual scheduling"): one number per key instead of a token bucket's
 * two. A key's theoretical arrival time is when it would next be exactly on rate; a request may come at most
 * `burst - 1` intervals earlier than that.
 */
export interface GcraOptions {
  readonly ratePerSecond: number;
  /** Requests that may come at once after a silence; at least 1. */
  readonly burst: number;
  /** Keys remembered at most. */
  readonly maxKeys?: number;
}

export class Gcra {
  readonly #intervalMs: number;
  readonly #toleranceMs: number;
  readonly #maxKeys: number;
  readonly #arrival = new Map<string, number>();

  constructor(options: GcraOptions) {
    if (!(options.ratePerSecond > 0)) throw new RangeError(`ratePerSecond ${options.ratePerSecond} is not above 0`);
    if (!(options.burst >= 1)) throw new RangeError(`burst ${options.burst} is below 1`);
    this.#intervalMs = 1000 / options.ratePerSecond;
    // A nanosecond of slack: sums of intervals are rounded, and the last of a burst must not fail for that.
    this.#toleranceMs = (options.burst - 1) * this.#intervalMs + 1e-6;
    this.#maxKeys = options.maxKeys ?? 4096;
  }

  /** True when the request conforms, and then it is counted, as `cost` of them. `nowMs` may not go backwards. */
  allow(key: string, nowMs: number, cost = 1): boolean {
    const due = Math.max(this.#arrival.get(key) ?? nowMs, nowMs);
    if (due - nowMs + (cost - 1) * this.#intervalMs > this.#toleranceMs) return false;
    this.#arrival.delete(key);
    this.#arrival.set(key, due + cost * this.#intervalMs);
    if (this.#arrival.size > this.#maxKeys) this.#forgetIdle(nowMs);
    return true;
  }

  get size(): number {
    return this.#arrival.size;
  }

  /** A key whose time has passed is as good as new. If none has, the one that waited longest is forgotten. */
  #forgetIdle(nowMs: number): void {
    for (const [key, due] of this.#arrival) if (due <= nowMs) this.#arrival.delete(key);
    for (const key of this.#arrival.keys()) {
      if (this.#arrival.size <= this.#maxKeys) return;
      this.#arrival.delete(key);
    }
  }
}
