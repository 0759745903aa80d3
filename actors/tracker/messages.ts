/** What the tracker actor accepts, answers and emits. It writes every round to CSV and to the OLAP star schema. */
import type { GenomeValues } from '../../runtime/genome/space.js';
import { ask, protocol } from '../../runtime/system/protocol.js';
import type { ChainOptimumRow, ExperimentRow, RoundRow, SummaryRow } from './rows.js';

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

/** One candidate tried here, as people look at it. Performance in the metric's own unit. */
export interface Trial {
  readonly experimentId: string;
  readonly roundNumber: number;
  /** When it ended. */
  readonly timestampMs: number;
  readonly performance: number;
  /** Of its experiment, up to and with this trial. */
  readonly bestPerformance: number;
  readonly standardError: number;
  readonly isImprovement: boolean;
  /** It descends from another node's champion. */
  readonly migrant: boolean;
  readonly epochs: number;
  readonly generation: number;
  readonly seconds: number;
  readonly parameters: GenomeValues;
}

/** Bounds are inclusive, null leaves that side open. */
export interface Between {
  readonly from: number | null;
  readonly to: number | null;
}

/** Which trials, in which order, and which part of them. */
export interface TrialQuery {
  readonly domainId: string;
  readonly improvements: boolean;
  readonly migrants: boolean;
  readonly performance: Between;
  readonly parameters: readonly (Between & { readonly name: string })[];
  readonly sort: 'round' | 'performance';
  readonly descending: boolean;
  readonly offset: number;
  readonly limit: number;
}

export interface TrialSample {
  readonly total: number;
  /** Every n-th of all. */
  readonly spread: readonly Trial[];
  /** Those that were better than all before, which a sample would miss. */
  readonly improvements: readonly Trial[];
}

/** An optimum that the chain accepted. */
export interface AcceptedOptimum {
  readonly optimum: string;
  readonly optimizer: string;
  readonly reported: number;
  readonly verified: number;
  readonly height: number;
  readonly timestampMs: number;
}

export const tracker = protocol('tracker', {
  getExperiments: ask<Record<string, never>, { experiments: readonly ExperimentSummary[] }>(),
  /** One domain, or all with null. */
  getDomains: ask<{ domainId: string | null }, { domains: readonly DomainStatistics[] }>(),
  getExperimentRows: ask<Page, { experiments: readonly ExperimentRow[]; summaries: readonly SummaryRow[] }>(),
  /** Null when there is no such experiment. */
  getRounds: ask<Page & { experimentId: string }, { rounds: readonly RoundRow[] | null }>(),
  getChainOptimae: ask<Page & { domainId: string | null }, { optimae: readonly ChainOptimumRow[] }>(),
  getTrials: ask<TrialQuery, { trials: readonly Trial[]; total: number }>(),
  getTrialSample: ask<{ domainId: string; limit: number }, TrialSample>(),
  /** The newest `limit` of a domain, whoever found them, oldest first. */
  getAccepted: ask<{ domainId: string; limit: number }, { accepted: readonly AcceptedOptimum[] }>(),
  /** Waits until everything received so far is on disk. */
  flush: ask<Record<string, never>, { rounds: number }>(),
});
