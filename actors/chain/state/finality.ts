/** What the state holds about finality. The rules that change it are in ../finality/rules.ts. */
import { array, hash32, nullable, struct, u53, u64 } from '../../../runtime/codec/canonical.js';
import { checkpointCodec } from '../codec.js';
import type { Checkpoint, NodeId } from '../types.js';
import type { EntryKind } from './state.js';

export interface FinalityState {
  readonly justified: Checkpoint;
  readonly finalized: Checkpoint;
  /** Heights of the checkpoints above the final one that may still be attested, ascending. */
  readonly candidates: readonly number[];
  /** The newest proof block: until it is final, the chain has something to drain. */
  readonly lastProofHeight: number;
}
export const FINALITY: EntryKind<FinalityState> = {
  prefix: 'finality',
  codec: struct({
    justified: checkpointCodec,
    finalized: checkpointCodec,
    candidates: array(u53, 1_024),
    lastProofHeight: u53,
  }),
};

export interface Candidate {
  readonly hash: string;
  /** Where the attestations counted here start; null before the first. */
  readonly source: Checkpoint | null;
  /** Who attested this checkpoint from that source, sorted. */
  readonly attesters: readonly NodeId[];
}
/** By height. */
export const CANDIDATE: EntryKind<Candidate> = {
  prefix: 'candidate',
  codec: struct({ hash: hash32, source: nullable(checkpointCodec), attesters: array(hash32, 1_000_000) }),
};

export interface Elector {
  readonly node: NodeId;
  readonly weightMicro: bigint;
}
/** By height of a checkpoint: who was eligible in its state, and how much each weighed. */
export const ELECTORATE: EntryKind<readonly Elector[]> = {
  prefix: 'electorate',
  codec: array(struct({ node: hash32, weightMicro: u64 }), 1_000_000),
};

/** By hash of an offence (slashing.ts): the block that punished it. Never again. */
export const OFFENCE: EntryKind<number> = { prefix: 'offence', codec: u53 };

/** By node that ever was in an electorate. */
export interface Attester {
  /** The highest checkpoint it attested; 0 for none. */
  readonly targetHeight: number;
  /** The block of its last attestation, or the one that first found it eligible. */
  readonly activeHeight: number;
}
export const ATTESTER: EntryKind<Attester> = {
  prefix: 'attester',
  codec: struct({ targetHeight: u53, activeHeight: u53 }),
};
