/** State entries of the domains themselves: what is defined, what is proposed. */
import type { DomainSpec } from '../../../gpu-workers/types.js';
import { array, hash32, nullable, struct, u53 } from '../../../runtime/codec/canonical.js';
import { domainIdCodec } from '../codec.js';
import { domainSpecCodec } from '../domain-spec.js';
import { LIMITS } from '../limits.js';
import type { Hash, NodeId } from '../types.js';
import type { EntryKind } from './state.js';

/** A domain that members may vote in. Nothing can be committed to it meanwhile. */
export interface DomainProposal {
  readonly proposer: NodeId;
  readonly depositUnits: number;
  /** Block time from which it is too late. */
  readonly expiresAtMs: number;
  /** Members that voted for it, sorted. */
  readonly approvals: readonly NodeId[];
}

export interface DomainDefinition {
  readonly spec: DomainSpec;
  /** Hash of the data its module measures on, as its author states it; null for domains of the genesis. */
  readonly dataHash: Hash | null;
  /** Null once the domain counts. */
  readonly proposal: DomainProposal | null;
}
export const DEFINITION: EntryKind<DomainDefinition> = {
  prefix: 'definition',
  codec: struct({
    spec: domainSpecCodec,
    dataHash: nullable(hash32),
    proposal: nullable(
      struct({
        proposer: hash32,
        depositUnits: u53,
        expiresAtMs: u53,
        approvals: array(hash32, LIMITS.approvalsPerProposal),
      }),
    ),
  }),
};

/** Ids of all domains that count, sorted. */
export const DOMAINS: EntryKind<readonly string[]> = {
  prefix: 'domains',
  codec: array(domainIdCodec, LIMITS.domains),
};
/** Ids of all proposals, sorted. */
export const PROPOSALS: EntryKind<readonly string[]> = {
  prefix: 'proposals',
  codec: array(domainIdCodec, LIMITS.proposals),
};
