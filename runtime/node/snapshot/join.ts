/** `doin start --snapshot`: a new data folder that starts at the block of a file, if somebody vouches for that block. */
import { join } from 'node:path';
import { Blockchain } from '../../../actors/chain/blockchain.js';
import { headerHash } from '../../../actors/chain/codec.js';
import { type Genesis, genesisHash } from '../../../actors/chain/genesis.js';
import { type PinnedBlock, Pins } from '../../../actors/chain/pins.js';
import { notEmpty, SqliteBlockStore } from '../../../actors/chain/store.js';
import { strictVerifier } from '../../../actors/chain/verifier.js';
import type { NodeConfig } from '../../../config/schema.js';
import { DoinError } from '../../errors.js';
import { readSnapshotFile, readSnapshotHead } from './file.js';

/** What ledgers outside say and what the owner vouches for, which binds the chain alike. */
export function withCheckpoint(
  config: Pick<NodeConfig, 'checkpoint'>,
  anchors: readonly PinnedBlock[],
): readonly PinnedBlock[] {
  const checkpoint = checkpointOf(config);
  for (const { height, hash } of checkpoint) {
    const other = anchors.find((anchor) => anchor.height === height && anchor.hash !== hash);
    if (other === undefined) continue;
    throw new DoinError(
      { code: 'config-invalid', field: 'checkpoint', value: config.checkpoint },
      `checkpoint = ${JSON.stringify(config.checkpoint)}: ${other.ledger} says ${other.hash} of block ${height}; find out which one is right, and correct the other (checkpoint or anchors)`,
    );
  }
  return [...anchors, ...checkpoint];
}

export function checkpointOf({ checkpoint }: Pick<NodeConfig, 'checkpoint'>): readonly PinnedBlock[] {
  const [height = '', hash = ''] = checkpoint.split(':');
  return checkpoint === '' ? [] : [{ height: Number(height), hash, ledger: 'checkpoint' }];
}

/** Before anything is written into a folder that would then belong to another network than the snapshot. */
export async function checkSnapshotNetwork(config: Pick<NodeConfig, 'snapshot'>, genesis: Genesis): Promise<void> {
  if (config.snapshot === '') return;
  const { genesisHash: theirs, header } = await readSnapshotHead(config.snapshot);
  if (theirs === genesisHash(genesis) && header.chainId === genesis.chainId) return;
  throw new DoinError(
    { code: 'wrong-network', snapshot: config.snapshot },
    `snapshot = ${JSON.stringify(config.snapshot)}: is of network "${header.chainId}" (genesis ${theirs}), and this node of "${genesis.chainId}" (genesis ${genesisHash(genesis)}); name the network file it belongs to (network), or another snapshot`,
  );
}

/**
 * Does nothing where the folder has that block: so it may be started with the same options again, whenever it was
 * stopped or killed. Until all of the state is on disk, the folder is an empty one.
 */
export async function joinFromSnapshot(
  config: Pick<NodeConfig, 'data_dir' | 'snapshot'>,
  genesis: Genesis,
  pins: readonly PinnedBlock[],
  say: (line: string) => void,
): Promise<void> {
  if (config.snapshot === '') return;
  const { header } = await readSnapshotHead(config.snapshot);
  const block = { height: header.height, hash: headerHash(header) };
  const known = new Pins(pins);
  const store = await SqliteBlockStore.open(join(config.data_dir, 'chain.db'), genesisHash(genesis));
  try {
    if (await store.isCanonical(block.hash)) return;
    if ((await store.canonicalHeight()) > 0) throw notEmpty();
    if (!known.vouchFor(block)) throw unvouched(config.snapshot, block, pins);
    say(`reading the state after block ${block.height} from ${config.snapshot}`);
    const snapshot = await readSnapshotFile(config.snapshot, () => undefined);
    await (await Blockchain.open(genesis, store, strictVerifier, known)).adopt(snapshot);
    say(`started at block ${block.height} (${block.hash}) from a snapshot`);
  } finally {
    await store.close();
  }
}

function unvouched(
  file: string,
  { height, hash }: Pick<PinnedBlock, 'height' | 'hash'>,
  pins: readonly PinnedBlock[],
): DoinError<{ code: 'snapshot-untrusted'; height: number; hash: string }> {
  const other = pins.find((pin) => pin.height === height);
  const what = `is of block ${hash} at height ${height}`;
  const problem =
    other === undefined
      ? `${what}, which nobody vouches for; if somebody you trust names the same block, start with --checkpoint ${height}:${hash}, or put a ledger that holds it into the config (anchors), or get a snapshot of one of these heights: ${heightsOf(pins)}`
      : `${what}, but ${other.ledger} says ${other.hash}; get the snapshot from somebody else, or correct ${other.ledger === 'checkpoint' ? '--checkpoint' : 'the ledger in the config (anchors)'}`;
  return new DoinError({ code: 'snapshot-untrusted', height, hash }, `snapshot = ${JSON.stringify(file)}: ${problem}`);
}

function heightsOf(pins: readonly PinnedBlock[]): string {
  const heights = pins.map(({ height }) => height).slice(-5);
  return heights.length === 0 ? 'none so far' : heights.join(', ');
}
