/**
 * The tracker's columns: upstream's names (OLAP schema v3 and its CSV), without those this node has nothing to put
 * in, plus a few of our own at the end of each list.
 */
import type { ExperimentRow, RoundRow } from './rows.js';

const STAR = `
CREATE TABLE IF NOT EXISTS dim_domain (
  domain_id TEXT PRIMARY KEY, domain_type TEXT NOT NULL, description TEXT NOT NULL,
  performance_metric TEXT NOT NULL, higher_is_better INTEGER NOT NULL, target_performance REAL);
CREATE TABLE IF NOT EXISTS dim_experiment (
  experiment_id TEXT PRIMARY KEY, domain_id TEXT NOT NULL, node_id TEXT NOT NULL, hostname TEXT NOT NULL,
  optimizer_plugin TEXT NOT NULL, performance_metric TEXT NOT NULL, higher_is_better INTEGER NOT NULL,
  optimization_config TEXT NOT NULL, param_bounds TEXT NOT NULL, target_performance REAL, started_at TEXT NOT NULL,
  finished_at TEXT, converged INTEGER NOT NULL, doin_version TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS fact_round (
  round_id TEXT PRIMARY KEY, experiment_id TEXT NOT NULL REFERENCES dim_experiment(experiment_id),
  domain_id TEXT NOT NULL, round_number INTEGER NOT NULL, timestamp_utc TEXT NOT NULL, performance REAL NOT NULL,
  best_performance REAL NOT NULL, performance_delta REAL, is_improvement INTEGER NOT NULL, parameters TEXT NOT NULL,
  best_parameters TEXT NOT NULL, wall_clock_seconds REAL NOT NULL, elapsed_seconds REAL NOT NULL,
  time_to_current_best_seconds REAL, time_to_target_seconds REAL, chain_height INTEGER NOT NULL,
  peers_count INTEGER NOT NULL, converged INTEGER NOT NULL, total_rounds INTEGER NOT NULL,
  generation INTEGER NOT NULL, population_size INTEGER NOT NULL, no_improve_counter INTEGER NOT NULL,
  standard_error REAL NOT NULL, epochs INTEGER NOT NULL, migrant INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS fact_experiment_summary (
  experiment_id TEXT PRIMARY KEY REFERENCES dim_experiment(experiment_id), domain_id TEXT NOT NULL,
  total_rounds INTEGER NOT NULL, final_performance REAL, best_performance REAL, time_to_target_seconds REAL,
  total_elapsed_seconds REAL NOT NULL, converged INTEGER NOT NULL, rounds_to_convergence INTEGER,
  node_id TEXT NOT NULL, hostname TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS fact_chain_optimae (
  optimae_id TEXT PRIMARY KEY, domain_id TEXT NOT NULL, optimizer_id TEXT NOT NULL, experiment_id TEXT NOT NULL,
  round_number INTEGER NOT NULL, parameters TEXT NOT NULL, reported_performance REAL NOT NULL,
  verified_performance REAL NOT NULL, effective_increment REAL NOT NULL, time_to_this_result_seconds REAL NOT NULL,
  optimization_config_hash TEXT NOT NULL, data_hash TEXT NOT NULL, previous_best_performance REAL NOT NULL,
  reward_fraction REAL NOT NULL, quorum_agree_fraction REAL NOT NULL, block_height INTEGER NOT NULL,
  block_timestamp TEXT NOT NULL, ingested_at TEXT NOT NULL, block_hash TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS _chain_cursor (id INTEGER PRIMARY KEY CHECK (id = 1), height INTEGER NOT NULL, hash TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS round_by_experiment ON fact_round(experiment_id);
CREATE INDEX IF NOT EXISTS round_by_domain ON fact_round(domain_id);
CREATE INDEX IF NOT EXISTS experiment_by_domain ON dim_experiment(domain_id);
CREATE INDEX IF NOT EXISTS optimae_by_domain ON fact_chain_optimae(domain_id);
CREATE INDEX IF NOT EXISTS optimae_by_block ON fact_chain_optimae(block_hash);
`;

/**
 * What a copy elsewhere needs to follow this file: who it is, and which rows of the small tables were written or
 * taken out since. Rounds are only ever added, so their rowid tells the same.
 */
const CHANGES = `
CREATE TABLE _source (id TEXT NOT NULL);
INSERT INTO _source VALUES (lower(hex(randomblob(16))));
CREATE TABLE _changes (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, table_name TEXT NOT NULL, key TEXT NOT NULL, UNIQUE (table_name, key));
${[
  ['dim_domain', 'domain_id'],
  ['dim_experiment', 'experiment_id'],
  ['fact_experiment_summary', 'experiment_id'],
  ['fact_chain_optimae', 'optimae_id'],
]
  .map(
    ([table, key]) => `
INSERT INTO _changes (table_name, key) SELECT '${table}', ${key} FROM ${table};
${['INSERT', 'UPDATE', 'DELETE']
  .map(
    (event) => `CREATE TRIGGER ${table}_${event.toLowerCase()} AFTER ${event} ON ${table} BEGIN
  INSERT OR REPLACE INTO _changes (table_name, key) VALUES ('${table}', ${event === 'DELETE' ? 'old' : 'new'}.${key});
END;`,
  )
  .join('\n')}`,
  )
  .join('\n')}
`;

/** For those who look at a hundred thousand trials: the best, the improvements, the newest of the chain. */
const LOOKING = `
CREATE INDEX round_by_performance ON fact_round(domain_id, performance);
CREATE INDEX round_improvements ON fact_round(domain_id) WHERE is_improvement = 1;
CREATE INDEX optimae_by_height ON fact_chain_optimae(domain_id, block_height);
DROP INDEX optimae_by_domain;
`;

/** Index i leads to version i + 1. A step that was published is never changed. */
export const OLAP_STEPS: readonly string[] = [STAR, CHANGES, LOOKING];

type CsvSource = (round: RoundRow, experiment: ExperimentRow) => string | number | null;

/** Every CSV column and where it comes from. `round_id` leads: the file is resumed by it. */
const CSV_TABLE: readonly (readonly [string, CsvSource])[] = [
  ['round_id', (round) => round.round_id],
  ['experiment_id', (round) => round.experiment_id],
  ['domain_id', (round) => round.domain_id],
  ['node_id', (_, experiment) => experiment.node_id],
  ['timestamp_utc', (round) => round.timestamp_utc],
  ['wall_clock_seconds', (round) => round.wall_clock_seconds],
  ['experiment_start_utc', (_, experiment) => experiment.started_at],
  ['time_to_current_best_seconds', (round) => round.time_to_current_best_seconds],
  ['time_to_target_seconds', (round) => round.time_to_target_seconds],
  ['total_rounds', (round) => round.total_rounds],
  ['round_number', (round) => round.round_number],
  ['performance', (round) => round.performance],
  ['best_performance', (round) => round.best_performance],
  ['target_performance', (_, experiment) => experiment.target_performance],
  ['performance_delta', (round) => round.performance_delta],
  ['converged', (round) => round.converged],
  ['parameters', (round) => round.parameters],
  ['best_parameters', (round) => round.best_parameters],
  ['optimization_config', (_, experiment) => experiment.optimization_config],
  ['param_bounds', (_, experiment) => experiment.param_bounds],
  ['hostname', (_, experiment) => experiment.hostname],
  ['optimizer_plugin', (_, experiment) => experiment.optimizer_plugin],
  ['performance_metric', (_, experiment) => experiment.performance_metric],
  ['higher_is_better', (_, experiment) => experiment.higher_is_better],
  ['doin_version', (_, experiment) => experiment.doin_version],
  ['chain_height', (round) => round.chain_height],
  ['peers_count', (round) => round.peers_count],
  ['generation', (round) => round.generation],
  ['population_size', (round) => round.population_size],
  ['no_improve_counter', (round) => round.no_improve_counter],
  ['optimization_patience', (_, experiment) => patienceOf(experiment)],
  ['elapsed_seconds', (round) => round.elapsed_seconds],
  ['is_improvement', (round) => round.is_improvement],
  ['standard_error', (round) => round.standard_error],
  ['epochs', (round) => round.epochs],
  ['migrant', (round) => round.migrant],
];

export const CSV_COLUMNS: readonly string[] = CSV_TABLE.map(([name]) => name);

export function csvValues(round: RoundRow, experiment: ExperimentRow): readonly (string | number | null)[] {
  return CSV_TABLE.map(([, source]) => source(round, experiment));
}

function patienceOf(experiment: ExperimentRow): number | null {
  const config: unknown = JSON.parse(experiment.optimization_config);
  const patience = typeof config === 'object' && config !== null ? Reflect.get(config, 'optimization_patience') : null;
  return typeof patience === 'number' ? patience : null;
}
