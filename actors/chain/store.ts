/** The chain on disk. A block is stored, with what it derived, before anything acts on it. */

import { decode, encode } from '../../runtime/codec/canonical.js';
import { DoinError } from '../../runtime/errors.js';
import { Database } from '../../runtime/storage/sqlite.js';
import { blockCodec, headerBytesIn, headerCodec, headerHash, MAX_HEADER_BYTES } from './codec.js';
import type { CoinMove, MovePosition, StoredMove } from './moves.js';
import type { Snapshot, SnapshotManifest } from './state/snapshot.js';
import type { BlockHeader, ChainRecord, Hash, NodeId } from './types.js';

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

/** A block's place in the tree. */
export interface BranchBlock {
  readonly hash: Hash;
  readonly parent: Hash;
  readonly height: number;
  readonly isProofBlock: boolean;
  readonly isCanonical: boolean;
}

/** A block with the facts it derived. */
export interface BlockToStore {
  readonly block: StoredBlock;
  readonly records: readonly ChainRecord[];
  readonly moves: readonly CoinMove[];
}

/** What the chain actor needs of a store; SQLite in production. */
export interface BlockStore {
  /** Saves blocks and, when they change the head, the new canonical chain: all of it in one transaction, or nothing. */
  save(blocks: readonly BlockToStore[], change: HeadChange | null): Promise<void>;
  get(hash: Hash): Promise<StoredBlock | null>;
  getRecords(hash: Hash): Promise<readonly ChainRecord[]>;
  /** Moves of an account in canonical blocks, newest first, before a place. Pruning leaves them. */
  history(account: NodeId, before: MovePosition | null, limit: number): Promise<readonly StoredMove[]>;
  /** Moves of blocks below this height are not here; 1 unless the chain starts at a snapshot. */
  historyFrom(): Promise<number>;
  canonicalAt(height: number): Promise<StoredBlock | null>;
  /** Canonical blocks from a height on, ascending. */
  canonicalFrom(height: number, limit: number): Promise<readonly StoredBlock[]>;
  isCanonical(hash: Hash): Promise<boolean>;
  /** Canonical bytes of the headers of canonical blocks from a height on, ascending. */
  canonicalHeaders(height: number, limit: number): Promise<readonly Uint8Array[]>;
  /** Those of these blocks that are here, on whatever branch. */
  known(hashes: readonly Hash[]): Promise<ReadonlySet<Hash>>;
  /** Blocks of every branch from a height on, ascending, without their contents. */
  branchesFrom(height: number, limit: number): Promise<readonly BranchBlock[]>;
  /** Keeps it and the newest one before it; a node that starts again begins at one of them. */
  saveSnapshot(snapshot: Snapshot): Promise<void>;
  /** Newest first. */
  snapshotManifests(): Promise<readonly SnapshotManifest[]>;
  snapshotChunk(height: number, index: number): Promise<Uint8Array | null>;
  /** Starts an empty store at a snapshot's block, of which it then has the header. */
  adopt(snapshot: Snapshot): Promise<void>;
  /** Blocks below this height have no transactions here any more; 1 while there are all. */
  prunedBelow(): Promise<number>;
  /** Drops the transactions of canonical blocks below a height, and side branches altogether. Headers and records stay. */
  prune(belowHeight: number): Promise<void>;
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
  CREATE INDEX IF NOT EXISTS side_height ON blocks (height) WHERE canonical = 0;
  CREATE TABLE IF NOT EXISTS records (
    block TEXT NOT NULL REFERENCES blocks (hash),
    position INTEGER NOT NULL,
    type TEXT NOT NULL,
    optimum TEXT,
    content TEXT NOT NULL,
    PRIMARY KEY (block, position)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS moves (
    block TEXT NOT NULL REFERENCES blocks (hash),
    position INTEGER NOT NULL,
    height INTEGER NOT NULL,
    account TEXT NOT NULL,
    cause TEXT NOT NULL,
    units INTEGER NOT NULL,
    balance INTEGER NOT NULL,
    counterparty TEXT,
    time_ms INTEGER NOT NULL,
    PRIMARY KEY (block, position)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS moves_by_account ON moves (account, height, position);
  CREATE TABLE IF NOT EXISTS snapshots (height INTEGER PRIMARY KEY, header BLOB NOT NULL);
  CREATE TABLE IF NOT EXISTS snapshot_chunks (
    height INTEGER NOT NULL REFERENCES snapshots (height) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (height, position)
  );
  CREATE INDEX IF NOT EXISTS records_by_optimum ON records (optimum) WHERE optimum IS NOT NULL;
`;
const SCHEMA_VERSION = '3';
/** The one before the newest is for a branch switch below the newest. */
const SNAPSHOTS_KEPT = 2;
const PRUNED_AT_A_TIME = 500;

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
      await database.insert(
        'INSERT OR IGNORE INTO moves (block, position, height, account, cause, units, balance, counterparty, time_ms) VALUES',
        blocks.flatMap(({ block: { hash, height }, moves }) =>
          moves.map(({ account, cause, units, balanceUnits, counterparty, timestampMs }, position) => [
            hash,
            position,
            height,
            account,
            cause,
            units,
            balanceUnits,
            counterparty,
            timestampMs,
          ]),
        ),
      );
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

  history(account: NodeId, before: MovePosition | null, limit: number): Promise<readonly StoredMove[]> {
    const { height, position } = before ?? { height: Number.MAX_SAFE_INTEGER, position: 0 };
    return this.#database.all<StoredMove>(
      `SELECT block, moves.height, position, account, cause, units, balance AS balanceUnits, counterparty,
         time_ms AS timestampMs
       FROM moves JOIN blocks ON hash = block
       WHERE account = ? AND (moves.height, position) < (?, ?) AND canonical = 1
       ORDER BY moves.height DESC, position DESC LIMIT ?`,
      [account, height, position, limit],
    );
  }

  historyFrom(): Promise<number> {
    return this.#heightIn('history_from');
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

  async canonicalHeaders(height: number, limit: number): Promise<readonly Uint8Array[]> {
    const rows = await this.#database.all<{ start: Buffer }>(
      'SELECT substr(bytes, 1, ?) AS start FROM blocks WHERE canonical = 1 AND height >= ? ORDER BY height LIMIT ?',
      [MAX_HEADER_BYTES + 1, height, limit],
    );
    return rows.map(({ start }) => headerBytesIn(new Uint8Array(start)));
  }

  async known(hashes: readonly Hash[]): Promise<ReadonlySet<Hash>> {
    const rows = await this.#database.allOf<{ hash: string }>('SELECT hash FROM blocks WHERE hash IN', hashes);
    return new Set(rows.map(({ hash }) => hash));
  }

  async branchesFrom(height: number, limit: number): Promise<readonly BranchBlock[]> {
    // Two queries in one, because each has an index of its own.
    const part = (canonical: 0 | 1) =>
      `SELECT hash, parent, height, proof, canonical FROM blocks WHERE canonical = ${canonical} AND height >= ?`;
    const rows = await this.#database.all<Omit<BlockRow, 'bytes'> & { readonly canonical: number }>(
      `${part(1)} UNION ALL ${part(0)} ORDER BY height, hash LIMIT ?`,
      [height, height, limit],
    );
    return rows.map(({ proof, canonical, ...place }) => ({
      ...place,
      isProofBlock: proof === 1,
      isCanonical: canonical === 1,
    }));
  }

  saveSnapshot(snapshot: Snapshot): Promise<void> {
    return this.#database.transaction(() => this.#insertSnapshot(snapshot));
  }

  async snapshotManifests(): Promise<readonly SnapshotManifest[]> {
    const rows = await this.#database.all<{ height: number; header: Buffer }>(
      'SELECT height, header FROM snapshots ORDER BY height DESC',
    );
    const found: SnapshotManifest[] = [];
    for (const { height, header } of rows) {
      const sizes = await this.#database.all<{ sizeBytes: number }>(
        'SELECT length(bytes) AS sizeBytes FROM snapshot_chunks WHERE height = ? ORDER BY position',
        [height],
      );
      found.push({
        header: decode(headerCodec, new Uint8Array(header)),
        chunkSizes: sizes.map(({ sizeBytes }) => sizeBytes),
      });
    }
    return found;
  }

  async snapshotChunk(height: number, index: number): Promise<Uint8Array | null> {
    const row = await this.#database.get<{ bytes: Buffer }>(
      'SELECT bytes FROM snapshot_chunks WHERE height = ? AND position = ?',
      [height, index],
    );
    return row === undefined ? null : new Uint8Array(row.bytes);
  }

  adopt(snapshot: Snapshot): Promise<void> {
    const database = this.#database;
    return database.transaction(async () => {
      if ((await database.get('SELECT 1 FROM blocks LIMIT 1')) !== undefined) throw notEmpty();
      const { hash, parent, height, bytes } = headerOnly(snapshot.header);
      await database.run(
        'INSERT INTO blocks (hash, parent, height, canonical, proof, bytes) VALUES (?, ?, ?, 1, 0, ?)',
        [hash, parent, height, bytes],
      );
      await this.#insertSnapshot(snapshot);
      await this.#setHeight('pruned_below', height + 1);
      await this.#setHeight('history_from', height + 1);
    });
  }

  prunedBelow(): Promise<number> {
    return this.#heightIn('pruned_below');
  }

  async prune(belowHeight: number): Promise<void> {
    const database = this.#database;
    for (let from = await this.prunedBelow(); from < belowHeight; from += PRUNED_AT_A_TIME) {
      const below = Math.min(belowHeight, from + PRUNED_AT_A_TIME);
      await database.transaction(async () => {
        const range = 'canonical = 0 AND height >= ? AND height < ?';
        for (const table of ['records', 'moves']) {
          const sides = `DELETE FROM ${table} WHERE block IN (SELECT hash FROM blocks WHERE ${range})`;
          await database.run(sides, [from, below]);
        }
        await database.run(`DELETE FROM blocks WHERE ${range}`, [from, below]);
        for (const { hash, bytes } of await this.canonicalFrom(from, below - from)) {
          const block = decode(blockCodec, bytes);
          if (block.header.height >= below) break;
          await database.run('UPDATE blocks SET bytes = ? WHERE hash = ?', [headerOnly(block.header).bytes, hash]);
        }
        await this.#setHeight('pruned_below', below);
      });
    }
  }

  async #insertSnapshot({ header, chunks }: Snapshot): Promise<void> {
    const database = this.#database;
    const { height } = header;
    await database.run('INSERT OR REPLACE INTO snapshots (height, header) VALUES (?, ?)', [
      height,
      encode(headerCodec, header),
    ]);
    await database.run('DELETE FROM snapshot_chunks WHERE height = ?', [height]);
    for (const [position, bytes] of chunks.entries()) {
      await database.run('INSERT INTO snapshot_chunks (height, position, bytes) VALUES (?, ?, ?)', [
        height,
        position,
        bytes,
      ]);
    }
    await database.run(
      'DELETE FROM snapshots WHERE height NOT IN (SELECT height FROM snapshots ORDER BY height DESC LIMIT ?)',
      [SNAPSHOTS_KEPT],
    );
  }

  async #heightIn(key: string): Promise<number> {
    const row = await this.#database.get<{ value: string }>('SELECT value FROM meta WHERE key = ?', [key]);
    return row === undefined ? 1 : Number(row.value);
  }

  #setHeight(key: string, height: number): Promise<void> {
    return this.#database.run('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)', [key, String(height)]);
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

/** All of a snapshot that the store has. */
export async function loadSnapshot(
  store: Pick<BlockStore, 'snapshotChunk'>,
  { header, chunkSizes }: SnapshotManifest,
): Promise<Snapshot> {
  const chunks = await Promise.all(chunkSizes.map((_, index) => store.snapshotChunk(header.height, index)));
  return { header, chunks: chunks.filter((chunk) => chunk !== null) };
}

/** What is left of a block whose transactions were dropped. */
export function headerOnly(header: BlockHeader): StoredBlock {
  const { parent, height } = header;
  const bytes = encode(blockCodec, { header, transactions: [] });
  return { hash: headerHash(header), parent, height, isProofBlock: false, bytes };
}

export function notEmpty(): DoinError<{ code: 'store-not-empty' }> {
  return new DoinError(
    { code: 'store-not-empty' },
    'data_dir: a snapshot starts a new chain store, and this one has blocks; use another data_dir or leave --snapshot away',
  );
}

function fromRow(row: BlockRow): StoredBlock {
  const { hash, parent, height, proof, bytes } = row;
  return { hash, parent, height, isProofBlock: proof === 1, bytes: new Uint8Array(bytes) };
}

function toBlock(row: BlockRow | undefined): StoredBlock | null {
  return row === undefined ? null : fromRow(row);
}
