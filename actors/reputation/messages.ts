/** What the reputation actor accepts, answers and emits: an indexed view of what the chain says. */
import { ask, event, protocol } from '../../runtime/system/protocol.js';
import type { Hash, NodeId } from '../chain/types.js';

export interface ReputationView {
  readonly nodeId: NodeId;
  /** As of now: decayed to the current wall clock, for display only. */
  readonly reputationMicro: number;
  readonly acceptedOptimae: number;
  readonly rejectedOptimae: number;
  readonly agreedVotes: number;
  readonly divergentVotes: number;
  readonly missedSeats: number;
}

/** Something that somebody did and the chain held against him. */
export interface Incident {
  readonly kind: 'false-vote' | 'false-challenge' | 'two-blocks' | 'two-attestations' | 'rejected' | 'divergent-vote';
  readonly node: NodeId;
  /** Who brought it up, if somebody did. */
  readonly reportedBy: NodeId | null;
  readonly optimum: Hash | null;
  readonly domain: string | null;
  readonly seat: number | null;
  /** Why an optimum was rejected. */
  readonly reason: string | null;
  readonly height: number;
  readonly timestampMs: number;
}

export const reputation = protocol('reputation', {
  getReputation: ask<{ nodeId: NodeId }, { view: ReputationView | null }>(),
  /** Highest first. */
  getTable: ask<{ limit: number }, { table: readonly ReputationView[] }>(),
  /** Newest first. */
  getIncidents: ask<{ limit: number }, { incidents: readonly Incident[] }>(),

  changed: event<{ nodeId: NodeId; beforeMicro: number; afterMicro: number; height: number }>(),
});
