/** Rows of the star schema (schema.ts), as they stand in its tables. */

/** Booleans are 0 or 1, as SQLite keeps them; times are ISO 8601 in UTC; parameters are JSON text. */
export interface ExperimentRow {
  readonly experiment_id: string;
  readonly domain_id: string;
  readonly node_id: string;
  readonly hostname: string;
  readonly optimizer_plugin: string;
  readonly performance_metric: string;
  readonly higher_is_better: number;
  readonly optimization_config: string;
  readonly param_bounds: string;
  readonly target_performance: number | null;
  readonly started_at: string;
  readonly finished_at: string | null;
  readonly converged: number;
  readonly doin_version: string;
}

export interface RoundRow {
  readonly round_id: string;
  readonly experiment_id: string;
  readonly domain_id: string;
  readonly round_number: number;
  readonly timestamp_utc: string;
  readonly performance: number;
  readonly best_performance: number;
  readonly performance_delta: number | null;
  readonly is_improvement: number;
  readonly parameters: string;
  readonly best_parameters: string;
  readonly wall_clock_seconds: number;
  readonly elapsed_seconds: number;
  readonly time_to_current_best_seconds: number | null;
  readonly time_to_target_seconds: number | null;
  readonly chain_height: number;
  readonly peers_count: number;
  readonly converged: number;
  readonly total_rounds: number;
  readonly generation: number;
  readonly population_size: number;
  readonly no_improve_counter: number;
  readonly standard_error: number;
  readonly epochs: number;
  readonly migrant: number;
}

export interface ChainOptimumRow {
  readonly optimae_id: string;
  readonly domain_id: string;
  readonly optimizer_id: string;
  readonly experiment_id: string;
  readonly round_number: number;
  readonly parameters: string;
  readonly reported_performance: number;
  readonly verified_performance: number;
  readonly effective_increment: number;
  readonly time_to_this_result_seconds: number;
  readonly optimization_config_hash: string;
  readonly data_hash: string;
  readonly previous_best_performance: number;
  readonly reward_fraction: number;
  readonly quorum_agree_fraction: number;
  readonly block_height: number;
  readonly block_timestamp: string;
  readonly ingested_at: string;
  readonly block_hash: string;
}

export interface DomainRow {
  readonly domain_id: string;
  readonly domain_type: string;
  readonly description: string;
  readonly performance_metric: string;
  readonly higher_is_better: number;
  readonly target_performance: number | null;
}

export interface SummaryRow {
  readonly experiment_id: string;
  readonly domain_id: string;
  readonly total_rounds: number;
  readonly final_performance: number | null;
  readonly best_performance: number | null;
  readonly time_to_target_seconds: number | null;
  readonly total_elapsed_seconds: number;
  readonly converged: number;
  readonly rounds_to_convergence: number | null;
  readonly node_id: string;
  readonly hostname: string;
}
