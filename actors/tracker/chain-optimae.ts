/** Follows the chain into `fact_chain_optimae`: every accepted optimum of every node, corrected when branches switch. */
import { decodeGenome, type Genome, NANO, type Space } from '../../runtime/genome/space.js';
import { Serial } from '../../runtime/serial.js';
import type { ChainRecord, Hash } from '../chain/types.js';
import type { ChainCursor, OlapStore } from './olap-store.js';
import type { ChainOptimumRow } from './rows.js';

/** The part of an applied block that matters here. */
export interface FollowedBlock {
  readonly height: number;
  readonly hash: Hash;
  readonly parent: Hash;
  readonly timestampMs: number;
  readonly records: readonly ChainRecord[];
}

interface FollowerOptions {
  readonly store: OlapStore;
  readonly spaces: ReadonlyMap<string, Space>;
  readonly now: () => number;
  /** Canonical blocks from a height on, at most `PAGE`: what was missed while this actor was down. */
  readonly readBlocks: (fromHeight: number) => Promise<readonly FollowedBlock[]>;
}

/** Blocks of one question, and of one transaction. */
export const PAGE = 200;

export class ChainFollower {
  readonly #options: FollowerOptions;
  readonly #serial = new Serial();
  /** `hash` is null right after a revert: the next block names it as its parent. Undefined: nothing followed yet. */
  #cursor: { readonly height: number; readonly hash: Hash | null } | undefined;

  constructor(options: FollowerOptions, cursor: ChainCursor | undefined) {
    this.#options = options;
    this.#cursor = cursor;
  }

  apply(block: FollowedBlock): Promise<void> {
    return this.#serial.run(async () => {
      if (block.hash === this.#cursor?.hash) return;
      await (this.#continues(block) ? this.#add([block]) : this.#catchUp());
    });
  }

  revert(hashes: readonly Hash[]): Promise<void> {
    return this.#serial.run(async () => {
      await this.#options.store.removeBlocks(hashes, null);
      const cursor = this.#cursor;
      const place = cursor === undefined || cursor.hash === null ? -1 : hashes.indexOf(cursor.hash);
      if (cursor === undefined || place < 0) return;
      this.#cursor = { height: cursor.height - (hashes.length - place), hash: null };
    });
  }

  /** Reads what the chain has beyond the cursor: at start, and whenever a block does not continue what was followed. */
  catchUp(): Promise<void> {
    return this.#serial.run(() => this.#catchUp());
  }

  #continues(block: FollowedBlock): boolean {
    const cursor = this.#cursor;
    if (cursor === undefined) return block.height === 1;
    return cursor.height === block.height - 1 && (cursor.hash === null || cursor.hash === block.parent);
  }

  /** From the cursor if that is still canonical, else everything: a switch nobody told of went below it. */
  async #catchUp(): Promise<void> {
    const cursor = this.#cursor;
    let from = 1;
    if (cursor?.hash === null) from = cursor.height + 1;
    else if (cursor !== undefined) {
      const [canonical] = await this.#options.readBlocks(cursor.height);
      if (canonical?.height === cursor.height && canonical.hash === cursor.hash) from = cursor.height + 1;
    }
    if (from === 1) {
      await this.#options.store.removeAllBlocks();
      this.#cursor = undefined;
    }
    for (;;) {
      // A chain that began at a snapshot has no first blocks: then the first it has.
      const blocks = await this.#options.readBlocks(from);
      await this.#add(blocks);
      if (blocks.length < PAGE) return;
      from = (blocks.at(-1)?.height ?? from) + 1;
    }
  }

  async #add(blocks: readonly FollowedBlock[]): Promise<void> {
    const last = blocks.at(-1);
    if (last === undefined) return;
    const rows = blocks.flatMap((block) => block.records.flatMap((record) => this.#rowOf(record, block) ?? []));
    const cursor = { height: last.height, hash: last.hash };
    await this.#options.store.addBlocks(cursor, rows);
    this.#cursor = cursor;
  }

  #rowOf(record: ChainRecord, block: FollowedBlock): ChainOptimumRow | null {
    if (record.type !== 'OPTIMAE_ACCEPTED') return null;
    const { experiment } = record;
    return {
      optimae_id: record.optimum,
      domain_id: record.domain,
      optimizer_id: record.optimizer,
      experiment_id: experiment.experimentId,
      round_number: experiment.roundNumber,
      parameters: JSON.stringify(this.#parametersOf(record.domain, record.genome)),
      reported_performance: record.reportedNano / NANO,
      verified_performance: record.verifiedNano / NANO,
      effective_increment: record.effectiveIncrementNano / NANO,
      time_to_this_result_seconds: experiment.timeToThisResultMs / 1000,
      optimization_config_hash: experiment.optimizationConfigHash,
      data_hash: experiment.dataHash,
      previous_best_performance: record.previousBestNano / NANO,
      reward_fraction: record.rewardFractionNano / NANO,
      quorum_agree_fraction: record.seats === 0 ? 0 : record.agreeing / record.seats,
      block_height: block.height,
      block_timestamp: new Date(block.timestampMs).toISOString(),
      ingested_at: new Date(this.#options.now()).toISOString(),
      block_hash: block.hash,
    };
  }

  /** By name where this node knows the domain's space; the bare genome otherwise. */
  #parametersOf(domain: string, genome: Genome): unknown {
    const space = this.#options.spaces.get(domain);
    return space === undefined ? genome : decodeGenome(space, genome);
  }
}
