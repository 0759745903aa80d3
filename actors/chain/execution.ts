/** What a block's rules work on: the state so far, the records so far, and the fixed facts of the block. */
import type { DomainSpec } from '../../gpu-workers/types.js';
import { adjusted, decayed } from '../reputation/rules.js';
import { type BlockUsage, baseFeeAfterGapUnits, NOTHING_USED } from './base-fee.js';
import type { Genesis } from './genesis.js';
import type { CoinMove } from './moves.js';
import { DEFINITION } from './state/domains.js';
import { withMemberEntry } from './state/members.js';
import {
  BANNED,
  GLOBALS,
  type Globals,
  REPUTATION,
  SEAT_FAILED,
  SEAT_MISSED,
  SEAT_STRUCK,
  SEAT_VOTED,
  type SeatState,
  type State,
} from './state/state.js';
import type { ChainRecord, Checkpoint, NodeId, Seat, SeatDuty } from './types.js';

export interface BlockFacts {
  readonly height: number;
  readonly timestampMs: number;
  readonly slot: number;
  readonly proposer: NodeId;
  /** Randomness of this block, fixed before its transactions. */
  readonly beacon: string;
}

export class Execution {
  state: State;
  readonly genesis: Genesis;
  readonly block: BlockFacts;
  readonly records: ChainRecord[] = [];
  readonly moves: CoinMove[] = [];
  /** Price of a place in this block. */
  readonly baseFeeUnits: number;
  usage: BlockUsage = NOTHING_USED;
  /** Checkpoints that this block's transactions attest. */
  readonly attested = new Map<number, Checkpoint>();
  readonly #parentMs: number;

  /** On top of the parent's state. */
  constructor(state: State, genesis: Genesis, block: BlockFacts) {
    this.state = state;
    this.genesis = genesis;
    this.block = block;
    const parent = this.globals();
    this.#parentMs = parent.timestampMs;
    const emptySlots = block.slot - parent.slot - 1;
    this.baseFeeUnits = baseFeeAfterGapUnits(parent.baseFeeUnits, emptySlots, genesis.parameters.fees);
  }

  globals(): Globals {
    return this.state.require(GLOBALS);
  }

  updateGlobals(change: Partial<Globals>): void {
    this.state = this.state.set(GLOBALS, '', { ...this.globals(), ...change });
  }

  /** Only domains that count: those of the genesis and those that were voted in. */
  domain(domainId: string): DomainSpec | undefined {
    const definition = this.state.get(DEFINITION, domainId);
    return definition?.proposal === null ? definition.spec : undefined;
  }

  isBanned(node: NodeId): boolean {
    return (this.state.get(BANNED, node) ?? 0) > this.block.height;
  }

  reputationMicro(node: NodeId): number {
    return reputationAt(this.state, node, this.block.timestampMs, this.genesis);
  }

  /**
   * What decides whether a node is drawn: as of the parent, so that the moment within his slot that a proposer chooses
   * decides nothing. What this block itself has changed counts as it is.
   */
  standingMicro(node: NodeId): number {
    const updatedMs = this.state.get(REPUTATION, node)?.updatedMs ?? 0;
    return reputationAt(this.state, node, Math.max(this.#parentMs, updatedMs), this.genesis);
  }

  /** Who is banned earns none. */
  changeReputation(node: NodeId, deltaMicro: number): void {
    if (deltaMicro > 0 && this.isBanned(node)) return;
    const beforeMicro = this.reputationMicro(node);
    const afterMicro = adjusted(beforeMicro, deltaMicro);
    // Strangers who have nothing to lose do not become members by losing it.
    if (beforeMicro === 0 && afterMicro === 0) return;
    this.state = withMemberEntry(this.state, node).set(REPUTATION, node, {
      scoreMicro: afterMicro,
      updatedMs: this.block.timestampMs,
    });
    this.records.push({ type: 'REPUTATION', node, beforeMicro, afterMicro });
  }
}

export function reputationAt(state: State, node: NodeId, atMs: number, genesis: Genesis): number {
  const entry = state.get(REPUTATION, node);
  return entry === undefined ? 0 : decayed(entry, atMs, genesis.parameters.reputation.halfLifeMs);
}

/** A seat as records and views show it. */
export function seatView(seat: SeatState, index: number): Seat {
  const { duty, audits, evaluator, dataSeed, deadlineHeight, status, measurement } = seat;
  return {
    index,
    duty: DUTIES[duty] ?? 'quorum',
    audits,
    evaluator,
    dataSeed,
    deadlineHeight,
    status: SEAT_STATUS[status] ?? 'open',
    performanceNano: measurement?.performanceNano ?? null,
    standardErrorNano: measurement?.standardErrorNano ?? null,
    dataHash: measurement?.dataHash ?? null,
    traceDigest: measurement?.traceDigest ?? null,
  };
}

/** In the order of their numbers in the state. */
export const DUTIES: readonly SeatDuty[] = ['quorum', 'shadow', 'audit'];

const SEAT_STATUS: Readonly<Record<number, Seat['status']>> = {
  [SEAT_VOTED]: 'voted',
  [SEAT_FAILED]: 'failed',
  [SEAT_MISSED]: 'missed',
  [SEAT_STRUCK]: 'struck',
};
