/** From what a store holds to states: where to start, and each block applied to the one before. */
import { DoinError } from '../../runtime/errors.js';
import { decodeBlock, headerHash } from './codec.js';
import { type Genesis, genesisHash, genesisState } from './genesis.js';
import { openSnapshot } from './state/snapshot.js';
import { GLOBALS } from './state/state.js';
import { type BlockStore, loadSnapshot, type StoredBlock } from './store.js';
import { type Applied, applyBlock, type Tip } from './transition.js';
import type { Block } from './types.js';
import type { Verifier } from './verifier.js';

export interface Replayed {
  readonly tip: Applied;
  readonly block: Block;
  readonly stored: StoredBlock;
}

/** The state that replaying starts from: of a snapshot on the canonical chain whose later blocks are whole, or the genesis. */
export async function startOf(
  genesis: Genesis,
  store: BlockStore,
  which: 'newest' | 'oldest' = 'newest',
): Promise<Tip> {
  const manifests = await store.snapshotManifests();
  const prunedBelow = await store.prunedBelow();
  for (const manifest of which === 'newest' ? manifests : manifests.toReversed()) {
    const { height } = manifest.header;
    const hash = headerHash(manifest.header);
    if (height + 1 < prunedBelow || !(await store.isCanonical(hash))) continue;
    return { hash, state: openSnapshot(await loadSnapshot(store, manifest), { height, hash }) };
  }
  if (prunedBelow > 1) throw corrupt(1, 'its transactions were dropped and no snapshot is left');
  return { hash: genesisHash(genesis), state: genesisState(genesis) };
}

/** The stored canonical chain after a block, each block applied to the one before. */
export async function* replay(
  genesis: Genesis,
  store: BlockStore,
  verifier: Verifier,
  start: Tip = { hash: genesisHash(genesis), state: genesisState(genesis) },
): AsyncGenerator<Replayed> {
  let tip = start;
  for (let height = start.state.require(GLOBALS).height + 1; ; ) {
    const batch = await store.canonicalFrom(height, 500);
    if (batch.length === 0) return;
    for (const stored of batch) {
      const block = blockOf(stored);
      const verdict = applyBlock(tip, block, genesis, verifier);
      if (!verdict.ok) throw corrupt(height, verdict.code);
      tip = verdict.applied;
      yield { tip: verdict.applied, block, stored };
      height += 1;
    }
  }
}

export function blockOf(stored: StoredBlock): Block {
  const decoded = decodeBlock(stored.bytes);
  if (!decoded.ok) throw corrupt(stored.height, decoded.detail);
  return decoded.value;
}

export function corrupt(
  height: number,
  problem: string,
): DoinError<{ code: 'chain-corrupt'; height: number; problem: string }> {
  return new DoinError(
    { code: 'chain-corrupt', height, problem },
    `data_dir: the stored block at height ${height} does not follow from its parent (${problem}); move chain.db away to sync again from peers`,
  );
}
