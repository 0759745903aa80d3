/** How often, and how soon, something that crashed is started again. The same rule for an actor and for a thread. */
export interface RestartOptions {
  /** Crashes within the window that are answered by a restart; one more escalates. */
  readonly maxRestarts: number;
  readonly windowMs: number;
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
}

export const DEFAULT_RESTART: RestartOptions = {
  maxRestarts: 5,
  windowMs: 60_000,
  baseDelayMs: 100,
  maxDelayMs: 10_000,
};

export class RestartPolicy {
  readonly #options: RestartOptions;
  #crashes: number[] = [];

  constructor(options: RestartOptions) {
    this.#options = options;
  }

  /**
   * Milliseconds to wait before the restart, or null to give up. Exponential, with "equal jitter" (half fixed, half
   * random; Brooker, "Exponential Backoff And Jitter", AWS 2015), so that actors felled together rise apart.
   * `fraction` is a random number in [0, 1).
   */
  crashed(nowMs: number, fraction: number): number | null {
    const { maxRestarts, windowMs, baseDelayMs, maxDelayMs } = this.#options;
    this.#crashes = this.#crashes.filter((at) => at > nowMs - windowMs);
    this.#crashes.push(nowMs);
    if (this.#crashes.length > maxRestarts) return null;
    const delayMs = Math.min(maxDelayMs, baseDelayMs * 2 ** (this.#crashes.length - 1));
    return delayMs / 2 + (delayMs / 2) * fraction;
  }
}
