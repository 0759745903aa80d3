/** `/stats*`: the tracker's star schema, in upstream's column names. Rows are as its tables hold them: flags 0 or 1, parameters JSON text. */
import { z } from 'zod';
import { count, domainId, isoTime } from './schema.js';

const flag = z.int().min(0).max(1);
const jsonText = z.string().describe('JSON.');
const seconds = z.number().min(0);

const next = z.string().nullable().describe('Give it as `after` for the rest; null at the end of the list.');

const domainStatistics = z.strictObject({
  domain_id: domainId,
  performance_metric: z.string(),
  higher_is_better: flag,
  target_performance: z.number().nullable(),
  experiments: count.describe('Searches of this node.'),
  total_rounds: count,
  best_performance: z.number().nullable().describe('Best round of this node, verified or not.'),
  chain_optimae: count.describe('Accepted on the chain, whoever found them.'),
});

export const experimentRow = z.strictObject({
  experiment_id: z.string(),
  domain_id: domainId,
  node_id: z.string(),
  hostname: z.string(),
  optimizer_plugin: z.string(),
  performance_metric: z.string(),
  higher_is_better: flag,
  optimization_config: jsonText,
  param_bounds: jsonText,
  target_performance: z.number().nullable(),
  started_at: isoTime,
  finished_at: isoTime.nullable(),
  converged: flag,
  doin_version: z.string(),
});

export const summaryRow = z.strictObject({
  experiment_id: z.string(),
  domain_id: domainId,
  total_rounds: count,
  final_performance: z.number().nullable(),
  best_performance: z.number().nullable(),
  time_to_target_seconds: seconds.nullable(),
  total_elapsed_seconds: seconds,
  converged: flag,
  rounds_to_convergence: count.nullable(),
  node_id: z.string(),
  hostname: z.string(),
});

export const roundRow = z.strictObject({
  round_id: z.string(),
  experiment_id: z.string(),
  domain_id: domainId,
  round_number: count,
  timestamp_utc: isoTime,
  performance: z.number(),
  best_performance: z.number(),
  performance_delta: z.number().nullable(),
  is_improvement: flag,
  parameters: jsonText,
  best_parameters: jsonText,
  wall_clock_seconds: seconds,
  elapsed_seconds: seconds,
  time_to_current_best_seconds: seconds.nullable(),
  time_to_target_seconds: seconds.nullable(),
  chain_height: count,
  peers_count: count,
  converged: flag,
  total_rounds: count,
  generation: count,
  population_size: count,
  no_improve_counter: count,
  standard_error: z.number(),
  epochs: count,
  migrant: flag,
});

export const chainOptimumRow = z.strictObject({
  optimae_id: z.string(),
  domain_id: domainId,
  optimizer_id: z.string(),
  experiment_id: z.string(),
  round_number: count,
  parameters: jsonText,
  reported_performance: z.number(),
  verified_performance: z.number(),
  effective_increment: z.number(),
  time_to_this_result_seconds: seconds,
  optimization_config_hash: z.string(),
  data_hash: z.string(),
  previous_best_performance: z.number(),
  reward_fraction: z.number(),
  quorum_agree_fraction: z.number(),
  block_height: count,
  block_timestamp: isoTime,
  ingested_at: isoTime,
  block_hash: z.string(),
});

export const statsPage = z.strictObject({ domains: z.array(domainStatistics) });
export const statsExperimentsPage = z.strictObject({
  experiments: z.array(experimentRow),
  summaries: z.array(summaryRow),
  next,
});
export const statsRoundsPage = z.strictObject({ rounds: z.array(roundRow), next });
export const chainMetricsPage = z.strictObject({ metrics: z.array(chainOptimumRow), count, next });
