/** What became of whose coins, and why: noted beside the rules for the owners of accounts. No part of the state. */
import type { Hash, NodeId } from './types.js';

/**
 * `fee`: base fee and tip of a transaction. `tips`: what the proposer gets of them. `stake`, `deposit`, `channel`: locked
 * (negative) or given back, by a commitment, a proposed domain, a channel. `reward`: minted by a proof block.
 */
export type MoveCause = 'transfer' | 'fee' | 'tips' | 'inference' | 'stake' | 'deposit' | 'channel' | 'reward';

export interface MoveReason {
  readonly cause: MoveCause;
  /** The other account, where there is one. */
  readonly counterparty?: NodeId;
}

export interface CoinMove {
  readonly account: NodeId;
  readonly cause: MoveCause;
  /** Added to the account, or taken when negative. */
  readonly units: number;
  /** Of the account, after it. */
  readonly balanceUnits: number;
  readonly counterparty: NodeId | null;
  /** Of the block. */
  readonly timestampMs: number;
}

/** A place in the history of an account: moves of one block are in the order in which they happened. */
export interface MovePosition {
  readonly height: number;
  readonly position: number;
}

export interface StoredMove extends CoinMove, MovePosition {
  readonly block: Hash;
}
