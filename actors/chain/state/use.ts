/** State entries behind the weights of domains: what was paid and found in the window of the last proof blocks. */
import { array, struct, u53, u64 } from '../../../runtime/codec/canonical.js';
import type { EntryKind } from './state.js';

/** Longest window a genesis may ask for. */
export const MAX_WINDOW = 1_000;

/** What happened between two proof blocks. */
export interface UseBucket {
  /** Proof blocks there were before: names the bucket. */
  readonly proofBlocks: number;
  /** Burned from payments for inference. */
  readonly burnedUnits: number;
  readonly accepted: number;
  /** Sum of the raw increments. */
  readonly incrementNano: bigint;
  /** Work counted towards the coming proof block. */
  readonly workNano: bigint;
}

export interface DomainUse {
  /** Oldest first; empty ones are left out. */
  readonly buckets: readonly UseBucket[];
  /** Sums over the buckets, kept along so that reading costs nothing. */
  readonly burnedUnits: number;
  readonly accepted: number;
  readonly incrementNano: bigint;
}

/** By domain; under the empty id, all domains together. */
export const DOMAIN_USE: EntryKind<DomainUse> = {
  prefix: 'use',
  codec: struct({
    buckets: array(
      struct({ proofBlocks: u53, burnedUnits: u53, accepted: u53, incrementNano: u64, workNano: u64 }),
      MAX_WINDOW,
    ),
    burnedUnits: u53,
    accepted: u53,
    incrementNano: u64,
  }),
};
export const NO_USE: DomainUse = { buckets: [], burnedUnits: 0, accepted: 0, incrementNano: 0n };
