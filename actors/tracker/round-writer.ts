/** Collects finished rounds and writes them in batches: one SQLite transaction, then one CSV write. */
import { Serial } from '../../runtime/serial.js';
import type { CsvAppender } from '../../runtime/storage/csv-appender.js';
import type { Round } from '../optimizer/messages.js';
import { type ExperimentProgress, roundIdOf, trackRound } from './experiment.js';
import type { OlapStore } from './olap-store.js';
import type { ExperimentRow, RoundRow } from './rows.js';
import { csvValues } from './schema.js';

/** Rows of one catching-up read, so that a lost CSV of a million rounds is rebuilt in bounded memory. */
const COMPLETE_ROWS = 1000;

export class RoundWriter {
  readonly #store: OlapStore;
  readonly #csv: CsvAppender;
  readonly #derive: (round: Round) => ExperimentRow;
  #waiting: Round[] = [];
  readonly #serial = new Serial();

  /** `derive` makes the row of an experiment that is not in the store from the first of its rounds. */
  constructor(store: OlapStore, csv: CsvAppender, derive: (round: Round) => ExperimentRow) {
    this.#store = store;
    this.#csv = csv;
    this.#derive = derive;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  add(round: Round): void {
    this.#waiting.push(round);
  }

  /** Writes everything added so far. A failure keeps the rounds for the next try. */
  flush(): Promise<void> {
    return this.#serial.run(() => this.#writeBatch());
  }

  /** Appends to the CSV what only SQLite has: rounds whose CSV line a crash prevented. */
  async completeCsv(): Promise<void> {
    let last = this.#csv.lastKey;
    for (;;) {
      const rows = await this.#store.getRoundsAfter(last, COMPLETE_ROWS);
      const next = rows.at(-1)?.round_id;
      if (next === undefined) return;
      await this.#appendCsv(rows, new Map());
      last = next;
    }
  }

  async #writeBatch(): Promise<void> {
    const batch = [...this.#waiting];
    if (batch.length === 0) return;
    const experiments = new Map<string, ExperimentRow>();
    const progress = new Map<string, ExperimentProgress>();
    const rows = new Map<string, RoundRow>();
    // A search that resumes from an older save repeats round numbers; the first result stays.
    const known = await this.#store.knownRounds(batch.map(roundIdOf));
    for (const round of batch) {
      if (known.has(roundIdOf(round)) || rows.has(roundIdOf(round))) continue;
      const id = round.experimentId;
      const experiment = await this.#experimentOf(round, experiments);
      const before = progress.get(id) ?? (await this.#store.getProgress(id));
      const tracked = trackRound(experiment, before, round);
      rows.set(tracked.row.round_id, tracked.row);
      progress.set(id, tracked.progress);
    }
    const fresh = [...rows.values()];
    await this.#store.addRounds(fresh);
    this.#waiting = this.#waiting.slice(batch.length);
    await this.#appendCsv(fresh, experiments);
  }

  async #appendCsv(rows: readonly RoundRow[], experiments: Map<string, ExperimentRow>): Promise<void> {
    const lines: (readonly (string | number | null)[])[] = [];
    for (const row of rows) lines.push(csvValues(row, await this.#experiment(row.experiment_id, experiments)));
    await this.#csv.append(lines);
  }

  /** The announcement may have been lost in a restart of this actor while the search went on. */
  async #experimentOf(round: Round, cache: Map<string, ExperimentRow>): Promise<ExperimentRow> {
    const id = round.experimentId;
    const known = cache.get(id) ?? (await this.#store.getExperiment(id));
    const row = known ?? this.#derive(round);
    if (known === undefined) await this.#store.addExperiment(row);
    cache.set(id, row);
    return row;
  }

  async #experiment(id: string, cache: Map<string, ExperimentRow>): Promise<ExperimentRow> {
    const row = cache.get(id) ?? (await this.#store.getExperiment(id));
    // A stored round refers to a stored experiment; the schema sees to that.
    if (row === undefined) throw new Error(`the store holds rounds of experiment ${id}, but not the experiment`);
    cache.set(id, row);
    return row;
  }
}
