/**
 * What a state holds, entry by entry. Every entry has a canonical codec; the state root commits to all of them. A
 * `State` never changes: writing gives a new one that shares all untouched parts.
 */
import {
  array,
  type Codec,
  decode,
  encode,
  hash32,
  i54,
  nullable,
  struct,
  u8,
  u53,
  u64,
} from '../../../runtime/codec/canonical.js';
import { blobCodec, domainIdCodec, experimentCodec, genomeCodec, seatMeasurementCodec } from '../codec.js';
import { LIMITS } from '../limits.js';
import type { NodeId, SeatMeasurement } from '../types.js';
import { type LeafBytes, StateTree, type Subtree, type SubtreeLimits } from './tree.js';

export interface EntryKind<T> {
  readonly prefix: string;
  readonly codec: Codec<T>;
}

/** A value that came as bytes, in a snapshot, and is decoded when a rule asks for it. */
class Encoded {
  readonly bytes: Uint8Array;
  #decoded: { readonly value: unknown } | null = null;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  decode<T>(codec: Codec<T>): T {
    this.#decoded ??= { value: decode(codec, this.bytes) };
    return this.#decoded.value as T;
  }
}

function decodedAs<T>(kind: EntryKind<T>, stored: unknown): T {
  return stored instanceof Encoded ? stored.decode(kind.codec) : (stored as T);
}

export class State {
  static readonly empty = new State(StateTree.empty);
  readonly #tree: StateTree;

  private constructor(tree: StateTree) {
    this.#tree = tree;
  }

  get<T>(kind: EntryKind<T>, id = ''): T | undefined {
    const stored = this.#tree.get(`${kind.prefix}/${id}`);
    return stored === undefined ? undefined : decodedAs(kind, stored);
  }

  /** A state of these entries; the caller compares its root with the one he trusts. */
  static of(leaves: Iterable<LeafBytes>): State {
    let tree = StateTree.empty;
    for (const { key, bytes } of leaves) tree = tree.set(key, new Encoded(bytes), () => bytes);
    return new State(tree);
  }

  subtrees(limits: SubtreeLimits): Generator<Subtree> {
    return this.#tree.subtrees(limits);
  }

  /** For entries that genesis creates and nothing deletes. */
  require<T>(kind: EntryKind<T>, id = ''): T {
    const value = this.get(kind, id);
    if (value === undefined) throw new Error(`state has no ${kind.prefix}/${id}`);
    return value;
  }

  set<T>(kind: EntryKind<T>, id: string, value: T): State {
    return new State(this.#tree.set(`${kind.prefix}/${id}`, value, () => encode(kind.codec, value)));
  }

  delete(kind: EntryKind<unknown>, id: string): State {
    return new State(this.#tree.delete(`${kind.prefix}/${id}`));
  }

  root(): string {
    return this.#tree.root();
  }

  /** All ids and values of one kind, in an order equal on every machine. Walks the whole state: not for rules. */
  *list<T>(kind: EntryKind<T>): Generator<readonly [id: string, value: T]> {
    for (const [key, value] of this.#tree.entries()) {
      if (key.startsWith(`${kind.prefix}/`)) yield [key.slice(kind.prefix.length + 1), decodedAs(kind, value)];
    }
  }
}

/** Counters and the clockwork of the chain. Times in ms since the epoch; work in nano units. */
export interface Globals {
  readonly height: number;
  readonly timestampMs: number;
  readonly slot: number;
  readonly beacon: string;
  readonly thresholdNano: bigint;
  /** Exponential average of the time between proof blocks. */
  readonly emaIntervalMs: number;
  readonly lastProofMs: number;
  readonly epochStartMs: number;
  readonly epochStartThresholdNano: bigint;
  readonly proofBlocks: number;
  /** Verified but not yet consumed by a proof block. */
  readonly pendingWorkNano: bigint;
  /** Consumed: the chain's weight. */
  readonly totalWorkNano: bigint;
  /** Minted so far: balances, locked and burned coins add up to it. */
  readonly supplyUnits: number;
  readonly burnedUnits: number;
  /** Stakes, deposits and channels. */
  readonly lockedUnits: number;
  /** Price of a place in a block of the next slot. */
  readonly baseFeeUnits: number;
  readonly committed: number;
  readonly revealed: number;
  readonly accepted: number;
  readonly rejected: number;
}
export const GLOBALS: EntryKind<Globals> = {
  prefix: 'globals',
  codec: struct({
    height: u53,
    timestampMs: u53,
    slot: u53,
    beacon: hash32,
    thresholdNano: u64,
    emaIntervalMs: u53,
    lastProofMs: u53,
    epochStartMs: u53,
    epochStartThresholdNano: u64,
    proofBlocks: u53,
    pendingWorkNano: u64,
    totalWorkNano: u64,
    supplyUnits: u53,
    burnedUnits: u53,
    lockedUnits: u53,
    baseFeeUnits: u53,
    committed: u53,
    revealed: u53,
    accepted: u53,
    rejected: u53,
  }),
};

export interface Account {
  readonly balanceUnits: number;
  /** Highest nonce seen, and which of the 64 below it were (bit 0 = the one just below). */
  readonly nonceHighest: number;
  readonly nonceWindow: bigint;
}
export const ACCOUNT: EntryKind<Account> = {
  prefix: 'account',
  codec: struct({ balanceUnits: u53, nonceHighest: u53, nonceWindow: u64 }),
};
export const NEW_ACCOUNT: Account = { balanceUnits: 0, nonceHighest: 0, nonceWindow: 0n };

export interface ReputationEntry {
  readonly scoreMicro: number;
  /** Block time of the last change; the score has been decaying since. */
  readonly updatedMs: number;
}
export const REPUTATION: EntryKind<ReputationEntry> = {
  prefix: 'reputation',
  codec: struct({ scoreMicro: u53, updatedMs: u53 }),
};

const nodeList: Codec<readonly NodeId[]> = array(hash32, 1_000_000);
/** By domain: who registered to evaluate it, sorted. */
export const EVALUATORS: EntryKind<readonly NodeId[]> = { prefix: 'evaluators', codec: nodeList };
/** By node: the domains it registered for. */
export const EVALUATES: EntryKind<readonly string[]> = {
  prefix: 'evaluates',
  codec: array(domainIdCodec, LIMITS.domainsPerEvaluator),
};

export interface DomainState {
  readonly bestNano: number;
  readonly accepted: number;
  readonly champion: {
    readonly optimum: string;
    readonly optimizer: NodeId;
    readonly genome: readonly number[];
    readonly blob: { readonly hash: string; readonly sizeBytes: number } | null;
    readonly height: number;
  } | null;
}
export const DOMAIN: EntryKind<DomainState> = {
  prefix: 'domain',
  codec: struct({
    bestNano: i54,
    accepted: u53,
    champion: nullable(
      struct({ optimum: hash32, optimizer: hash32, genome: genomeCodec, blob: nullable(blobCodec), height: u53 }),
    ),
  }),
};

/** `status` is one of the SEAT_ numbers below; there is a measurement when it is SEAT_VOTED, and only then. */
const seatCodec = struct({
  duty: u8,
  audits: nullable(u8),
  evaluator: hash32,
  dataSeed: hash32,
  deadlineHeight: u53,
  status: u8,
  measurement: nullable(seatMeasurementCodec),
});
export interface SeatState {
  /** Index in DUTIES (seats.ts). */
  readonly duty: number;
  /** The seat that an audit repeats. */
  readonly audits: number | null;
  readonly evaluator: NodeId;
  readonly dataSeed: string;
  readonly deadlineHeight: number;
  readonly status: number;
  readonly measurement: SeatMeasurement | null;
}
export const SEAT_OPEN = 0;
export const SEAT_VOTED = 1;
export const SEAT_MISSED = 2;
export const SEAT_FAILED = 3;
/** Proved false, or an audit that nobody needs any more. */
export const SEAT_STRUCK = 4;

const disputeCodec = struct({
  seat: u8,
  challenger: hash32,
  bondMicro: u53,
  jury: nullable(
    struct({
      deadlineHeight: u53,
      jurors: array(struct({ node: hash32, answer: nullable(struct({ bits: nullable(hash32) })) }), LIMITS.jurors),
    }),
  ),
  decidedHeight: nullable(u53),
});
/** A juror's answer: what the accused should have published, or null for "I cannot measure it". */
export interface Ballot {
  readonly bits: string | null;
}
export interface DisputeState {
  /** The accused one. */
  readonly seat: number;
  readonly challenger: NodeId;
  /** Reputation set aside by the challenger. */
  readonly bondMicro: number;
  /** Null until the next block draws it. */
  readonly jury: {
    /** Last height at which a juror's answer may be included. */
    readonly deadlineHeight: number;
    readonly jurors: readonly { readonly node: NodeId; readonly answer: Ballot | null }[];
  } | null;
  readonly decidedHeight: number | null;
}

export interface Reveal {
  readonly genome: readonly number[];
  readonly blob: { readonly hash: string; readonly sizeBytes: number } | null;
  readonly reportedNano: number;
  readonly experiment: {
    readonly experimentId: string;
    readonly roundNumber: number;
    readonly timeToThisResultMs: number;
    readonly optimizationConfigHash: string;
    readonly dataHash: string;
  };
  /** How many seats were drawn: two thirds of these must agree, however many stay silent. Null until the next block. */
  readonly quorum: number | null;
  readonly seats: readonly SeatState[];
  /** Who replaces a missing evaluator, next first. */
  readonly standby: readonly NodeId[];
  /** Null while the quorum votes. */
  readonly window: {
    /** First height at which it may be settled. */
    readonly settlesAtHeight: number;
    /** What the quorum measured, if it accepts. */
    readonly verifiedNano: number | null;
  } | null;
  readonly disputes: readonly DisputeState[];
}

/** An optimum between commit and settlement; its id is the commitment. */
export interface OptimumState {
  readonly domain: string;
  readonly optimizer: NodeId;
  readonly committedHeight: number;
  readonly expiresAtMs: number;
  /** Null until the next block draws it. */
  readonly trainingSeed: string | null;
  /** Locked until it is settled; 0 where a stamp was paid. */
  readonly stakeUnits: number;
  readonly reveal: Reveal | null;
}
export const OPTIMUM: EntryKind<OptimumState> = {
  prefix: 'optimum',
  codec: struct({
    domain: domainIdCodec,
    optimizer: hash32,
    committedHeight: u53,
    expiresAtMs: u53,
    trainingSeed: nullable(hash32),
    stakeUnits: u53,
    reveal: nullable(
      struct({
        genome: genomeCodec,
        blob: nullable(blobCodec),
        reportedNano: i54,
        experiment: experimentCodec,
        quorum: nullable(u8),
        seats: array(seatCodec, LIMITS.seatsPerOptimum),
        standby: array(hash32, LIMITS.seatsPerOptimum),
        window: nullable(struct({ settlesAtHeight: u53, verifiedNano: nullable(i54) })),
        disputes: array(disputeCodec, LIMITS.disputesPerOptimum),
      }),
    ),
  }),
};
/** Commitments of all open optimae, oldest first. */
export const OPEN: EntryKind<readonly string[]> = { prefix: 'open', codec: array(hash32, 1_000_000) };

/** By optimizer: how many of these are his; absent for none. */
export const OPEN_COUNT: EntryKind<number> = { prefix: 'open-count', codec: u53 };

/** By node that lied: from this height on it may do everything again. */
export const BANNED: EntryKind<number> = { prefix: 'banned', codec: u53 };

/** By hash of domain and genome: the optimum that revealed it first. */
export const REVEALED_GENOME: EntryKind<string> = { prefix: 'genome', codec: hash32 };

/** Who earned what since the last proof block. */
export interface PendingShares {
  readonly optimizers: readonly { readonly node: NodeId; readonly workNano: bigint }[];
  readonly evaluators: readonly { readonly node: NodeId; readonly votes: number }[];
}
export const SHARES: EntryKind<PendingShares> = {
  prefix: 'shares',
  codec: struct({
    optimizers: array(struct({ node: hash32, workNano: u64 }), 1_000_000),
    evaluators: array(struct({ node: hash32, votes: u53 }), 1_000_000),
  }),
};

/** Inserts into a sorted list; the same list when it is there already. */
export function withMember(list: readonly string[], member: string): readonly string[] {
  return list.includes(member) ? list : [...list, member].sort();
}
