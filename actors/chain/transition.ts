/**
 * The state transition: the only way a chain moves. `applyBlock` verifies everything a block claims against the state
 * of its parent; `buildBlock` runs the same steps to make one. Pure: no clock, no randomness, no I/O.
 */
import { encode } from '../../runtime/codec/canonical.js';
import { noteAnchorPoint } from './anchors.js';
import { maxPlaces } from './base-fee.js';
import { blockCodec, headerHash, headerSigningBytes, PROTOCOL_VERSION, transactionsRoot } from './codec.js';
import { Execution } from './execution.js';
import { settleFees } from './fees.js';
import { countAttestations, enterCheckpoint, hasUnfinalizedProof, noteProof } from './finality/rules.js';
import type { Genesis } from './genesis.js';
import { LIMITS } from './limits.js';
import type { CoinMove } from './moves.js';
import { settleProof } from './proof.js';
import { expireProposals } from './proposals.js';
import { nextBeacon, opensAtMs, proposerAt, slotStartMs, vrfInput } from './schedule.js';
import { settleOpenOptimae } from './settlement.js';
import { GLOBALS, OPEN, OPTIMUM, type State } from './state/state.js';
import { applyTransaction } from './transactions/apply.js';
import type { Refusal } from './transactions/refusal.js';
import type { Block, BlockHeader, ChainRecord, Hash, NodeId, Transaction } from './types.js';
import type { SignatureCheck, Verifier } from './verifier.js';

/** A block of a chain with the state after it. The genesis counts as the block of height 0. */
export interface Tip {
  readonly hash: Hash;
  readonly state: State;
}

export interface Applied extends Tip {
  readonly records: readonly ChainRecord[];
  readonly moves: readonly CoinMove[];
  readonly isProofBlock: boolean;
}

export type BlockVerdict =
  | { readonly ok: true; readonly applied: Applied }
  | { readonly ok: false; readonly code: string };

/** Everything about a header that can be checked without its transactions. */
export function checkHeader(parent: Tip, header: BlockHeader, genesis: Genesis, verifier: Verifier): Refusal | null {
  const before = parent.state.require(GLOBALS);
  if (header.version !== PROTOCOL_VERSION) return { code: 'unknown-version' };
  if (header.chainId !== genesis.chainId) return { code: 'wrong-chain' };
  if (header.parent !== parent.hash) return { code: 'wrong-parent' };
  if (header.height !== before.height + 1) return { code: 'wrong-height' };
  if (header.timestampMs <= before.timestampMs) return { code: 'time-not-increasing' };
  if (header.slot <= before.slot) return { code: 'slot-not-increasing' };
  if (header.timestampMs < opensAtMs(genesis, header.slot, header.rank)) return { code: 'before-its-time' };
  if (header.timestampMs >= slotStartMs(genesis, header.slot + 1)) return { code: 'after-its-slot' };
  if (proposerAt(parent.state, genesis, header.slot, header.rank) !== header.proposer) {
    return { code: 'not-the-proposer' };
  }
  if (!verifier.signature(header.proposer, headerSigningBytes(header), header.signature)) {
    return { code: 'bad-signature' };
  }
  // Last: the dearest check, for the rightful proposer's own signed word only.
  const input = vrfInput(parent.state, genesis, header.slot);
  return verifier.vrf(header.proposer, input, header.vrfProof) ? null : { code: 'bad-vrf-proof' };
}

export function applyBlock(parent: Tip, block: Block, genesis: Genesis, verifier: Verifier): BlockVerdict {
  const { header, transactions } = block;
  const refusal = checkHeader(parent, header, genesis, verifier);
  if (refusal !== null) return { ok: false, code: refusal.code };
  if (transactions.length > LIMITS.transactionsPerBlock) return { ok: false, code: 'too-many-transactions' };
  if (encode(blockCodec, block).length > LIMITS.blockBytes) return { ok: false, code: 'block-too-large' };
  if (transactionsRoot(transactions) !== header.transactionsRoot) return { ok: false, code: 'wrong-transactions-root' };
  if (!transactions.some(isCause) && !hasPendingWork(parent.state)) return { ok: false, code: 'block-without-cause' };
  const execution = begin(parent, genesis, header);
  if (execution === null) return { ok: false, code: 'bad-vrf-proof' };
  for (const transaction of transactions) {
    const problem = applyTransaction(execution, transaction, verifier.signature);
    if (problem !== null) return { ok: false, code: problem.code };
  }
  const applied = finish(execution, headerHash(header));
  if (applied.state.root() !== header.stateRoot) return { ok: false, code: 'wrong-state-root' };
  return { ok: true, applied };
}

export interface Proposal {
  readonly slot: number;
  readonly rank: number;
  readonly timestampMs: number;
  readonly proposer: NodeId;
  /** The proposer's own: over `vrfInput` of the parent and this slot. */
  readonly vrfProof: string;
}

export interface Built {
  readonly header: Omit<BlockHeader, 'signature'>;
  readonly transactions: readonly Transaction[];
  readonly applied: Applied;
  /** Candidates that could not go in, and why. */
  readonly refused: readonly { readonly transaction: Transaction; readonly refusal: Refusal }[];
}

/** Fills a block with as many of the candidates, in their order, as are valid and fit. Null when it would have no cause. */
export function buildBlock(
  parent: Tip,
  proposal: Proposal,
  candidates: readonly Transaction[],
  genesis: Genesis,
  verify: SignatureCheck,
): Built | null {
  const before = parent.state.require(GLOBALS);
  const draft = {
    version: PROTOCOL_VERSION,
    chainId: genesis.chainId,
    height: before.height + 1,
    parent: parent.hash,
    ...proposal,
  };
  const execution = begin(parent, genesis, draft);
  if (execution === null) throw new RangeError('a proposal needs a VRF proof that decodes');
  const transactions: Transaction[] = [];
  const refused: { transaction: Transaction; refusal: Refusal }[] = [];
  for (const transaction of candidates) {
    // Places hold the block to its size, too.
    if (execution.usage.places >= maxPlaces(genesis.parameters.fees)) break;
    const refusal = applyTransaction(execution, transaction, verify);
    if (refusal === null) transactions.push(transaction);
    else refused.push({ transaction, refusal });
  }
  if (!transactions.some(isCause) && !hasPendingWork(parent.state)) return null;
  const settled = finish(execution, '');
  const header = { ...draft, transactionsRoot: transactionsRoot(transactions), stateRoot: settled.state.root() };
  return { header, transactions, applied: { ...settled, hash: headerHash(header) }, refused };
}

/** Attestations ride along in blocks that others cause: a chain that has nothing to order or drain is silent. */
export function isCause({ body }: Transaction): boolean {
  return body.type !== 'attest';
}

/**
 * A commitment needs one more block to get its seed, and then none until its reveal; open seats need further blocks to
 * reach their deadlines, and a proof block to become final.
 */
export function hasPendingWork(state: State): boolean {
  if (hasUnfinalizedProof(state)) return true;
  return state.require(OPEN).some((id) => {
    const { trainingSeed, reveal } = state.require(OPTIMUM, id);
    return trainingSeed === null || reveal !== null;
  });
}

function begin(parent: Tip, genesis: Genesis, header: Proposal & { readonly height: number }): Execution | null {
  const { height, slot, timestampMs, proposer } = header;
  const beacon = nextBeacon(parent.state.require(GLOBALS).beacon, header.vrfProof);
  if (beacon === null) return null;
  const execution = new Execution(parent.state, genesis, { height, slot, timestampMs, proposer, beacon });
  noteAnchorPoint(execution, parent);
  // In the state of the parent, whose reputations count.
  enterCheckpoint(execution, parent.hash);
  execution.updateGlobals({ height, slot, timestampMs, beacon });
  // Before any transaction: who fills this block and knows its beacon does not choose what is drawn from it.
  settleOpenOptimae(execution);
  return execution;
}

function finish(execution: Execution, hash: Hash): Applied {
  countAttestations(execution);
  settleFees(execution);
  expireProposals(execution);
  const isProofBlock = settleProof(execution);
  if (isProofBlock) noteProof(execution);
  const { state, records, moves } = execution;
  return { hash, state, records, moves, isProofBlock };
}
