/** What people ask the star schema. Every list is bounded, and goes on after the last row that was seen. */
import type { Database, SqlValue } from '../../runtime/storage/sqlite.js';
import type { DomainStatistics, ExperimentSummary, Page } from './messages.js';
import type { ChainOptimumRow, ExperimentRow, RoundRow, SummaryRow } from './rows.js';

const BY_DOMAIN = `
SELECT d.domain_id, d.performance_metric, d.higher_is_better, d.target_performance,
  (SELECT count(*) FROM dim_experiment e WHERE e.domain_id = d.domain_id) AS experiments,
  (SELECT coalesce(sum(s.total_rounds), 0) FROM fact_experiment_summary s WHERE s.domain_id = d.domain_id) AS total_rounds,
  (SELECT CASE d.higher_is_better WHEN 1 THEN max(s.best_performance) ELSE min(s.best_performance) END
     FROM fact_experiment_summary s WHERE s.domain_id = d.domain_id) AS best_performance,
  (SELECT count(*) FROM fact_chain_optimae c WHERE c.domain_id = d.domain_id) AS chain_optimae
FROM dim_domain d`;

export class OlapQueries {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async summaries(): Promise<ExperimentSummary[]> {
    const rows = await this.#database.all<SummaryRow>('SELECT * FROM fact_experiment_summary ORDER BY rowid');
    return rows.map((row) => ({
      experimentId: row.experiment_id,
      domainId: row.domain_id,
      totalRounds: row.total_rounds,
      bestPerformance: row.best_performance,
      converged: row.converged === 1,
      elapsedSeconds: row.total_elapsed_seconds,
    }));
  }

  domains(domainId: string | null): Promise<DomainStatistics[]> {
    return domainId === null
      ? this.#database.all(`${BY_DOMAIN} ORDER BY d.domain_id`)
      : this.#database.all(`${BY_DOMAIN} WHERE d.domain_id = ?`, [domainId]);
  }

  /** In the order of their start here. `after`: the last experiment id of the page before. */
  async experiments({ after, limit }: Page): Promise<{ experiments: ExperimentRow[]; summaries: SummaryRow[] }> {
    const experiments = await this.#database.all<ExperimentRow>(
      `SELECT * FROM dim_experiment WHERE rowid > ${afterRow('dim_experiment', 'experiment_id', after)} ORDER BY rowid LIMIT ?`,
      parameters([], after, limit),
    );
    const summaries = await this.#database.allOf<SummaryRow>(
      'SELECT * FROM fact_experiment_summary WHERE experiment_id IN',
      experiments.map((row) => row.experiment_id),
    );
    const place = new Map(experiments.map((row, index) => [row.experiment_id, index]));
    const at = (row: SummaryRow) => place.get(row.experiment_id) ?? 0;
    return { experiments, summaries: summaries.sort((a, b) => at(a) - at(b)) };
  }

  /** In the order in which they ended. `after`: the last round id of the page before. */
  rounds(experimentId: string, { after, limit }: Page): Promise<RoundRow[]> {
    return this.#database.all(
      `SELECT * FROM fact_round WHERE experiment_id = ? AND rowid > ${afterRow('fact_round', 'round_id', after)} ORDER BY rowid LIMIT ?`,
      parameters([experimentId], after, limit),
    );
  }

  async hasExperiment(experimentId: string): Promise<boolean> {
    const row = await this.#database.get('SELECT 1 FROM dim_experiment WHERE experiment_id = ?', [experimentId]);
    return row !== undefined;
  }

  /** In the order of the chain. `after`: the last optimum of the page before. */
  chainOptimae(domainId: string | null, { after, limit }: Page): Promise<ChainOptimumRow[]> {
    const conditions = [
      ...(domainId === null ? [] : ['domain_id = ?']),
      ...(after === null
        ? []
        : [
            '(block_height, optimae_id) > (SELECT block_height, optimae_id FROM fact_chain_optimae WHERE optimae_id = ?)',
          ]),
    ];
    const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
    return this.#database.all(
      `SELECT * FROM fact_chain_optimae ${where} ORDER BY block_height, optimae_id LIMIT ?`,
      parameters(domainId === null ? [] : [domainId], after, limit),
    );
  }
}

/** Nothing comes after a row that is not there. */
function afterRow(table: string, key: string, after: string | null): string {
  return after === null ? '0' : `coalesce((SELECT rowid FROM ${table} WHERE ${key} = ?), 9e18)`;
}

function parameters(first: readonly SqlValue[], after: string | null, limit: number): SqlValue[] {
  return [...first, ...(after === null ? [] : [after]), limit];
}
