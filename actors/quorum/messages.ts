/** What the quorum actor accepts, answers and emits. It watches the chain for seats and turns measurements into votes. */
import { ask, event, protocol } from '../../runtime/system/protocol.js';
import type { Hash, NodeId, Seat } from '../chain/types.js';

/** When something came into the chain. */
export interface Moment {
  readonly height: number;
  readonly timestampMs: number;
}

/** Null for those not reached. `provisional`: of the last verdict, which a challenge may have undone. */
export interface LifeStations {
  readonly committed: Moment | null;
  readonly revealed: Moment | null;
  readonly provisional: Moment | null;
  /** Accepted, rejected or expired. */
  readonly settled: Moment | null;
}

export interface ChallengeView {
  /** The accused one. */
  readonly seat: number;
  readonly evaluator: NodeId;
  readonly challenger: NodeId;
  readonly jurors: number;
  /** Null until the jury has decided. */
  readonly outcome: 'false-vote' | 'true-vote' | 'undecided' | null;
  readonly raised: Moment;
  readonly judged: Moment | null;
}

/** One optimum on its way or settled, as this node sees it. */
export interface QuorumView {
  readonly optimum: Hash;
  readonly domain: string;
  readonly optimizer: NodeId;
  /** Null before the reveal. */
  readonly reportedNano: number | null;
  /** Median of the quorum, null until there is one. */
  readonly verifiedNano: number | null;
  readonly seats: readonly Seat[];
  readonly challenges: readonly ChallengeView[];
  /** `open`: being voted on. `provisional`: open to challenges until `settlesAtHeight`. */
  readonly verdict: 'committed' | 'open' | 'provisional' | 'accepted' | 'rejected' | 'expired';
  /** Why it was rejected. */
  readonly reason: string | null;
  readonly settlesAtHeight: number | null;
  readonly stations: LifeStations;
}

export const quorum = protocol('quorum', {
  /** Newest first: those on their way and the last settled ones. */
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
