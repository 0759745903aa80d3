/** The parts of the chain actor, put together, and what they tell each other and the other actors. */
import { keyPairFromSeed } from '../../runtime/crypto/ed25519.js';
import { errorMessage } from '../../runtime/errors.js';
import type { StateFile } from '../../runtime/storage/state-file.js';
import type { ActorContext } from '../../runtime/system/actor.js';
import { inStoryOf } from '../../runtime/trace/story-id.js';
import type { ClaimPool } from './ahead.js';
import { type AppliedBlock, Blockchain, type HeadSwitch } from './blockchain.js';
import { transactionId } from './codec.js';
import { Duties } from './duties.js';
import type { Evidence } from './finality/watch.js';
import { type Genesis, genesisHash } from './genesis.js';
import { Housekeeping } from './housekeeping.js';
import { Included } from './included.js';
import { Intake } from './intake.js';
import { Membership } from './membership.js';
import { Mempool } from './mempool.js';
import { type ChainStatus, chain } from './messages.js';
import { OwnTransactions } from './own-transactions.js';
import { type PinnedBlock, Pins } from './pins.js';
import { Serving } from './serving.js';
import { SnapshotExchange } from './snapshots.js';
import type { BlockStore } from './store.js';
import { storyOfTransaction } from './story.js';
import type { Hash, NodeId } from './types.js';
import { RememberingVerifier } from './verifier.js';
import { appliedEvent, statusOf } from './views.js';

export interface ChainOptions {
  readonly databaseFile: string;
  /** What this node has signed, see duties.ts. */
  readonly dutiesFile: string;
  readonly genesis: Genesis;
  /** 32-byte Ed25519 seed of this node. */
  readonly secretSeed: Uint8Array;
  /** Blocks that ledgers outside name: a chain without them is not followed. */
  readonly pins?: readonly PinnedBlock[];
  /** Blocks behind the head that keep their transactions; null or absent: all. */
  readonly pruneBlocks?: number | null;
}

export interface ChainModules {
  openStore(file: string, genesis: Hash): Promise<BlockStore>;
  /** Cores that verify ahead of applying; without them everything is verified when its turn comes. */
  openPool?(): ClaimPool;
  openDuties(file: string): StateFile;
}

interface Parts {
  readonly store: BlockStore;
  readonly blockchain: Blockchain;
  readonly verifier: RememberingVerifier;
  readonly pool: ClaimPool | null;
  readonly duties: Duties;
}

export class ChainNode {
  readonly store: BlockStore;
  readonly blockchain: Blockchain;
  readonly mempool = new Mempool();
  readonly included = new Included();
  readonly intake: Intake;
  readonly own: OwnTransactions;
  readonly membership: Membership;
  readonly snapshots: SnapshotExchange;
  readonly serving: Serving;
  readonly #ctx: ActorContext;
  readonly #self: NodeId;
  readonly #pool: ClaimPool | null;
  readonly #housekeeping: Housekeeping;
  #reorgs = 0;

  private constructor(ctx: ActorContext, options: ChainOptions, parts: Parts) {
    const { store, blockchain, verifier, pool, duties } = parts;
    this.#ctx = ctx;
    this.store = store;
    this.blockchain = blockchain;
    this.serving = new Serving(store, blockchain.genesisHash);
    this.#pool = pool;
    this.#housekeeping = new Housekeeping(blockchain, store, { keepBlocks: options.pruneBlocks ?? null });
    const keyPair = keyPairFromSeed(options.secretSeed);
    this.#self = keyPair.publicKey;
    this.snapshots = new SnapshotExchange({ chain: blockchain, store, verify: verifier.signature }, (block) =>
      this.#started(block),
    );
    this.intake = new Intake(
      { chain: blockchain, mempool: this.mempool, verifier, pool, now: () => ctx.now() },
      {
        pooled: ({ id, bytes, transaction }, publish) => {
          const story = storyOfTransaction(transaction.body);
          ctx.emit(chain.transactionAccepted, { id, bytes, publish, transaction }, story);
        },
        headMoved: (change) => this.#headMoved(change),
        offenceSeen: (evidence) => this.#reportOffence(evidence),
      },
    );
    const { mempool, intake } = this;
    this.own = new OwnTransactions({ blockchain, mempool, intake }, keyPair);
    this.membership = new Membership(
      ctx,
      { blockchain, mempool, intake, own: this.own, duties, keyPair, verify: verifier.signature },
      (change) => this.#headMoved(change),
    );
  }

  static async open(ctx: ActorContext, options: ChainOptions, modules: ChainModules): Promise<ChainNode> {
    const store = await modules.openStore(options.databaseFile, genesisHash(options.genesis));
    try {
      // One memory for all: what came by gossip is not verified again in its block.
      const verifier = new RememberingVerifier();
      const pins = new Pins(options.pins, (message) => ctx.log.error(message));
      const blockchain = await Blockchain.open(options.genesis, store, verifier, pins);
      const duties = await Duties.open(modules.openDuties(options.dutiesFile), genesisHash(options.genesis));
      return new ChainNode(ctx, options, { store, blockchain, verifier, pool: modules.openPool?.() ?? null, duties });
    } catch (error) {
      // A database that is open when its thread ends may end the process, before it can say why.
      await store.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#pool?.close();
    await this.#housekeeping.run();
    await this.store.close();
  }

  status(): ChainStatus {
    const { blockchain } = this;
    return {
      ...statusOf(blockchain.head, blockchain.genesis, this.#self),
      genesisHash: blockchain.genesisHash,
      mempool: this.mempool.causes,
      refused: Object.fromEntries(this.intake.refused),
      reorgs: this.#reorgs,
    };
  }

  /** Everybody who sees it reports it: one report is enough, and the others are refused without a trace. */
  #reportOffence(evidence: Evidence): void {
    const { offender, offence } = evidence;
    if (offender === this.#self) return;
    this.#ctx.log.warn('a node signed against itself', { offender, offence: offence.type });
    void this.own.submit(evidence).catch((error: unknown) => {
      this.#ctx.log.info('evidence not sent', { offender, reason: errorMessage(error) });
    });
  }

  #headMoved(change: HeadSwitch): void {
    this.included.follow(change);
    if (change.reverted.length > 0) {
      this.#reorgs += 1;
      const [lowest] = change.reverted.slice(-1);
      this.#ctx.emit(chain.blocksReverted, {
        hashes: change.reverted.map((block) => block.hash),
        height: (lowest?.block.header.height ?? 1) - 1,
      });
    }
    for (const applied of change.applied) {
      for (const transaction of applied.block.transactions) this.mempool.remove(transactionId(transaction));
    }
    // What a switch took out of the chain goes back to the mempool, unless the new branch has it too.
    const self = this.#self;
    for (const { block } of [...change.reverted].reverse()) {
      for (const transaction of block.transactions)
        this.intake.poolTransaction(transaction, transaction.sender === self);
    }
    this.intake.refreshMempool();
    void this.#housekeeping.run().catch((error: unknown) => {
      this.#ctx.log.error('snapshot or pruning failed', { error: errorMessage(error) });
    });
    for (const applied of change.applied) {
      this.#ctx.emit(chain.blockApplied, appliedEvent(applied), inStoryOf(applied.hash));
    }
  }

  /** What others derived from the genesis is void. */
  #started(block: AppliedBlock): void {
    this.intake.refreshMempool();
    this.#ctx.emit(chain.blocksReverted, { hashes: [], height: 0 });
    this.#ctx.emit(chain.blockApplied, appliedEvent(block), inStoryOf(block.hash));
  }
}
