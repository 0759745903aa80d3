/** `doin verify --snapshot`: whether a file is a whole state, of which block, and who vouches for that block. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { headerHash } from '../../../actors/chain/codec.js';
import type { PinnedBlock } from '../../../actors/chain/pins.js';
import { openSnapshot } from '../../../actors/chain/state/snapshot.js';
import { strictVerifier } from '../../../actors/chain/verifier.js';
import type { NodeConfig } from '../../../config/schema.js';
import type { SnapshotCheck } from '../../cli/node-port.js';
import { type ChainName, openAnchors } from '../anchors.js';
import { coinProblem } from '../verify.js';
import { readSnapshotFile, readSnapshotHead } from './file.js';
import { checkpointOf } from './join.js';

export async function checkSnapshot(options: {
  readonly file: string;
  /** Height and hash, as the config takes it; empty for none. */
  readonly checkpoint: string;
  readonly anchors?: NodeConfig['anchors'];
  onChunk?(done: number, total: number): void;
}): Promise<SnapshotCheck> {
  const { file, anchors, checkpoint } = options;
  const { genesisHash } = await readSnapshotHead(file);
  const snapshot = await readSnapshotFile(file, (done, total) => options.onChunk?.(done, total));
  const { header, chunks } = snapshot;
  const { chainId, height, stateRoot } = header;
  const hash = headerHash(header);
  const state = openSnapshot(snapshot, { height, hash }, strictVerifier.signature);
  const warnings: string[] = [];
  const pins = [
    ...checkpointOf({ checkpoint }),
    ...(anchors === undefined
      ? []
      : await anchorsFor({ chainId, genesisHash }, anchors, (text) => warnings.push(text))),
  ];
  const wrong = pins.find((pin) => pin.height === height && pin.hash !== hash);
  const asked = checkpoint !== '' || anchors !== undefined;
  const vouching = pins.filter((pin) => pin.height === height && pin.hash === hash).map(({ ledger }) => ledger);
  const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  const unvouched =
    asked && vouching.length === 0 ? [`nobody asked has block ${height}`, ...warnings].join('; ') : null;
  const problem =
    wrong === undefined
      ? (coinProblem(state) ?? unvouched)
      : `its block ${height} is ${hash}, but ${wrong.ledger} says ${wrong.hash}`;
  return {
    chainId,
    height,
    hash,
    stateRoot,
    chunks: chunks.length,
    sizeBytes,
    vouching,
    ok: problem === null,
    problem,
  };
}

/** In a folder of its own: looking at a file leaves no trace in a node's. */
async function anchorsFor(
  name: ChainName,
  anchors: NodeConfig['anchors'],
  warn: (text: string) => void,
): Promise<readonly PinnedBlock[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'doin-anchors-'));
  try {
    return (await openAnchors({ data_dir: scratch, anchors }, name, warn)).known;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
