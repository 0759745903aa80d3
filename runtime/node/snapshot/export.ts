/** `doin snapshot export`: the newest final state of a data folder, which a node may be running on, as a file. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeBlock } from '../../../actors/chain/codec.js';
import { type Genesis, genesisHash } from '../../../actors/chain/genesis.js';
import { replay, startOf } from '../../../actors/chain/replay.js';
import { FINALITY } from '../../../actors/chain/state/finality.js';
import { takeSnapshot } from '../../../actors/chain/state/snapshot.js';
import { GLOBALS, type State } from '../../../actors/chain/state/state.js';
import { SqliteBlockStore } from '../../../actors/chain/store.js';
import type { BlockHeader, Hash } from '../../../actors/chain/types.js';
import { trustingVerifier } from '../../../actors/chain/verifier.js';
import { readGenesis } from '../../../config/network.js';
import type { SnapshotReport } from '../../cli/node-port.js';
import { DoinError } from '../../errors.js';
import { genesisFileOf } from '../network.js';
import { mustExist } from '../verify.js';
import { writeSnapshotFile } from './file.js';

export interface ExportOptions {
  readonly dataDir: string;
  readonly file: string;
  /** The newest final state that ledgers outside hold the root of, not the newest of all. */
  readonly anchored: boolean;
  onBlock?(height: number, tipHeight: number): void;
  onChunk?(done: number, total: number): void;
}

export async function exportSnapshot(options: ExportOptions): Promise<SnapshotReport> {
  const { dataDir, file, anchored } = options;
  await mustExist(dataDir, 'genesis.json');
  await mustExist(dataDir, 'chain.db');
  if ((await stat(file).catch(() => null)) !== null) {
    throw new DoinError(
      { code: 'snapshot-file-invalid', path: file },
      `file = ${JSON.stringify(file)}: is there already; name another one, or remove it`,
    );
  }
  const genesis = await readGenesis(genesisFileOf(dataDir));
  const store = await SqliteBlockStore.open(join(dataDir, 'chain.db'), genesisHash(genesis), { readOnly: true });
  try {
    const final = await finalState(genesis, store, anchored ? genesis.parameters.anchorInterval : 1, options);
    if (final === null) throw nothingFinal(dataDir, anchored);
    const snapshot = takeSnapshot(final.header, final.state);
    const onChunk = (done: number, total: number) => options.onChunk?.(done, total);
    const sizeBytes = await writeSnapshotFile(file, genesisHash(genesis), snapshot, onChunk);
    const { chainId, height, stateRoot } = final.header;
    return { chainId, height, hash: final.hash, stateRoot, chunks: snapshot.chunks.length, sizeBytes };
  } finally {
    await store.close();
  }
}

interface Final {
  readonly header: BlockHeader;
  readonly hash: Hash;
  readonly state: State;
}

/** Of the newest final block whose height is a multiple of `spacing`; null when the folder has none. */
async function finalState(
  genesis: Genesis,
  store: SqliteBlockStore,
  spacing: number,
  progress: Pick<ExportOptions, 'onBlock'>,
): Promise<Final | null> {
  const start = await startOf(genesis, store);
  const startHeight = start.state.require(GLOBALS).height;
  const tipHeight = await store.canonicalHeight();
  // States that are or may become the newest final one. What a folder was started from, somebody vouched for.
  const waiting = new Map<number, Final>();
  let finalHeight = startHeight;
  const settle = (): void => {
    const newest = finalHeight - (finalHeight % spacing);
    for (const height of waiting.keys()) if (height < newest) waiting.delete(height);
  };
  const stored = await store.get(start.hash);
  const begin = stored === null ? null : decodeBlock(stored.bytes);
  if (begin?.ok && startHeight % spacing === 0) waiting.set(startHeight, { ...start, header: begin.value.header });
  for await (const { tip, block } of replay(genesis, store, trustingVerifier, start)) {
    const { header } = block;
    if (header.height % spacing === 0) waiting.set(header.height, { header, hash: tip.hash, state: tip.state });
    finalHeight = Math.max(finalHeight, tip.state.require(FINALITY).finalized.height);
    settle();
    progress.onBlock?.(header.height, tipHeight);
  }
  return waiting.get(finalHeight - (finalHeight % spacing)) ?? null;
}

function nothingFinal(dataDir: string, anchored: boolean): DoinError<{ code: 'nothing-final'; dataDir: string }> {
  const what = anchored ? 'no anchored block of its chain is final' : 'no block of its chain is final';
  return new DoinError(
    { code: 'nothing-final', dataDir },
    `--data-dir = ${JSON.stringify(dataDir)}: ${what} yet; let the node run on, or name the folder of one that ran longer`,
  );
}
