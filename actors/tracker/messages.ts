/** What the tracker actor accepts, answers and emits. It writes every round to CSV and to the OLAP star schema. */
import { ask, protocol } from '../../runtime/system/protocol.js';
import type { ChainOptimumRow, ExperimentRow, RoundRow, SummaryRow } from './rows.js';

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

/** A part of a list: what comes after a row by its id, null from the beginning. */
export interface Page {
  readonly after: string | null;
  readonly limit: number;
}

/** What the star schema holds of one domain. */
export interface DomainStatistics {
  readonly domain_id: string;
  readonly performance_metric: string;
  readonly higher_is_better: number;
  readonly target_performance: number | null;
  /** Of this node. */
  readonly experiments: number;
  readonly total_rounds: number;
  readonly best_performance: number | null;
  /** Accepted on the chain, whoever found them. */
  readonly chain_optimae: number;
}

export const tracker = protocol('tracker', {
  /** The newest `limit` rounds of a domain, oldest first. */
  getCurve: ask<{ domainId: string; limit: number }, { points: readonly CurvePoint[] }>(),
  getExperiments: ask<Record<string, never>, { experiments: readonly ExperimentSummary[] }>(),
  /** One domain, or all with null. */
  getDomains: ask<{ domainId: string | null }, { domains: readonly DomainStatistics[] }>(),
  getExperimentRows: ask<Page, { experiments: readonly ExperimentRow[]; summaries: readonly SummaryRow[] }>(),
  /** Null when there is no such experiment. */
  getRounds: ask<Page & { experimentId: string }, { rounds: readonly RoundRow[] | null }>(),
  getChainOptimae: ask<Page & { domainId: string | null }, { optimae: readonly ChainOptimumRow[] }>(),
  /** Waits until everything received so far is on disk. */
  flush: ask<Record<string, never>, { rounds: number }>(),
});
