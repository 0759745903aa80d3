/** What a benchmark suite is. Results are judged as ratios against a baseline of the same run, never as times. */
export interface BenchGoal {
  readonly ratioAtLeast?: number;
  readonly ratioAtMost?: number;
  readonly valueAtMost?: number;
}

export interface Measured {
  readonly value: number;
  readonly baseline: number | null;
  /** 95 % confidence interval of `value`, where it is a median over seeds. */
  readonly interval?: Interval;
}

export type Interval = readonly [low: number, high: number];

export interface BenchCase {
  readonly name: string;
  /** Of value and baseline, e.g. `messages/s`, `us`. */
  readonly unit: string;
  readonly goal?: BenchGoal;
  /** Runs only when this word is on the command line, for example `--soak`. */
  readonly only?: string;
  run(): Promise<Measured>;
}

export interface BenchSuite {
  readonly name: string;
  readonly cases: readonly BenchCase[];
}

export interface BenchResult {
  readonly suite: string;
  readonly name: string;
  readonly value: number;
  readonly interval: Interval | null;
  readonly unit: string;
  readonly baseline: number | null;
  /** value / baseline. */
  readonly ratio: number | null;
  readonly goal: BenchGoal | null;
  /** Null when there is no goal. */
  readonly met: boolean | null;
}

export async function runCase(suite: string, bench: BenchCase): Promise<BenchResult> {
  const { name, unit, goal = null } = bench;
  const { value, baseline, interval = null } = await bench.run();
  const ratio = baseline === null ? null : value / baseline;
  const met = goal === null ? null : isMet(goal, value, ratio);
  return { suite, name, value, interval, unit, baseline, ratio, goal, met };
}

/** A goal for a ratio is not met by a case that has no baseline. */
function isMet(goal: BenchGoal, value: number, ratio: number | null): boolean {
  const { ratioAtLeast, ratioAtMost, valueAtMost } = goal;
  if (ratioAtLeast !== undefined && !(ratio !== null && ratio >= ratioAtLeast)) return false;
  if (ratioAtMost !== undefined && !(ratio !== null && ratio <= ratioAtMost)) return false;
  return valueAtMost === undefined || value <= valueAtMost;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * 95 % confidence interval of the median, whatever the distribution: its ranks are those of a fair coin's heads, here by
 * the normal approximation. Of 30 values the 10th and the 21st.
 */
export function medianInterval(values: readonly number[]): Interval {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = Math.max(0, Math.floor(sorted.length / 2 - 0.98 * Math.sqrt(sorted.length)));
  return [sorted[rank] ?? Number.NaN, sorted[sorted.length - 1 - rank] ?? Number.NaN];
}

/** Nearest rank. */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN;
}
