/** What the chain actor accepts, answers and emits. */

import type { DomainSpec } from '../../gpu-workers/types.js';
import type { Genome } from '../../runtime/genome/space.js';
import { ask, event, protocol } from '../../runtime/system/protocol.js';
import type { MovePosition, StoredMove } from './moves.js';
import type { PinnedBlock } from './pins.js';
import type { Channel } from './state/channels.js';
import type { BranchBlock } from './store.js';
import type {
  BlobReference,
  Block,
  ChainRecord,
  Checkpoint,
  Fee,
  Hash,
  NodeId,
  Seat,
  Transaction,
  TransactionBody,
} from './types.js';

/** Judgement of something a peer sent: forward it, drop it quietly, or drop it and blame the sender. */
export interface Verdict {
  readonly action: 'accept' | 'ignore' | 'reject';
  /** Stable code, e.g. `bad-signature`, `unknown-parent`, `already-known`. */
  readonly code: string;
  /** What to fetch: the parent's hash for `unknown-parent`, transaction ids for `incomplete`. */
  readonly missing?: readonly Hash[];
}

/** Where a chain stands; exchanged on connect, and compared by fork choice. */
export interface ChainTip {
  readonly chainId: string;
  readonly genesisHash: Hash;
  readonly height: number;
  readonly hash: Hash;
  readonly justifiedHeight: number;
  /** Cumulative consumed work in nano units. */
  readonly totalWorkNano: bigint;
  readonly accepted: number;
}

/** What a node tells its peers of its chain. */
export interface ServedTip extends ChainTip {
  /** Blocks below this height have no transactions there any more. */
  readonly bodiesFrom: number;
}

export interface DomainView {
  readonly domainId: string;
  /** Of its definition: who works on another one measures something else. */
  readonly specHash: Hash;
  readonly metric: string;
  readonly direction: 'maximize' | 'minimize';
  readonly baselineNano: number;
  readonly bestNano: number;
  readonly champion: {
    readonly optimum: Hash;
    readonly optimizer: NodeId;
    readonly genome: Genome;
    readonly blob: BlobReference | null;
    readonly height: number;
  } | null;
  readonly accepted: number;
}

export interface ChainStatus extends ChainTip {
  /** The newest block that cannot be undone. */
  readonly finalized: Checkpoint;
  readonly timestampMs: number;
  /** Slot duration, for progress displays. */
  readonly slotMs: number;
  readonly proofBlocks: number;
  readonly thresholdNano: number;
  readonly pendingWorkNano: number;
  /** Minted so far; burned and locked coins are part of it. */
  readonly supplyUnits: number;
  readonly burnedUnits: number;
  readonly lockedUnits: number;
  /** Price of a place in a block right on top of the head; empty slots lower it. */
  readonly baseFeeUnits: number;
  /** An offer per place that a block soon takes. */
  readonly suggestedFee: Fee;
  /** What a commitment costs now: coins, or where there are none, a stamp of so many bits. */
  readonly stakeUnits: number;
  readonly stampBits: number;
  readonly optimae: {
    readonly committed: number;
    readonly revealed: number;
    readonly accepted: number;
    readonly rejected: number;
  };
  readonly domains: readonly DomainView[];
  /** Transactions that wait for a block. Attestations are left out: they wait for one that others cause. */
  readonly mempool: number;
  /** True while revealed optimae wait for their verdict, or a proof block to become final; commits alone do not count. */
  readonly busy: boolean;
  readonly self: MemberView;
  /** Things from outside that were refused without effect, by code. */
  readonly refused: Readonly<Record<string, number>>;
  /** Branch switches since start. */
  readonly reorgs: number;
}

export interface MemberView {
  readonly nodeId: NodeId;
  readonly reputationMicro: number;
  readonly balanceUnits: number;
  readonly evaluates: readonly string[];
}

/** A domain that counts, as the chain defines it. */
export interface DomainDetail {
  /** Its `module` is a name that a stranger chose: nothing is ever loaded by it. */
  readonly spec: DomainSpec;
  readonly specHash: Hash;
  /** Null for domains of the genesis. */
  readonly dataHash: Hash | null;
  /** What work in it is worth now; 1e9 = 1. */
  readonly weightNano: number;
  /** Its smoothed share of paid inference, which the weight follows. */
  readonly shareNano: number;
  /** Of payments for inference with its champions, in the window of the weights. */
  readonly burnedUnits: number;
}

/** A domain that members may vote in. */
export interface ProposalView {
  readonly spec: DomainSpec;
  readonly specHash: Hash;
  readonly dataHash: Hash;
  readonly proposer: NodeId;
  readonly depositUnits: number;
  readonly expiresAtMs: number;
  readonly approvals: readonly NodeId[];
  /** Eligible reputation behind it, and of all: two thirds vote it in. */
  readonly yesMicro: bigint;
  readonly totalMicro: bigint;
}

/** One account, and its transactions that wait for a block. */
export interface AccountView {
  readonly nodeId: NodeId;
  /** False when nobody with this key was ever in a block: most likely it is mistyped. */
  readonly isKnown: boolean;
  readonly balanceUnits: number;
  readonly pending: readonly {
    readonly transactionId: Hash;
    readonly type: TransactionBody['type'];
    readonly nonce: number;
    /** The most it may cost, fee and amount together. */
    readonly mostUnits: number;
  }[];
}

/** An optimum that is still on its way, as the state holds it. */
export interface OpenOptimum {
  readonly optimum: Hash;
  readonly domain: string;
  readonly optimizer: NodeId;
  /** Whether honest measurements have the same bits. */
  readonly verification: DomainSpec['verification'];
  /** `window`: provisionally judged, open to challenges. */
  readonly phase: 'committed' | 'revealed' | 'window';
  /** Null until the block after the commitment has drawn it. */
  readonly trainingSeed: Hash | null;
  readonly genome: Genome | null;
  readonly blob: BlobReference | null;
  readonly reportedNano: number | null;
  readonly seats: readonly Seat[];
  /** What the quorum measured, while the window of a provisional acceptance is open. */
  readonly provisionalNano: number | null;
  /** Before a jury that has not decided yet. */
  readonly disputes: readonly OpenDispute[];
}

export interface OpenDispute {
  /** The accused one. */
  readonly seat: number;
  readonly challenger: NodeId;
  readonly deadlineHeight: number;
  /** Those of the jury who have not answered. */
  readonly awaited: readonly NodeId[];
}

export interface BlockView {
  readonly hash: Hash;
  readonly block: Block;
  readonly records: readonly ChainRecord[];
  readonly isProofBlock: boolean;
}

/** The top of the block tree. */
export interface BranchesView {
  readonly head: Hash;
  readonly justifiedHeight: number;
  readonly finalizedHeight: number;
  /** Ascending. */
  readonly blocks: readonly BranchBlock[];
}

/** One block became part of the canonical chain. */
export interface BlockApplied {
  readonly height: number;
  readonly hash: Hash;
  readonly parent: Hash;
  readonly timestampMs: number;
  readonly proposer: NodeId;
  readonly isProofBlock: boolean;
  readonly transactions: number;
  readonly records: readonly ChainRecord[];
}

/** A snapshot that a node gives out, chunk by chunk. */
export interface SnapshotOffer {
  readonly height: number;
  readonly hash: Hash;
  /** Canonical bytes of the header of the block whose state it is. */
  readonly header: Uint8Array;
  /** Sizes of the chunks, in bytes. */
  readonly chunkSizes: readonly number[];
}

export const chain = protocol('chain', {
  /**
   * Signs a transaction with this node's key, puts it in the mempool and offers it to the network. Without a fee it
   * goes unpaid where the rules allow that, else at what a block soon takes. `atOnce` refuses what is not valid right
   * now, counting what else of this node waits; without it that may wait for a later block.
   */
  submit: ask<{ body: TransactionBody; fee?: Fee; atOnce?: boolean }, { transactionId: Hash; nonce: number }>(),
  /** Canonical bytes of a transaction from the network. */
  receiveTransaction: ask<{ bytes: Uint8Array; from: string }, Verdict>({
    capacity: 4096,
    overflow: 'drop-newest',
    priority: 'high',
  }),
  /** A header with the ids of its transactions, as gossip carries blocks. */
  receiveAnnouncement: ask<{ bytes: Uint8Array; from: string }, Verdict>({ capacity: 256, priority: 'high' }),
  /** Canonical bytes of a whole block, from request/response. */
  receiveBlock: ask<{ bytes: Uint8Array; from: string }, Verdict>({
    capacity: 256,
    timeoutMs: 30_000,
    priority: 'high',
  }),
  /** Blocks of a catch-up, parents first, at most one answer's worth. Verdicts end at the first of no use. */
  receiveBlocks: ask<{ blocks: readonly Uint8Array[]; from: string }, { verdicts: readonly Verdict[] }>({
    capacity: 16,
    timeoutMs: 60_000,
    priority: 'high',
  }),
  getTip: ask<Record<string, never>, ServedTip>(),
  getStatus: ask<Record<string, never>, ChainStatus>(),
  getDomains: ask<Record<string, never>, { domains: readonly DomainDetail[]; proposals: readonly ProposalView[] }>(),
  getChannel: ask<{ channel: Hash }, { channel: Channel | null }>(),
  getAccount: ask<{ node: NodeId }, AccountView>(),
  /** What became of an account's coins, newest first, before a place. `historyFrom`: what came earlier is not here. */
  getHistory: ask<
    { node: NodeId; before: MovePosition | null; limit: number },
    { moves: readonly StoredMove[]; historyFrom: number }
  >(),
  getMembers: ask<Record<string, never>, { members: readonly MemberView[] }>(),
  getOpenOptimae: ask<Record<string, never>, { optimae: readonly OpenOptimum[] }>(),
  /**
   * Whole blocks in the order of the hashes, null for those that are not here with their transactions. Shorter than the
   * list only when it reaches the size of the largest block.
   */
  getBlocks: ask<{ hashes: readonly Hash[] }, { blocks: readonly (Uint8Array | null)[] }>(),
  /** Those of these blocks that this node has not imported, in their order. */
  getMissing: ask<{ hashes: readonly Hash[] }, { missing: readonly Hash[] }>(),
  /** A ledger outside holds this block now: the head stays above it. */
  pin: ask<{ pinned: PinnedBlock }, Record<string, never>>(),
  /** Hashes at exponentially growing distances from the tip, newest first, ending with the genesis. */
  getLocator: ask<Record<string, never>, { hashes: readonly Hash[] }>(),
  /** Headers of the canonical blocks after the newest hash of the locator that is on this node's canonical chain. */
  getHeadersAfter: ask<{ locator: readonly Hash[]; limit: number }, { headers: readonly Uint8Array[] }>(),
  /** Snapshots of final states that this node keeps, newest first; every node takes them at the same heights. */
  getSnapshots: ask<Record<string, never>, { snapshots: readonly SnapshotOffer[] }>(),
  /** Null when the snapshot of this block is not kept any more. */
  getSnapshotChunk: ask<{ block: Hash; index: number }, { chunk: Uint8Array | null }>(),
  /**
   * Blocks at which this node may start from a snapshot instead of the genesis: those that its owner's checkpoint and
   * his ledgers name, newest first. Empty for a chain that has blocks.
   */
  getJoinPoints: ask<Record<string, never>, { points: readonly PinnedBlock[] }>(),
  /** Begins to receive the snapshot of a join point; `reject` when it is none. What was received of it before stays. */
  beginSnapshot: ask<{ header: Uint8Array; chunks: number }, Verdict>(),
  /**
   * A chunk of it, from whomever, in any order. `reject`: no part of that state, or (`incomplete-snapshot`, with the last
   * one) the number of chunks was wrong. `adopted`, with the last one: the chain starts there now.
   */
  receiveSnapshotChunk: ask<{ block: Hash; index: number; bytes: Uint8Array }, Verdict>({ timeoutMs: 120_000 }),
  /** Whether a transaction waits here, or which canonical block holds it; of recent ones only. */
  findTransaction: ask<{ id: Hash }, { waits: boolean; block: { height: number; hash: Hash } | null }>(),
  getTransactions: ask<{ ids: readonly Hash[] }, { transactions: readonly Uint8Array[] }>(),
  /** What blockApplied told about canonical blocks from a height on, for listeners that were away. */
  getApplied: ask<{ fromHeight: number; limit: number }, { blocks: readonly BlockApplied[] }>(),
  /** The newest `heights` heights of the block tree, all branches that are kept of it. */
  getBranches: ask<{ heights: number }, BranchesView>(),
  getBlockView: ask<{ height: number } | { hash: Hash }, { view: BlockView | null }>(),

  /** A transaction entered the mempool. `publish`: it is our own, or gossip passed it over when it came too early. */
  transactionAccepted: event<{ id: Hash; bytes: Uint8Array; publish: boolean; transaction: Transaction }>(),
  /** This node made a block: publish its announcement. */
  blockProduced: event<{ hash: Hash; height: number; announcement: Uint8Array }>(),
  blockApplied: event<BlockApplied>({ capacity: 4096 }),
  /**
   * After a branch switch: these canonical blocks are gone, highest first. Precedes the new branch's blockApplied. Without
   * hashes: the chain starts at a snapshot's block now, and what was known of its state is to be asked again.
   */
  blocksReverted: event<{ hashes: readonly Hash[]; height: number }>(),
});
