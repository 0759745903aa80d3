/** Reputation by node, built from the records of canonical blocks in order of height. */
import type { BlockApplied } from '../chain/messages.js';
import type { ChainRecord, Hash, JudgedVote, NodeId } from '../chain/types.js';
import type { ReputationView } from './messages.js';
import { decayed } from './rules.js';

interface Entry {
  scoreMicro: number;
  updatedMs: number;
  acceptedOptimae: number;
  rejectedOptimae: number;
  agreedVotes: number;
  divergentVotes: number;
  missedSeats: number;
}

export interface Change {
  readonly nodeId: NodeId;
  readonly beforeMicro: number;
  readonly afterMicro: number;
}

/** What a block changed, as it was before; null where there was nothing. */
interface Undo {
  readonly hash: Hash;
  readonly before: Map<NodeId, Entry | null>;
}

/** Blocks that can be taken back: as many as the chain keeps states of. */
const UNDO_BLOCKS = 256;

export class ReputationTable {
  height = 0;
  readonly #halfLifeMs: number;
  readonly #entries = new Map<NodeId, Entry>();
  /** Lowest block first. */
  #undo: Undo[] = [];

  constructor(halfLifeMs: number) {
    this.#halfLifeMs = halfLifeMs;
  }

  get size(): number {
    return this.#entries.size;
  }

  reset(): void {
    this.height = 0;
    this.#entries.clear();
    this.#undo = [];
  }

  /** Whether this block comes right after those applied so far. */
  isNext(block: BlockApplied): boolean {
    const last = this.#undo.at(-1);
    return block.height === this.height + 1 && (last === undefined || last.hash === block.parent);
  }

  /** A member no record has mentioned yet. */
  found(nodeId: NodeId, scoreMicro: number, atMs: number): void {
    if (!this.#entries.has(nodeId)) this.#entries.set(nodeId, { ...newEntry(), scoreMicro, updatedMs: atMs });
  }

  apply(block: BlockApplied): readonly Change[] {
    this.height = block.height;
    this.#undo.push({ hash: block.hash, before: new Map() });
    if (this.#undo.length > UNDO_BLOCKS) this.#undo.shift();
    const changes: Change[] = [];
    for (const record of block.records) {
      this.#count(record);
      if (record.type !== 'REPUTATION') continue;
      const { node: nodeId, beforeMicro, afterMicro } = record;
      Object.assign(this.#entry(nodeId), { scoreMicro: afterMicro, updatedMs: block.timestampMs });
      changes.push({ nodeId, beforeMicro, afterMicro });
    }
    return changes;
  }

  /**
   * Takes these blocks back, highest first. False, and nothing is changed, when they are not the last ones applied or
   * reach further back than what is kept. A node whose first record is taken back is unknown again.
   */
  revert(hashes: readonly Hash[]): boolean {
    if (hashes.some((hash, index) => this.#undo.at(-1 - index)?.hash !== hash)) return false;
    for (const { before } of this.#undo.splice(this.#undo.length - hashes.length).reverse()) {
      for (const [nodeId, entry] of before) {
        if (entry === null) this.#entries.delete(nodeId);
        else this.#entries.set(nodeId, entry);
      }
    }
    this.height -= hashes.length;
    return true;
  }

  view(nodeId: NodeId, nowMs: number): ReputationView | null {
    const entry = this.#entries.get(nodeId);
    if (entry === undefined) return null;
    const { scoreMicro, updatedMs, ...counts } = entry;
    const atMs = Math.max(nowMs, updatedMs);
    return { nodeId, reputationMicro: decayed({ scoreMicro, updatedMs }, atMs, this.#halfLifeMs), ...counts };
  }

  highest(limit: number, nowMs: number): readonly ReputationView[] {
    return [...this.#entries.keys()]
      .flatMap((nodeId) => this.view(nodeId, nowMs) ?? [])
      .sort((a, b) => b.reputationMicro - a.reputationMicro)
      .slice(0, limit);
  }

  #count(record: ChainRecord): void {
    switch (record.type) {
      case 'TASK_COMPLETED':
        if (record.seat.status === 'missed') this.#entry(record.seat.evaluator).missedSeats += 1;
        return;
      case 'OPTIMAE_ACCEPTED':
        this.#entry(record.optimizer).acceptedOptimae += 1;
        this.#countVotes(record.votes);
        return;
      case 'OPTIMAE_REJECTED':
        this.#entry(record.optimizer).rejectedOptimae += 1;
        this.#countVotes(record.votes);
        return;
      default:
        return;
    }
  }

  #countVotes(votes: readonly JudgedVote[]): void {
    for (const { evaluator, outcome } of votes) {
      const entry = this.#entry(evaluator);
      if (outcome === 'agreed') entry.agreedVotes += 1;
      if (outcome === 'divergent') entry.divergentVotes += 1;
    }
  }

  /** For changing: what it was before the current block is kept. */
  #entry(nodeId: NodeId): Entry {
    const known = this.#entries.get(nodeId);
    const before = this.#undo.at(-1)?.before;
    if (before !== undefined && !before.has(nodeId)) before.set(nodeId, known === undefined ? null : { ...known });
    if (known !== undefined) return known;
    const entry = newEntry();
    this.#entries.set(nodeId, entry);
    return entry;
  }
}

function newEntry(): Entry {
  return {
    scoreMicro: 0,
    updatedMs: 0,
    acceptedOptimae: 0,
    rejectedOptimae: 0,
    agreedVotes: 0,
    divergentVotes: 0,
    missedSeats: 0,
  };
}
