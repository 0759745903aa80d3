/** The JSON that people and programs read, as types; the shapes are in pages/. And the summary a run ends with. */
import type { blockPage, blocksPage, chainStatusPage, feesPage } from './pages/chain.js';
import type { domainStatus, healthPage, peersPage, statusPage } from './pages/node.js';
import type { Json } from './pages/schema.js';
import type { chainMetricsPage, statsExperimentsPage, statsPage, statsRoundsPage } from './pages/stats.js';
import type { pendingTasksPage, poolPage, searchesPage } from './pages/work.js';

export type HealthJson = Json<typeof healthPage>;
export type StatusJson = Json<typeof statusPage>;
export type DomainStatus = Json<typeof domainStatus>;
export type LocalSearch = NonNullable<DomainStatus['local']>;
export type DeadLettersJson = StatusJson['dead_letters'];
export type PeersJson = Json<typeof peersPage>;
export type ChainStatusJson = Json<typeof chainStatusPage>;
export type BlockJson = Json<typeof blockPage>;
export type BlocksJson = Json<typeof blocksPage>;
export type FeesJson = Json<typeof feesPage>;
export type PendingTasksJson = Json<typeof pendingTasksPage>;
export type PoolJson = Json<typeof poolPage>;
export type ExperimentsJson = Json<typeof searchesPage>;
export type StatsJson = Json<typeof statsPage>;
export type StatsExperimentsJson = Json<typeof statsExperimentsPage>;
export type StatsRoundsJson = Json<typeof statsRoundsPage>;
export type ChainMetricsJson = Json<typeof chainMetricsPage>;

/** What a run achieved, printed when it ends. */
export interface NodeSummary {
  readonly node_id: string;
  readonly chain_height: number;
  readonly tip_hash: string;
  readonly proof_blocks: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly uptime_s: number;
  readonly domains: readonly DomainSummary[];
}

export interface DomainSummary {
  readonly domain_id: string;
  readonly metric: string;
  /** Best this node measured itself. */
  readonly claimed: number | null;
  /** Best that quorums confirmed. */
  readonly verified: number | null;
  /** The node's best model on the domain's benchmark: real held-out data, or unseen history. */
  readonly held_out: number | null;
  /** Figures to read it beside, such as the error of a naive forecast. */
  readonly held_out_beside: Readonly<Record<string, number>>;
  readonly champion: string | null;
  readonly rounds: number;
}

export function summaryOf(status: StatusJson): NodeSummary {
  return {
    node_id: status.node_id,
    chain_height: status.chain_height,
    tip_hash: status.tip_hash,
    proof_blocks: status.proof_blocks,
    accepted: status.optimae.accepted,
    rejected: status.optimae.rejected,
    uptime_s: status.uptime_s,
    domains: status.domains.map((domain) => ({
      domain_id: domain.domain_id,
      metric: domain.metric,
      claimed: domain.local?.best_performance ?? null,
      verified: domain.best_performance,
      held_out: domain.local?.benchmark_performance ?? null,
      held_out_beside: domain.local?.benchmark_beside ?? {},
      champion: domain.champion,
      rounds: domain.local?.rounds ?? 0,
    })),
  };
}
