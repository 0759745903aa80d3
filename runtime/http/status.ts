/** The JSON that people and programs read: `/status` and the summary a run ends with. Snake case, upstream's names. */
import type { DeadLetter } from '../system/dead-letters.js';
import type { ActorStatus } from '../system/status.js';

export interface DomainStatus {
  readonly domain_id: string;
  readonly metric: string;
  readonly direction: 'maximize' | 'minimize';
  /** Verified best of the whole network; null until an optimum was accepted. */
  readonly best_performance: number | null;
  /** What a naive solution reaches: where the domain starts. */
  readonly baseline: number;
  readonly target_performance: number | null;
  /** Id of the optimum that holds the best, null until there is one. */
  readonly champion: string | null;
  readonly accepted: number;
  readonly optimize: boolean;
  readonly evaluate: boolean;
  /** This node's own search, null when it does not optimize the domain. */
  readonly local: LocalSearch | null;
}

export interface LocalSearch {
  readonly rounds: number;
  /** Best measured here, verified or not. */
  readonly best_performance: number | null;
  /** The same model on real held-out data. */
  readonly benchmark_performance: number | null;
  readonly running: number;
  readonly state: string;
}

/** Messages between actors that nobody handled. */
export interface DeadLettersJson {
  /** Since the node started. */
  readonly total: number;
  /** The last ones, newest first; a sudden flood is told by its count. */
  readonly recent: readonly (Omit<DeadLetter, 'traceId' | 'time'> & {
    readonly trace_id: string;
    /** When it was found dead, milliseconds since the epoch. */
    readonly time_ms: number;
  })[];
}

export interface StatusJson {
  readonly node_id: string;
  readonly node_label: string;
  readonly version: string;
  readonly uptime_s: number;
  readonly role: string;
  readonly network: string;
  readonly chain_height: number;
  readonly tip_hash: string;
  readonly proof_blocks: number;
  /** The newest block that cannot be undone: two thirds of the reputation stand behind it. */
  readonly finalized_height: number;
  readonly finalized_hash: string;
  /** Revealed optimae wait for their verdict, or a proof block to become final. Commits that wait for a reveal do not count. */
  readonly busy: boolean;
  readonly peers: number;
  readonly optimae: {
    readonly committed: number;
    readonly revealed: number;
    readonly accepted: number;
    readonly rejected: number;
  };
  readonly domains: readonly DomainStatus[];
  readonly reputation: number;
  readonly balance: number;
  readonly mempool: number;
  readonly pending_work: number;
  readonly threshold: number;
  readonly reorgs: number;
  readonly p2p_addresses: readonly string[];
  /** Things from outside that were refused without effect, by code. */
  readonly refused: Readonly<Record<string, number>>;
  readonly actors: readonly ActorStatus[];
  readonly dead_letters: DeadLettersJson;
  /** Actors that did not answer in time; their parts of this page are empty. */
  readonly unavailable: readonly { readonly actor: string; readonly reason: string }[];
}

export interface PeersJson {
  readonly self: { readonly node_id: string; readonly addresses: readonly string[] };
  readonly peers: readonly {
    readonly peer_id: string;
    readonly address: string;
    readonly direction: string;
    readonly latency_ms: number | null;
    readonly chain_height: number | null;
    readonly score: number;
  }[];
  readonly refused: Readonly<Record<string, number>>;
}

export interface ExperimentsJson {
  readonly experiments: readonly {
    readonly experiment_id: string;
    readonly domain_id: string;
    readonly total_rounds: number;
    readonly best_performance: number | null;
    readonly converged: boolean;
    readonly elapsed_seconds: number;
  }[];
}

export interface BlockJson {
  readonly hash: string;
  readonly header: {
    readonly index: number;
    readonly previous_hash: string;
    /** ISO 8601, UTC. */
    readonly timestamp: string;
    readonly generator_id: string;
    readonly [field: string]: unknown;
  };
  readonly proof_block: boolean;
  readonly transactions: readonly unknown[];
  readonly records: readonly { readonly type: string }[];
}

export interface BlocksJson {
  readonly from: number;
  readonly to: number;
  readonly chain_height: number;
  readonly blocks: readonly BlockJson[];
  readonly has_more: boolean;
}

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
  /** The node's best model on real held-out data. */
  readonly held_out: number | null;
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
      champion: domain.champion,
      rounds: domain.local?.rounds ?? 0,
    })),
  };
}
