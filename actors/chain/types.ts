/**
 * The objects of the chain as the rules see them. Ids and hashes are lower-case hex, so that they work as map keys;
 * the codec (codec.ts) turns them into bytes. All numbers are safe integers or bigints with the unit in the name:
 * coins in 1e-8 (`Units`), performance and work in 1e-9 (`Nano`), reputation in 1e-6 (`Micro`), times in ms.
 */
import type { DomainSpec } from '../../gpu-workers/types.js';
import type { Genome } from '../../runtime/genome/space.js';

/** 32-byte SHA-256, 64 hex digits. */
export type Hash = string;
/** Ed25519 public key, 64 hex digits. `peerIdOf` gives the libp2p PeerId of the same key. */
export type NodeId = string;

export interface BlobReference {
  /** SHA-256 of the bytes, under the blob tag. */
  readonly hash: Hash;
  readonly sizeBytes: number;
}

/**
 * Where a result came from. `dataHash` must be that of the domain; the rest are claims of the optimizer, carried for
 * everybody's statistics, and nothing depends on them.
 */
export interface ExperimentClaim {
  readonly experimentId: string;
  readonly roundNumber: number;
  readonly timeToThisResultMs: number;
  readonly optimizationConfigHash: Hash;
  readonly dataHash: Hash;
}

/** What an evaluator found on a seat's data. Whoever repeats the evaluation gets exactly these bits. */
export interface SeatMeasurement {
  readonly performanceNano: number;
  /** Of `performanceNano` over the samples. */
  readonly standardErrorNano: number;
  /** Of the data made from the seat's seed. */
  readonly dataHash: Hash;
  /** Of every output of the evaluation, salted with the evaluator's id; of an audit of exact numbers, the trace itself. */
  readonly traceDigest: Hash;
}

/** A block whose height is a multiple of the checkpoint spacing. */
export interface Checkpoint {
  readonly height: number;
  readonly hash: Hash;
}

/** A member's word that `target` follows `source` and that he signs nothing against it (Casper FFG). */
export interface Attestation {
  readonly source: Checkpoint;
  readonly target: Checkpoint;
}

/** An attestation as its sender put it into a transaction, with what else he signed. */
export interface SignedAttestation extends Attestation {
  readonly nonce: number;
  readonly fee: Fee;
  readonly signature: string;
}

/** What proves by itself that a node signed against itself. */
export type Offence =
  /** Two blocks for one slot. */
  | { readonly type: 'two-blocks'; readonly first: BlockHeader; readonly second: BlockHeader }
  /** Two attestations of one height, or one around the other. */
  | { readonly type: 'two-attestations'; readonly first: SignedAttestation; readonly second: SignedAttestation };

export type TransactionBody =
  | { readonly type: 'transfer'; readonly to: NodeId; readonly amountUnits: number }
  | {
      readonly type: 'domain-register';
      readonly spec: DomainSpec;
      /** Hash of the data that its module measures on: a statement for whoever runs it. */
      readonly dataHash: Hash;
    }
  /** Yes to a proposed domain, as it was defined under this hash. */
  | { readonly type: 'domain-vote'; readonly domain: string; readonly specHash: Hash }
  /** Locks coins for one recipient, to be paid by receipts beside the chain. */
  | { readonly type: 'channel-open'; readonly to: NodeId; readonly domain: string; readonly depositUnits: number }
  | {
      readonly type: 'channel-close';
      readonly channel: Hash;
      /** What the recipient is owed in all. */
      readonly amountUnits: number;
      /** The payer's signature (transactions/channel.ts); null when the payer closes. */
      readonly receipt: string | null;
    }
  /** A receipt for more than the payer says he owes. */
  | { readonly type: 'channel-dispute'; readonly channel: Hash; readonly amountUnits: number; readonly receipt: string }
  | {
      readonly type: 'inference-pay';
      readonly to: NodeId;
      /** Whose champion answered. */
      readonly domain: string;
      /** A part of it is burned (weights.ts). */
      readonly amountUnits: number;
      /** Hash of the request that is paid, so that both sides know which. */
      readonly request: Hash;
    }
  | {
      /** Replaces the sender's list of evaluated domains; an empty list withdraws. */
      readonly type: 'register-evaluator';
      readonly domains: readonly string[];
      /** The solved puzzle of who pays no fee; null with one. */
      readonly stamp: number | null;
    }
  | ({ readonly type: 'attest' } & Attestation)
  | { readonly type: 'evidence'; readonly offender: NodeId; readonly offence: Offence }
  | {
      readonly type: 'commit';
      /** Id of the optimum: of the commitment and the sender, so that no copy takes its place (transactions/commit.ts). */
      readonly optimum: Hash;
      readonly commitment: Hash;
      readonly domain: string;
      /** Solution of the client puzzle (stamp.ts), instead of a stake; null locks the stake. */
      readonly stamp: number | null;
    }
  | {
      readonly type: 'reveal';
      readonly optimum: Hash;
      readonly genome: Genome;
      /** 32 random bytes that hide the genome inside the commitment. */
      readonly salt: Hash;
      readonly blob: BlobReference | null;
      readonly reportedNano: number;
      readonly experiment: ExperimentClaim;
    }
  | {
      readonly type: 'vote';
      readonly optimum: Hash;
      readonly seat: number;
      /** The seat's own seed: a vote measured on another branch's data does not fit this seat. */
      readonly dataSeed: Hash;
      /** Null says: these weights cannot be had or cannot be measured. */
      readonly measurement: SeatMeasurement | null;
    }
  /** Where the sender wrote the anchor of a block: the ledger's kind, and what finds it there. */
  | {
      readonly type: 'anchor-record';
      readonly height: number;
      readonly hash: Hash;
      readonly ledger: string;
      readonly reference: string;
    }
  /** Accuses a vote of the window; `bits` is `seatBits` of that vote. */
  | { readonly type: 'challenge'; readonly optimum: Hash; readonly seat: number; readonly bits: Hash }
  | {
      readonly type: 'jury-vote';
      readonly optimum: Hash;
      readonly seat: number;
      readonly dataSeed: Hash;
      /** `seatBits` of what the accused should have published; null says: cannot be measured. */
      readonly bits: Hash | null;
    };

/** What a sender offers, per place of a block that the transaction takes (fees.ts). All zero: it goes in unpaid. */
export interface Fee {
  /** The most he pays, base fee and tip together. */
  readonly maxUnits: number;
  /** What the proposer gets of it, as far as the base fee leaves room. */
  readonly tipUnits: number;
}

export interface Transaction {
  readonly sender: NodeId;
  /** Unique per sender within a sliding window (see accounts.ts); gaps and reordering are fine. */
  readonly nonce: number;
  readonly fee: Fee;
  readonly body: TransactionBody;
  /** Ed25519 over the canonical bytes of everything above, under the chain's transaction tag. 128 hex digits. */
  readonly signature: string;
}

export interface BlockHeader {
  readonly version: number;
  readonly chainId: string;
  readonly height: number;
  readonly parent: Hash;
  readonly timestampMs: number;
  readonly slot: number;
  readonly rank: number;
  readonly proposer: NodeId;
  readonly transactionsRoot: Hash;
  /** Root of the state *after* this block. */
  readonly stateRoot: Hash;
  /** ECVRF proof of the proposer for this parent's beacon and this slot (schedule.ts). 160 hex digits. */
  readonly vrfProof: string;
  readonly signature: string;
}

export interface Block {
  readonly header: BlockHeader;
  readonly transactions: readonly Transaction[];
}

/**
 * `quorum` decides; `shadow` is a newcomer's, measured on the side to earn a reputation; `audit` repeats another seat's
 * evaluation bit by bit.
 */
export type SeatDuty = 'quorum' | 'shadow' | 'audit';

/** A seat at an optimum: who measures, on which data, until when. */
export interface Seat {
  readonly index: number;
  readonly duty: SeatDuty;
  /** Which seat an audit repeats; null for the others. */
  readonly audits: number | null;
  readonly evaluator: NodeId;
  /** 32 bytes, hex; seeds this seat's own evaluation data. */
  readonly dataSeed: Hash;
  /** Last height at which the vote may be included. */
  readonly deadlineHeight: number;
  /** `failed`: the evaluator voted that it cannot be measured. `struck`: proved false, or an audit nobody needs now. */
  readonly status: 'open' | 'voted' | 'failed' | 'missed' | 'struck';
  readonly performanceNano: number | null;
  readonly standardErrorNano: number | null;
  readonly dataHash: Hash | null;
  readonly traceDigest: Hash | null;
}

/**
 * How the verdict judged a seat. `failed`: could not measure what the others could. `missed`: did not vote where the
 * others did. `unjudged`: the quorum found no majority, so nobody is right or wrong.
 */
export interface JudgedVote {
  readonly evaluator: NodeId;
  readonly duty: SeatDuty;
  readonly outcome: 'agreed' | 'divergent' | 'failed' | 'missed' | 'unjudged';
}

/** Facts the state transition derived from a block: stored, indexed and sent to every actor that listens. */
export type ChainRecord =
  | {
      readonly type: 'CHANNEL';
      readonly channel: Hash;
      readonly payer: NodeId;
      readonly to: NodeId;
      readonly depositUnits: number;
      readonly status: 'opened' | 'closing' | 'closed';
      /** What the recipient gets in all, as far as the chain was told. */
      readonly owedUnits: number;
    }
  | {
      readonly type: 'DOMAIN';
      readonly domain: string;
      readonly specHash: Hash;
      readonly status: 'proposed' | 'active' | 'expired';
    }
  | {
      readonly type: 'INFERENCE_PAID';
      readonly from: NodeId;
      readonly to: NodeId;
      readonly domain: string;
      readonly request: Hash;
      /** Paid, and how much of it was burned instead of received. */
      readonly amountUnits: number;
      readonly burnedUnits: number;
    }
  | {
      readonly type: 'COMMITTED';
      readonly optimum: Hash;
      readonly domain: string;
      readonly optimizer: NodeId;
      /** Block time from which the reveal is too late. */
      readonly expiresAtMs: number;
    }
  | {
      readonly type: 'SEEDED';
      readonly optimum: Hash;
      readonly domain: string;
      readonly optimizer: NodeId;
      /** The one seed the confirmation run may use. */
      readonly trainingSeed: Hash;
    }
  | {
      readonly type: 'REVEALED';
      readonly optimum: Hash;
      readonly domain: string;
      readonly optimizer: NodeId;
      readonly genome: Genome;
      readonly blob: BlobReference | null;
      readonly reportedNano: number;
      readonly previousBestNano: number;
      readonly experiment: ExperimentClaim;
    }
  | { readonly type: 'TASK_CREATED'; readonly optimum: Hash; readonly domain: string; readonly seat: Seat }
  | {
      readonly type: 'TASK_COMPLETED';
      readonly optimum: Hash;
      readonly domain: string;
      readonly seat: Seat;
    }
  /** The seats have voted: what will be settled unless the window changes it. */
  | {
      readonly type: 'PROVISIONAL';
      readonly optimum: Hash;
      readonly domain: string;
      readonly optimizer: NodeId;
      readonly genome: Genome;
      readonly blob: BlobReference | null;
      /** Null when it will be rejected. */
      readonly verifiedNano: number | null;
      readonly settlesAtHeight: number;
    }
  /** A challenge has its jury. */
  | {
      readonly type: 'CHALLENGED';
      readonly optimum: Hash;
      readonly domain: string;
      readonly seat: number;
      readonly evaluator: NodeId;
      readonly challenger: NodeId;
      readonly jurors: readonly NodeId[];
    }
  | {
      readonly type: 'JUDGED';
      readonly optimum: Hash;
      readonly domain: string;
      readonly seat: number;
      readonly evaluator: NodeId;
      readonly challenger: NodeId;
      readonly outcome: 'false-vote' | 'true-vote' | 'undecided';
    }
  | {
      readonly type: 'OPTIMAE_ACCEPTED';
      readonly optimum: Hash;
      readonly domain: string;
      readonly optimizer: NodeId;
      readonly genome: Genome;
      readonly blob: BlobReference | null;
      readonly reportedNano: number;
      readonly verifiedNano: number;
      readonly previousBestNano: number;
      readonly rawIncrementNano: number;
      readonly effectiveIncrementNano: number;
      /** Incentive fraction in nano; 1e9 = 1. */
      readonly rewardFractionNano: number;
      readonly seats: number;
      readonly agreeing: number;
      readonly votes: readonly JudgedVote[];
      readonly experiment: ExperimentClaim;
    }
  | {
      readonly type: 'OPTIMAE_REJECTED';
      readonly optimum: Hash;
      readonly domain: string;
      readonly optimizer: NodeId;
      readonly reason: 'quorum-disagrees' | 'overstated' | 'not-better' | 'unmeasurable' | 'no-quorum';
      readonly reportedNano: number;
      readonly verifiedNano: number | null;
      readonly votes: readonly JudgedVote[];
    }
  | {
      readonly type: 'ANCHORED';
      readonly height: number;
      readonly hash: Hash;
      readonly stateRoot: Hash;
      readonly ledger: string;
      readonly reference: string;
      readonly by: NodeId;
    }
  | { readonly type: 'OFFENCE'; readonly node: NodeId; readonly offence: Offence['type']; readonly reporter: NodeId }
  /** Two thirds of the weight stand behind a link to this checkpoint. */
  | ({ readonly type: 'JUSTIFIED' } & Checkpoint)
  /** This block and all before it can never be undone. */
  | ({ readonly type: 'FINALIZED' } & Checkpoint)
  | { readonly type: 'COMMIT_EXPIRED'; readonly optimum: Hash; readonly domain: string; readonly optimizer: NodeId }
  | {
      /** What a closed optimum's stake became. */
      readonly type: 'STAKE';
      readonly optimum: Hash;
      readonly domain: string;
      readonly optimizer: NodeId;
      readonly returnedUnits: number;
      readonly burnedUnits: number;
    }
  | { readonly type: 'REPUTATION'; readonly node: NodeId; readonly beforeMicro: number; readonly afterMicro: number }
  | {
      readonly type: 'COINBASE';
      /** Work this proof block consumed. */
      readonly workNano: number;
      readonly thresholdNano: number;
      readonly subsidyUnits: number;
      readonly payments: readonly {
        readonly to: NodeId;
        readonly amountUnits: number;
        readonly share: 'optimizer' | 'evaluator' | 'proposer';
      }[];
    };
