/** What the tracker actor accepts, answers and emits. It writes every round to CSV and to the OLAP star schema. */
import { ask, protocol } from '../../runtime/system/protocol.js';

/** One point of a best-so-far curve. */
export interface CurvePoint {
  readonly roundNumber: number;
  readonly timestampMs: number;
  readonly performance: number;
  readonly bestPerformance: number;
}

export interface ExperimentSummary {
  readonly experimentId: string;
  readonly domainId: string;
  readonly totalRounds: number;
  readonly bestPerformance: number | null;
  readonly converged: boolean;
  readonly elapsedSeconds: number;
}

export const tracker = protocol('tracker', {
  /** The newest `limit` rounds of a domain, oldest first. */
  getCurve: ask<{ domainId: string; limit: number }, { points: readonly CurvePoint[] }>(),
  getExperiments: ask<Record<string, never>, { experiments: readonly ExperimentSummary[] }>(),
  /** Waits until everything received so far is on disk. */
  flush: ask<Record<string, never>, { rounds: number }>(),
});
