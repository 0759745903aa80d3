/**
 * Versions of a database's schema. Each step is SQL that leads from the version before it; a file is brought up to
 * date step by step, each in one transaction, so that a crash leaves it at one version or the next. A file of a newer
 * program is refused: nobody knows what its tables mean.
 */
import { DoinError } from '../errors.js';
import type { Database } from './sqlite.js';

export interface SchemaVersions {
  /** For the message: which of the node's databases this is. */
  readonly file: string;
  /** The step at index i makes version i + 1. */
  readonly steps: readonly string[];
}

const VERSION_TABLE =
  'CREATE TABLE IF NOT EXISTS _schema_version (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL)';

/** Returns the version that the file had before. */
export async function migrate(database: Database, { file, steps }: SchemaVersions): Promise<number> {
  await database.exec(VERSION_TABLE);
  const found = await schemaVersion(database);
  if (found > steps.length) throw tooNew(file, found, steps.length);
  for (const [index, sql] of steps.entries()) {
    if (index < found) continue;
    await database.transaction(async () => {
      await database.exec(sql);
      await database.run("INSERT INTO _schema_version VALUES (?, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))", [index + 1]);
    });
  }
  return found;
}

/** For readers, which change nothing: the version must be the program's own. */
export async function requireVersion(database: Database, { file, steps }: SchemaVersions): Promise<void> {
  const found = (await hasVersions(database)) ? await schemaVersion(database) : 0;
  if (found > steps.length) throw tooNew(file, found, steps.length);
  if (found < steps.length) {
    throw new DoinError(
      { code: 'store-outdated', file, found, supported: steps.length },
      `data_dir: ${file} has schema version ${found}, and this program reads version ${steps.length}; start the node once with this program, which upgrades it`,
    );
  }
}

async function schemaVersion(database: Database): Promise<number> {
  const row = await database.get<{ version: number | null }>('SELECT max(version) AS version FROM _schema_version');
  return row?.version ?? 0;
}

async function hasVersions(database: Database): Promise<boolean> {
  const row = await database.get("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_schema_version'");
  return row !== undefined;
}

function tooNew(file: string, found: number, supported: number): DoinError {
  return new DoinError(
    { code: 'store-too-new', file, found, supported },
    `data_dir: ${file} was written by a newer program (schema version ${found}, this one knows up to ${supported}); use that program, or a data_dir from before its upgrade`,
  );
}
