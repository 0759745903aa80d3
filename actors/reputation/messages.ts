/** What the reputation actor accepts, answers and emits: an indexed view of what the chain says. */
import { ask, event, protocol } from '../../runtime/system/protocol.js';
import type { NodeId } from '../chain/types.js';

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

export const reputation = protocol('reputation', {
  getReputation: ask<{ nodeId: NodeId }, { view: ReputationView | null }>(),
  /** Highest first. */
  getTable: ask<{ limit: number }, { table: readonly ReputationView[] }>(),

  changed: event<{ nodeId: NodeId; beforeMicro: number; afterMicro: number; height: number }>(),
});
