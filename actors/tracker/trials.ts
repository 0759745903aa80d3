/**
 * Reads trials for people: one page of a table, and few enough for a plot however many there are. Each query is
 * bounded by an index or by a limit, so that a hundred thousand trials are as quick to look at as a hundred.
 */
import type { Database, SqlValue } from '../../runtime/storage/sqlite.js';
import type { AcceptedOptimum, Trial, TrialQuery, TrialSample } from './messages.js';

const COLUMNS =
  'round_id, experiment_id, round_number, timestamp_utc, performance, best_performance, standard_error, is_improvement, migrant, epochs, generation, wall_clock_seconds, parameters';

interface TrialRow {
  readonly experiment_id: string;
  readonly round_number: number;
  readonly timestamp_utc: string;
  readonly performance: number;
  readonly best_performance: number;
  readonly standard_error: number;
  readonly is_improvement: number;
  readonly migrant: number;
  readonly epochs: number;
  readonly generation: number;
  readonly wall_clock_seconds: number;
  readonly parameters: string;
}

/** Columns an index is sorted by; the order of rows is the order in which rounds ended. */
const SORTED_BY = { round: 'rowid', performance: 'performance' } as const;

export class TrialQueries {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async page(query: TrialQuery): Promise<{ readonly trials: readonly Trial[]; readonly total: number }> {
    const { where, values } = conditionsOf(query);
    const direction = query.descending ? 'DESC' : 'ASC';
    const column = SORTED_BY[query.sort];
    // Rows are skipped by their index alone; only those of the page are read whole.
    const chosen = `SELECT rowid FROM fact_round WHERE ${where} ORDER BY ${column} ${direction}, rowid ${direction} LIMIT ? OFFSET ?`;
    const rows = await this.#database.all<TrialRow>(
      `SELECT ${COLUMNS} FROM fact_round WHERE rowid IN (${chosen}) ORDER BY ${column} ${direction}, rowid ${direction}`,
      [...values, query.limit, query.offset],
    );
    return { trials: rows.map(trialOf), total: await this.#count(where, values) };
  }

  /** About `limit` trials evenly spread over all there are, and beside them the newest improvements. */
  async sample(domainId: string, limit: number): Promise<TrialSample> {
    const total = await this.#count('domain_id = ?', [domainId]);
    const step = Math.max(1, Math.ceil(total / limit));
    const spread = await this.#database.all<TrialRow>(
      `SELECT ${COLUMNS} FROM fact_round WHERE rowid IN
        (SELECT rowid FROM fact_round WHERE domain_id = ? AND rowid % ? = 0) ORDER BY rowid`,
      [domainId, step],
    );
    const improvements = await this.#database.all<TrialRow>(
      `SELECT ${COLUMNS} FROM fact_round WHERE domain_id = ? AND is_improvement = 1 ORDER BY rowid DESC LIMIT ?`,
      [domainId, limit],
    );
    return { total, spread: spread.map(trialOf), improvements: improvements.reverse().map(trialOf) };
  }

  /** The newest that the chain accepted in a domain, whoever found them, oldest first. */
  async accepted(domainId: string, limit: number): Promise<readonly AcceptedOptimum[]> {
    const rows = await this.#database.all<{
      optimae_id: string;
      optimizer_id: string;
      reported_performance: number;
      verified_performance: number;
      block_height: number;
      block_timestamp: string;
    }>('SELECT * FROM fact_chain_optimae WHERE domain_id = ? ORDER BY block_height DESC LIMIT ?', [domainId, limit]);
    return rows.reverse().map((row) => ({
      optimum: row.optimae_id,
      optimizer: row.optimizer_id,
      reported: row.reported_performance,
      verified: row.verified_performance,
      height: row.block_height,
      timestampMs: Date.parse(row.block_timestamp),
    }));
  }

  async #count(where: string, values: readonly SqlValue[]): Promise<number> {
    const row = await this.#database.get<{ count: number }>(
      `SELECT count(*) AS count FROM fact_round WHERE ${where}`,
      values,
    );
    return row?.count ?? 0;
  }
}

function conditionsOf(query: TrialQuery): { readonly where: string; readonly values: readonly SqlValue[] } {
  const conditions: (readonly [string, ...SqlValue[]])[] = [['domain_id = ?', query.domainId]];
  if (query.improvements) conditions.push(['is_improvement = 1']);
  if (query.migrants) conditions.push(['migrant = 1']);
  if (query.performance.from !== null) conditions.push(['performance >= ?', query.performance.from]);
  if (query.performance.to !== null) conditions.push(['performance <= ?', query.performance.to]);
  for (const { name, from, to } of query.parameters) {
    const path = `$.${JSON.stringify(name)}`;
    if (from !== null) conditions.push(['json_extract(parameters, ?) >= ?', path, from]);
    if (to !== null) conditions.push(['json_extract(parameters, ?) <= ?', path, to]);
  }
  return {
    where: conditions.map(([text]) => text).join(' AND '),
    values: conditions.flatMap(([, ...values]) => values),
  };
}

function trialOf(row: TrialRow): Trial {
  return {
    experimentId: row.experiment_id,
    roundNumber: row.round_number,
    timestampMs: Date.parse(row.timestamp_utc),
    performance: row.performance,
    bestPerformance: row.best_performance,
    standardError: row.standard_error,
    isImprovement: row.is_improvement === 1,
    migrant: row.migrant === 1,
    epochs: row.epochs,
    generation: row.generation,
    seconds: row.wall_clock_seconds,
    parameters: JSON.parse(row.parameters) as Trial['parameters'],
  };
}
