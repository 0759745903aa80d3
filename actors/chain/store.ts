/** The chain on disk. A block is stored, with what it derived, before anything acts on it. */

import { DoinError } from '../../runtime/errors.js';
import { Database } from '../../runtime/storage/sqlite.js';
import type { ChainRecord, Hash } from './types.js';

export interface StoredBlock {
  readonly hash: Hash;
  readonly parent: Hash;
  readonly height: number;
  readonly isProofBlock: boolean;
  readonly bytes: Uint8Array;
}

export interface HeadChange {
  readonly head: Hash;
  /** Leave the canonical chain, highest first. */
  readonly reverted: readonly Hash[];
  /** Join it, lowest first. */
  readonly applied: readonly Hash[];
}

/** A block with the facts it derived. */
export interface BlockToStore {
  readonly block: StoredBlock;
  readonly records: readonly ChainRecord[];
}

/** What the chain actor needs of a store; SQLite in production. */
export interface BlockStore {
  /** Saves blocks and, when they change the head, the new canonical chain: all of it in one transaction, or nothing. */
  save(blocks: readonly BlockToStore[], change: HeadChange | null): Promise<void>;
  get(hash: Hash): Promise<StoredBlock | null>;
  getRecords(hash: Hash): Promise<readonly ChainRecord[]>;
  canonicalAt(height: number): Promise<StoredBlock | null>;
  /** Canonical blocks from a height on, ascending. */
  canonicalFrom(height: number, limit: number): Promise<readonly StoredBlock[]>;
  isCanonical(hash: Hash): Promise<boolean>;
  close(): Promise<void>;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS blocks (
    hash TEXT PRIMARY KEY,
    parent TEXT NOT NULL,
    height INTEGER NOT NULL,
    canonical INTEGER NOT NULL,
    proof INTEGER NOT NULL,
    bytes BLOB NOT NULL
  );
  CREATE UNIQUE INDEX IF NOT EXISTS canonical_height ON blocks (height) WHERE canonical = 1;
  CREATE TABLE IF NOT EXISTS records (
    block TEXT NOT NULL REFERENCES blocks (hash),
    position INTEGER NOT NULL,
    type TEXT NOT NULL,
    optimum TEXT,
    content TEXT NOT NULL,
    PRIMARY KEY (block, position)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS records_by_optimum ON records (optimum) WHERE optimum IS NOT NULL;
`;
const SCHEMA_VERSION = '1';

interface BlockRow {
  readonly hash: string;
  readonly parent: string;
  readonly height: number;
  readonly proof: number;
  readonly bytes: Buffer;
}
const COLUMNS = 'hash, parent, height, proof, bytes';

export class SqliteBlockStore implements BlockStore {
  readonly #database: Database;

  private constructor(database: Database) {
    this.#database = database;
  }

  /** Refuses a folder that holds another chain. */
  static async open(file: string, genesis: Hash, options: { readOnly?: boolean } = {}): Promise<SqliteBlockStore> {
    const database = await Database.open(file, options);
    const store = new SqliteBlockStore(database);
    // One read transaction for the whole life of a reader: it sees one instant of a chain that a node extends meanwhile.
    await database.exec(options.readOnly ? 'BEGIN' : SCHEMA);
    await store.#checkMeta(file, 'schema', SCHEMA_VERSION, options.readOnly ?? false);
    await store.#checkMeta(file, 'genesis', genesis, options.readOnly ?? false);
    return store;
  }

  save(blocks: readonly BlockToStore[], change: HeadChange | null): Promise<void> {
    const database = this.#database;
    const records = blocks.flatMap(({ block, records }) =>
      records.map((record, position) => [
        block.hash,
        position,
        record.type,
        'optimum' in record ? record.optimum : null,
        JSON.stringify(record),
      ]),
    );
    return database.transaction(async () => {
      await database.insert(
        'INSERT OR IGNORE INTO blocks (hash, parent, height, canonical, proof, bytes) VALUES',
        blocks.map(({ block }) => [block.hash, block.parent, block.height, 0, block.isProofBlock ? 1 : 0, block.bytes]),
      );
      await database.insert('INSERT OR IGNORE INTO records (block, position, type, optimum, content) VALUES', records);
      if (change === null) return;
      await database.forEach('UPDATE blocks SET canonical = 0 WHERE hash IN', change.reverted);
      await database.forEach('UPDATE blocks SET canonical = 1 WHERE hash IN', change.applied);
    });
  }

  async get(hash: Hash): Promise<StoredBlock | null> {
    return toBlock(await this.#database.get<BlockRow>(`SELECT ${COLUMNS} FROM blocks WHERE hash = ?`, [hash]));
  }

  async getRecords(hash: Hash): Promise<readonly ChainRecord[]> {
    const rows = await this.#database.all<{ content: string }>(
      'SELECT content FROM records WHERE block = ? ORDER BY position',
      [hash],
    );
    return rows.map((row) => JSON.parse(row.content) as ChainRecord);
  }

  async canonicalAt(height: number): Promise<StoredBlock | null> {
    return (await this.canonicalFrom(height, 1)).find((block) => block.height === height) ?? null;
  }

  async canonicalFrom(height: number, limit: number): Promise<readonly StoredBlock[]> {
    const rows = await this.#database.all<BlockRow>(
      `SELECT ${COLUMNS} FROM blocks WHERE canonical = 1 AND height >= ? ORDER BY height LIMIT ?`,
      [height, limit],
    );
    return rows.map(fromRow);
  }

  /** Height of the newest canonical block; 0 with only the genesis. */
  async canonicalHeight(): Promise<number> {
    const row = await this.#database.get<{ height: number | null }>(
      'SELECT MAX(height) AS height FROM blocks WHERE canonical = 1',
    );
    return row?.height ?? 0;
  }

  async isCanonical(hash: Hash): Promise<boolean> {
    const row = await this.#database.get('SELECT 1 FROM blocks WHERE hash = ? AND canonical = 1', [hash]);
    return row !== undefined;
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  async #checkMeta(file: string, key: string, expected: string, readOnly: boolean): Promise<void> {
    const row = await this.#database.get<{ value: string }>('SELECT value FROM meta WHERE key = ?', [key]);
    if (row === undefined && !readOnly) {
      await this.#database.run('INSERT INTO meta (key, value) VALUES (?, ?)', [key, expected]);
    } else if (row?.value !== expected) {
      await this.#database.close();
      throw new DoinError(
        { code: 'wrong-chain-store', file, key, expected, found: row?.value ?? null },
        `data_dir: ${file} belongs to another network (${key} ${row?.value ?? 'absent'}, expected ${expected}); use another data_dir or the network file it was made with`,
      );
    }
  }
}

function fromRow(row: BlockRow): StoredBlock {
  const { hash, parent, height, proof, bytes } = row;
  return { hash, parent, height, isProofBlock: proof === 1, bytes: new Uint8Array(bytes) };
}

function toBlock(row: BlockRow | undefined): StoredBlock | null {
  return row === undefined ? null : fromRow(row);
}
