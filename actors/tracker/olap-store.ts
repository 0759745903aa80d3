/** The star schema in SQLite. Rows go in as they are; everything that belongs together goes in one transaction. */
import { migrate } from '../../runtime/storage/migrations.js';
import type { Database, SqlValue } from '../../runtime/storage/sqlite.js';
import type { Hash } from '../chain/types.js';
import { type ExperimentProgress, NO_PROGRESS, UNKNOWN_CONFIG } from './experiment.js';
import type { ChainOptimumRow, DomainRow, ExperimentRow, RoundRow } from './rows.js';
import { OLAP_STEPS } from './schema.js';

/** How far the chain is in `fact_chain_optimae`. */
export interface ChainCursor {
  readonly height: number;
  readonly hash: Hash;
}

const SUMMARIZE = `
INSERT OR REPLACE INTO fact_experiment_summary
SELECT e.experiment_id, e.domain_id, count(r.round_id),
  (SELECT performance FROM fact_round WHERE experiment_id = e.experiment_id ORDER BY rowid DESC LIMIT 1),
  (SELECT best_performance FROM fact_round WHERE experiment_id = e.experiment_id ORDER BY rowid DESC LIMIT 1),
  min(r.time_to_target_seconds), coalesce(max(r.elapsed_seconds), 0),
  max(e.converged, coalesce(max(r.converged), 0)),
  CASE WHEN e.converged = 1 THEN count(r.round_id) ELSE min(CASE WHEN r.converged = 1 THEN r.round_number END) END,
  e.node_id, e.hostname
FROM dim_experiment e LEFT JOIN fact_round r ON r.experiment_id = e.experiment_id
WHERE e.experiment_id = ? GROUP BY e.experiment_id`;

/** What new rounds change of it, without counting the old ones again. The same as SUMMARIZE, by a test. */
const ADVANCE = `
UPDATE fact_experiment_summary SET
  final_performance = ?2, best_performance = ?3,
  time_to_target_seconds = coalesce(time_to_target_seconds, ?4),
  total_elapsed_seconds = max(total_elapsed_seconds, ?5),
  rounds_to_convergence = CASE
    WHEN (SELECT converged FROM dim_experiment WHERE experiment_id = ?8) = 1 THEN total_rounds + ?1
    ELSE min(coalesce(rounds_to_convergence, ?6), coalesce(?6, rounds_to_convergence)) END,
  converged = max(converged, ?7),
  total_rounds = total_rounds + ?1
WHERE experiment_id = ?8`;

const COMPLETE = `
UPDATE dim_experiment SET performance_metric = ?, higher_is_better = ?, optimization_config = ?, param_bounds = ?,
  target_performance = ?, started_at = ? WHERE experiment_id = ? AND optimization_config = ?`;

export class OlapStore {
  readonly #database: Database;
  readonly #file: string;

  constructor(database: Database, file: string) {
    this.#database = database;
    this.#file = file;
  }

  async prepare(domains: readonly DomainRow[]): Promise<void> {
    await migrate(this.#database, { file: this.#file, steps: OLAP_STEPS });
    await this.#database.transaction(async () => {
      for (const domain of domains) await this.#insert('REPLACE', 'dim_domain', domain);
    });
  }

  /** A resumed experiment keeps its row and its start; one derived from its rounds gets what they could not tell. */
  async addExperiment(row: ExperimentRow): Promise<void> {
    await this.#database.transaction(async () => {
      await this.#insert('IGNORE', 'dim_experiment', row);
      await this.#database.run(COMPLETE, [
        row.performance_metric,
        row.higher_is_better,
        row.optimization_config,
        row.param_bounds,
        row.target_performance,
        row.started_at,
        row.experiment_id,
        UNKNOWN_CONFIG,
      ]);
      await this.#database.run(SUMMARIZE, [row.experiment_id]);
    });
  }

  getExperiment(experimentId: string): Promise<ExperimentRow | undefined> {
    return this.#database.get('SELECT * FROM dim_experiment WHERE experiment_id = ?', [experimentId]);
  }

  /** What the rounds on disk amount to, so that a restarted tracker goes on where it stopped. */
  async getProgress(experimentId: string): Promise<ExperimentProgress> {
    const last = await this.#database.get<RoundRow>(
      'SELECT * FROM fact_round WHERE experiment_id = ? ORDER BY rowid DESC LIMIT 1',
      [experimentId],
    );
    if (last === undefined) return NO_PROGRESS;
    return {
      rounds: last.total_rounds,
      bestPerformance: last.best_performance,
      secondsToBest: last.time_to_current_best_seconds,
      secondsToTarget: last.time_to_target_seconds,
    };
  }

  /** Those of the ids that are in the store. */
  async knownRounds(roundIds: readonly string[]): Promise<ReadonlySet<string>> {
    const found = await this.#database.allOf<{ round_id: string }>(
      'SELECT round_id FROM fact_round WHERE round_id IN',
      roundIds,
    );
    return new Set(found.map(({ round_id }) => round_id));
  }

  async addRounds(rows: readonly RoundRow[]): Promise<void> {
    const [first] = rows;
    if (first === undefined) return;
    const columns = Object.keys(first) as (keyof RoundRow)[];
    await this.#database.transaction(async () => {
      await this.#database.insert(
        `INSERT INTO fact_round (${columns.join(', ')}) VALUES`,
        rows.map((row) => columns.map((column) => row[column])),
      );
      for (const [id, own] of byExperiment(rows)) await this.#advance(id, own);
    });
  }

  async finishExperiment(experimentId: string, finishedAt: string): Promise<void> {
    await this.#database.transaction(async () => {
      await this.#database.run('UPDATE dim_experiment SET converged = 1, finished_at = ? WHERE experiment_id = ?', [
        finishedAt,
        experimentId,
      ]);
      await this.#database.run(SUMMARIZE, [experimentId]);
    });
  }

  /** Rounds written after the given one, oldest first: what a CSV that ends there still lacks. */
  getRoundsAfter(roundId: string | null, limit: number): Promise<RoundRow[]> {
    const after = roundId === null ? '0' : 'coalesce((SELECT rowid FROM fact_round WHERE round_id = ?), 9e18)';
    return this.#database.all(
      `SELECT * FROM fact_round WHERE rowid > ${after} ORDER BY rowid LIMIT ?`,
      roundId === null ? [limit] : [roundId, limit],
    );
  }

  async countRounds(): Promise<number> {
    return (await this.#database.get<{ count: number }>('SELECT count(*) AS count FROM fact_round'))?.count ?? 0;
  }

  getCursor(): Promise<ChainCursor | undefined> {
    return this.#database.get('SELECT height, hash FROM _chain_cursor');
  }

  /** The optimae of blocks, and the cursor moved onto the last of them. */
  async addBlocks(cursor: ChainCursor, rows: readonly ChainOptimumRow[]): Promise<void> {
    await this.#database.transaction(async () => {
      for (const row of rows) await this.#insert('REPLACE', 'fact_chain_optimae', row);
      await this.#setCursor(cursor);
    });
  }

  /** Takes the rows of these blocks out; `cursor` is the block the chain now ends in, null when unknown. */
  async removeBlocks(hashes: readonly Hash[], cursor: ChainCursor | null): Promise<void> {
    await this.#database.transaction(async () => {
      for (const hash of hashes) {
        await this.#database.run('DELETE FROM fact_chain_optimae WHERE block_hash = ?', [hash]);
      }
      await this.#setCursor(cursor);
    });
  }

  async removeAllBlocks(): Promise<void> {
    await this.#database.transaction(async () => {
      await this.#database.run('DELETE FROM fact_chain_optimae');
      await this.#setCursor(null);
    });
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  #advance(experimentId: string, rows: readonly RoundRow[]): Promise<void> {
    const last = rows.at(-1);
    const converged = rows.filter((row) => row.converged === 1).map((row) => row.round_number);
    return this.#database.run(ADVANCE, [
      rows.length,
      last?.performance ?? null,
      last?.best_performance ?? null,
      last?.time_to_target_seconds ?? null,
      rows.reduce((most, row) => Math.max(most, row.elapsed_seconds), 0),
      converged.length === 0 ? null : Math.min(...converged),
      converged.length === 0 ? 0 : 1,
      experimentId,
    ]);
  }

  #setCursor(cursor: ChainCursor | null): Promise<void> {
    if (cursor === null) return this.#database.run('DELETE FROM _chain_cursor');
    return this.#database.run('INSERT OR REPLACE INTO _chain_cursor VALUES (1, ?, ?)', [cursor.height, cursor.hash]);
  }

  /** Column names are ours, never from outside. */
  #insert(onConflict: 'ABORT' | 'IGNORE' | 'REPLACE', table: string, row: object): Promise<void> {
    const entries: [string, SqlValue][] = Object.entries(row);
    const columns = entries.map(([name]) => name).join(', ');
    const marks = entries.map(() => '?').join(', ');
    return this.#database.run(
      `INSERT OR ${onConflict} INTO ${table} (${columns}) VALUES (${marks})`,
      entries.map(([, value]) => value),
    );
  }
}

function byExperiment(rows: readonly RoundRow[]): ReadonlyMap<string, readonly RoundRow[]> {
  const groups = new Map<string, RoundRow[]>();
  for (const row of rows) {
    const group = groups.get(row.experiment_id);
    if (group === undefined) groups.set(row.experiment_id, [row]);
    else group.push(row);
  }
  return groups;
}
