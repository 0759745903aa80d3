/** Follows the chain into `fact_chain_optimae`: every accepted optimum of every node, corrected when branches switch. */
import { decodeGenome, type Genome, NANO, type Space } from '../../runtime/genome/space.js';
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
  /** The canonical block of a height, to fill what was missed while this actor was down. */
  readonly readBlock: (height: number) => Promise<FollowedBlock | null>;
}

export class ChainFollower {
  readonly #options: FollowerOptions;
  /** `hash` is null right after a revert: the next block names it as its parent. Undefined: nothing followed yet. */
  #cursor: { readonly height: number; readonly hash: Hash | null } | undefined;

  constructor(options: FollowerOptions, cursor: ChainCursor | undefined) {
    this.#options = options;
    this.#cursor = cursor;
  }

  async apply(block: FollowedBlock): Promise<void> {
    if (block.hash === this.#cursor?.hash) return;
    if (!this.#continues(block)) await this.#resync(block.height);
    await this.#add(block);
  }

  async revert(hashes: readonly Hash[]): Promise<void> {
    const cursor = this.#cursor;
    await this.#options.store.removeBlocks(hashes, null);
    const follows = cursor !== undefined && cursor.hash !== null && cursor.hash === hashes[0];
    this.#cursor = follows ? { height: cursor.height - hashes.length, hash: null } : undefined;
  }

  #continues(block: FollowedBlock): boolean {
    if (block.height <= 1) return true;
    const cursor = this.#cursor;
    return cursor?.height === block.height - 1 && (cursor.hash === null || cursor.hash === block.parent);
  }

  /** Reads the canonical blocks below `height` again: from the cursor if that is still canonical, else all. */
  async #resync(height: number): Promise<void> {
    const cursor = this.#cursor;
    let from = 1;
    if (cursor !== undefined && cursor.height < height) {
      const canonical = await this.#options.readBlock(cursor.height);
      if (canonical !== null && canonical.hash === cursor.hash) from = cursor.height + 1;
    }
    if (from === 1) await this.#options.store.removeAllBlocks();
    for (let at = from; at < height; at += 1) {
      const block = await this.#options.readBlock(at);
      if (block === null) return;
      await this.#add(block);
    }
  }

  async #add(block: FollowedBlock): Promise<void> {
    const rows = block.records.flatMap((record) => this.#rowOf(record, block) ?? []);
    const cursor = { height: block.height, hash: block.hash };
    await this.#options.store.addBlock(cursor, rows);
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
