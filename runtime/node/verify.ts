/** `doin verify`: replays a stored chain from its genesis and compares everything it derived with what is stored. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { auditOf } from '../../actors/chain/coins.js';
import { type Genesis, genesisHash, genesisState } from '../../actors/chain/genesis.js';
import { contradicted, type PinnedBlock } from '../../actors/chain/pins.js';
import { replay, startOf } from '../../actors/chain/replay.js';
import { GLOBALS, type State } from '../../actors/chain/state/state.js';
import { SqliteBlockStore } from '../../actors/chain/store.js';
import { strictVerifier } from '../../actors/chain/verifier.js';
import { readGenesis } from '../../config/network.js';
import type { NodeConfig } from '../../config/schema.js';
import type { VerifyReport } from '../cli/node-port.js';
import { DoinError, errorMessage } from '../errors.js';
import { FileBlobStore } from '../storage/blob-store.js';
import { openAnchors } from './anchors.js';
import { genesisFileOf } from './network.js';
import { AcceptedVotes, replayVotes, trustOf } from './replay.js';

export async function verifyChain(options: {
  readonly dataDir: string;
  /** Compare with what these ledgers say, too. */
  readonly anchors?: NodeConfig['anchors'];
  /** Evaluate the accepted optima again; `domains` names those whose modules the user trusts. */
  readonly replay?: { readonly domains: readonly string[] };
  onProgress?(height: number, tipHeight: number): void;
  onReplayed?(done: number, total: number): void;
}): Promise<VerifyReport> {
  const { dataDir } = options;
  await mustExist(dataDir, 'genesis.json');
  await mustExist(dataDir, 'chain.db');
  const genesis = await readGenesis(genesisFileOf(dataDir));
  const store = await SqliteBlockStore.open(join(dataDir, 'chain.db'), genesisHash(genesis), { readOnly: true });
  try {
    const votes = options.replay === undefined ? null : new AcceptedVotes();
    const onProgress = (height: number, tip: number) => options.onProgress?.(height, tip);
    let report = await verifyStore(genesis, store, votes, onProgress);
    if (options.anchors !== undefined && report.ok) {
      report = { ...report, ...(await compareAnchors(dataDir, options.anchors, genesis, store)) };
    }
    if (options.replay === undefined || votes === null || !report.ok) return report;
    const trusts = trustOf(genesis, options.replay.domains);
    const onReplayed = (done: number, total: number) => options.onReplayed?.(done, total);
    return {
      ...report,
      ...(await replayVotes(votes.accepted, new FileBlobStore(join(dataDir, 'blobs')), trusts, onReplayed)),
    };
  } finally {
    await store.close();
  }
}

/** How many anchors the chain has; those above its head are left for later. */
async function compareAnchors(
  dataDir: string,
  anchors: NodeConfig['anchors'],
  genesis: Genesis,
  store: SqliteBlockStore,
): Promise<Pick<VerifyReport, 'ok' | 'problem' | 'anchors'>> {
  let compared = 0;
  try {
    const unreachable: string[] = [];
    const name = { chainId: genesis.chainId, genesisHash: genesisHash(genesis) };
    const { known } = await openAnchors({ data_dir: dataDir, anchors }, name, (text) => unreachable.push(text));
    for (const pinned of known) compared += (await isCanonical(store, pinned)) ? 1 : 0;
    const problem = unreachable.length === 0 ? null : unreachable.join('; ');
    return { ok: problem === null, problem, anchors: compared };
  } catch (error) {
    return { ok: false, problem: errorMessage(error), anchors: compared };
  }
}

async function isCanonical(store: SqliteBlockStore, pinned: PinnedBlock): Promise<boolean> {
  const ours = await store.canonicalAt(pinned.height);
  if (ours !== null && ours.hash !== pinned.hash) throw contradicted(pinned, ours.hash);
  return ours !== null;
}

async function verifyStore(
  genesis: Genesis,
  store: SqliteBlockStore,
  votes: AcceptedVotes | null,
  onProgress: (height: number, tipHeight: number) => void,
): Promise<VerifyReport> {
  const tipHeight = await store.canonicalHeight();
  // Blocks without their transactions cannot be checked again: what can be starts at the oldest snapshot's block.
  const start = (await store.prunedBelow()) > 1 ? await startOf(genesis, store, 'oldest') : undefined;
  let state = start?.state ?? genesisState(genesis);
  let tipHash = start?.hash ?? genesisHash(genesis);
  let problem: string | null = null;
  votes?.startAt(state);
  try {
    problem = coinProblem(state);
    for await (const { tip, stored } of replay(genesis, store, strictVerifier, start)) {
      state = tip.state;
      tipHash = tip.hash;
      const records = await store.getRecords(stored.hash);
      if (JSON.stringify(records) !== JSON.stringify(tip.records) || tip.isProofBlock !== stored.isProofBlock) {
        problem = `height ${stored.height}: the stored records are not what the block derives`;
        break;
      }
      votes?.add(tip);
      onProgress(stored.height, tipHeight);
    }
    problem ??= coinProblem(state);
  } catch (error) {
    problem = errorMessage(error);
  }
  return { ...reportOf(state, tipHash), ok: problem === null, problem, anchors: null, replay: null };
}

function reportOf(state: State, tipHash: string): Omit<VerifyReport, 'ok' | 'problem' | 'anchors' | 'replay'> {
  const { height, proofBlocks, accepted } = state.require(GLOBALS);
  return { height, tipHash, proofBlocks, accepted };
}

/** What is wrong with the coins of a state; null when accounts, locked and burned ones add up to what was minted. */
export function coinProblem(state: State): string | null {
  const { mintedUnits, accountedUnits } = auditOf(state);
  if (mintedUnits === accountedUnits) return null;
  const { height } = state.require(GLOBALS);
  return `height ${height}: ${mintedUnits} units of coin were minted, and ${accountedUnits} are in accounts, locked or burned`;
}

export async function mustExist(dataDir: string, name: string): Promise<void> {
  const found = await stat(join(dataDir, name)).catch(() => null);
  if (found !== null) return;
  throw new DoinError(
    { code: 'config-invalid', field: '--data-dir', value: dataDir },
    `--data-dir = ${JSON.stringify(dataDir)}: there is no ${name} in it; name the folder of a node that ran before`,
  );
}
