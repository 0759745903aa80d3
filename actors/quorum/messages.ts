/** What the quorum actor accepts, answers and emits. It watches the chain for seats and turns measurements into votes. */
import { ask, event, protocol } from '../../runtime/system/protocol.js';
import type { Hash, NodeId, Seat } from '../chain/types.js';

/** One optimum under verification, as this node sees it. */
export interface QuorumView {
  readonly optimum: Hash;
  readonly domain: string;
  readonly optimizer: NodeId;
  readonly reportedNano: number;
  readonly seats: readonly Seat[];
  readonly verdict: 'open' | 'accepted' | 'rejected';
}

export const quorum = protocol('quorum', {
  /** Newest first: everything open plus the last settled ones. */
  getQuorums: ask<{ limit: number }, { quorums: readonly QuorumView[] }>(),

  /** This node was given a seat and started to work on it. */
  seatTaken: event<{ optimum: Hash; domain: string; seat: number }>(),
  voteCast: event<{
    optimum: Hash;
    domain: string;
    seat: number;
    performanceNano: number;
    standardErrorNano: number;
  }>(),
  /** A seat of ours could not be measured; it will be missed. */
  seatFailed: event<{ optimum: Hash; domain: string; seat: number; code: string; reason: string }>(),
});
