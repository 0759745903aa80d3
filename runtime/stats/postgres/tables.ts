/** The star schema in PostgreSQL: the tables of olap.db in PostgreSQL's own types, and views for people who draw charts. */
import type { Column, OlapTable, Row } from '../olap-file.js';

const KEYS: Readonly<Record<OlapTable, readonly string[]>> = {
  dim_domain: ['domain_id'],
  dim_experiment: ['experiment_id'],
  fact_round: ['round_id'],
  fact_experiment_summary: ['experiment_id'],
  // Several nodes fill one database, and each has a chain of its own opinion until blocks are final.
  fact_chain_optimae: ['source_id', 'optimae_id'],
};

const JSON_COLUMNS = new Set(['parameters', 'best_parameters', 'optimization_config', 'param_bounds']);
const TIME_COLUMNS = new Set(['started_at', 'finished_at', 'timestamp_utc', 'block_timestamp', 'ingested_at']);
const FLAG_COLUMNS = new Set(['higher_is_better', 'converged', 'is_improvement', 'migrant']);

export interface PostgresTable {
  readonly name: OlapTable;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly key: readonly string[];
}

export function postgresTable(name: OlapTable, columns: readonly Column[]): PostgresTable {
  const own = columns.map((column) => ({ name: column.name, type: typeOf(column) }));
  const key = KEYS[name];
  return { name, columns: key.includes('source_id') ? [{ name: 'source_id', type: 'text' }, ...own] : own, key };
}

function typeOf({ name, type }: Column): string {
  if (JSON_COLUMNS.has(name)) return 'jsonb';
  if (TIME_COLUMNS.has(name)) return 'timestamptz';
  if (FLAG_COLUMNS.has(name)) return 'boolean';
  return type === 'text' ? 'text' : type === 'real' ? 'double precision' : 'bigint';
}

/** A row as PostgreSQL's `json_populate_recordset` reads it. */
export function postgresRow(table: PostgresTable, row: Row, sourceId: string): Record<string, unknown> {
  return Object.fromEntries(
    table.columns.map(({ name, type }) => [
      name,
      name === 'source_id' ? sourceId : postgresValue(type, row[name] ?? null),
    ]),
  );
}

function postgresValue(type: string, value: Row[string]): unknown {
  if (value === null) return null;
  if (type === 'boolean') return value === 1;
  if (typeof value !== 'string') return value;
  return type === 'jsonb' ? cleanJson(JSON.parse(value)) : cleanText(value);
}

/** PostgreSQL's text holds neither U+0000 nor half a surrogate pair; some columns are claims of strangers. */
function cleanText(text: string): string {
  return text.replace(/\0|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, '\uFFFD');
}

function cleanJson(value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (Array.isArray(value)) return value.map(cleanJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [cleanText(key), cleanJson(inner)]));
}

export function createTable({ name, columns, key }: PostgresTable): string {
  const lines = columns.map((column) => `${column.name} ${column.type}`);
  return `CREATE TABLE ${name} (${lines.join(', ')}, PRIMARY KEY (${key.join(', ')}))`;
}

/** $1 is a JSON list of rows. */
export function upsert({ name, columns, key }: PostgresTable): string {
  const names = columns.map((column) => column.name);
  const changed = names.filter((column) => !key.includes(column)).map((column) => `${column} = excluded.${column}`);
  return `INSERT INTO ${name} (${names.join(', ')})
    SELECT ${names.join(', ')} FROM json_populate_recordset(NULL::${name}, $1::json)
    ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${changed.join(', ')}`;
}

export const INDEXES_AND_VIEWS = `
CREATE INDEX round_by_experiment ON fact_round (experiment_id, round_number);
CREATE INDEX round_by_domain ON fact_round (domain_id, timestamp_utc);
CREATE INDEX optimae_by_domain ON fact_chain_optimae (domain_id, block_height);

CREATE VIEW chain_optimae AS
  SELECT DISTINCT ON (optimae_id) * FROM fact_chain_optimae ORDER BY optimae_id, block_height DESC;
COMMENT ON VIEW chain_optimae IS 'Each accepted optimum once, however many nodes tell of it';

CREATE VIEW domain_progress AS
  SELECT o.domain_id, d.performance_metric, o.block_height, o.block_timestamp, o.optimizer_id, o.verified_performance,
    CASE WHEN coalesce(d.higher_is_better, true)
      THEN max(o.verified_performance) OVER sofar ELSE min(o.verified_performance) OVER sofar END AS best_so_far
  FROM chain_optimae o LEFT JOIN dim_domain d USING (domain_id)
  WINDOW sofar AS (PARTITION BY o.domain_id ORDER BY o.block_height, o.optimae_id);
COMMENT ON VIEW domain_progress IS 'Verified best of each domain over time: a line chart of best_so_far by block_timestamp';

CREATE VIEW optimizer_ranking AS
  SELECT domain_id, optimizer_id, count(*) AS accepted, sum(effective_increment) AS effective_increment,
    max(block_timestamp) AS last_accepted
  FROM chain_optimae GROUP BY domain_id, optimizer_id;
COMMENT ON VIEW optimizer_ranking IS 'Who found what: a bar chart of effective_increment by optimizer_id';

CREATE VIEW experiment_comparison AS
  SELECT e.experiment_id, e.domain_id, e.node_id, e.hostname, e.optimizer_plugin, e.started_at, e.finished_at,
    e.performance_metric, e.higher_is_better, e.target_performance, s.total_rounds, s.best_performance,
    s.final_performance, s.time_to_target_seconds, s.total_elapsed_seconds, s.converged, s.rounds_to_convergence
  FROM dim_experiment e LEFT JOIN fact_experiment_summary s USING (experiment_id);
COMMENT ON VIEW experiment_comparison IS 'One row for each search: a table to sort and filter';

CREATE VIEW round_progress AS
  SELECT r.*, e.optimizer_plugin, e.node_id, e.hostname FROM fact_round r JOIN dim_experiment e USING (experiment_id);
COMMENT ON VIEW round_progress IS 'Every round with who ran it: a line chart of best_performance by round_number';

CREATE VIEW rounds_by_hour AS
  SELECT date_trunc('hour', r.timestamp_utc) AS hour, r.domain_id, e.node_id, count(*) AS rounds,
    count(*) FILTER (WHERE r.is_improvement) AS improvements, sum(r.wall_clock_seconds) AS training_seconds
  FROM fact_round r JOIN dim_experiment e USING (experiment_id) GROUP BY 1, 2, 3;
COMMENT ON VIEW rounds_by_hour IS 'How much was tried: a bar chart of rounds by hour';
`;
