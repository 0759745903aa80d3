/** What a benchmark suite is. Results are judged as ratios against a baseline of the same run, never as times. */
export interface BenchGoal {
  readonly ratioAtLeast?: number;
  readonly ratioAtMost?: number;
  readonly valueAtMost?: number;
}

export interface BenchCase {
  readonly name: string;
  /** Of value and baseline, e.g. `messages/s`, `us`. */
  readonly unit: string;
  readonly goal?: BenchGoal;
  /** Runs only when this word is on the command line, for example `--soak`. */
  readonly only?: string;
  run(): Promise<{ readonly value: number; readonly baseline: number | null }>;
}

export interface BenchSuite {
  readonly name: string;
  readonly cases: readonly BenchCase[];
}

export interface BenchResult {
  readonly suite: string;
  readonly name: string;
  readonly value: number;
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
  const { value, baseline } = await bench.run();
  const ratio = baseline === null ? null : value / baseline;
  return { suite, name, value, unit, baseline, ratio, goal, met: goal === null ? null : isMet(goal, value, ratio) };
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

/** Nearest rank. */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN;
}
