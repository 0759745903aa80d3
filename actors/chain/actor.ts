/**
 * The chain actor: owns the block tree, the mempool and this node's signing of transactions and blocks. It decides
 * nothing by itself; the rules in transition.ts do.
 */
import { keyPairFromSeed } from '../../runtime/crypto/ed25519.js';
import { VerifyPool } from '../../runtime/crypto/verify-pool.js';
import { DoinError, errorMessage } from '../../runtime/errors.js';
import { formatCoins } from '../../runtime/fixed/coins.js';
import { JsonStateFile, type StateFile } from '../../runtime/storage/state-file.js';
import { type ActorContext, defineActor } from '../../runtime/system/actor.js';
import { inStoryOf } from '../../runtime/trace/story-id.js';
import type { ClaimPool } from './ahead.js';
import { suggestedFee } from './base-fee.js';
import { type AppliedBlock, Blockchain, type HeadSwitch } from './blockchain.js';
import { decodeBlock, transactionBytes, transactionId, transactionSigningBytes } from './codec.js';
import { domainDetailsOf, proposalsOf } from './domain-views.js';
import { Duties } from './duties.js';
import { mayBeUnpaid, NO_FEE } from './fees.js';
import { nextAttestation } from './finality/voting.js';
import type { Evidence } from './finality/watch.js';
import { type Genesis, genesisHash } from './genesis.js';
import { Housekeeping } from './housekeeping.js';
import { Included } from './included.js';
import { Intake } from './intake.js';
import { LIMITS } from './limits.js';
import { Mempool, type Pooled } from './mempool.js';
import { type AccountView, type BlockApplied, type ChainStatus, chain, type Verdict } from './messages.js';
import { type PinnedBlock, Pins } from './pins.js';
import { produceBlock, type Turn, turnAt } from './producer.js';
import { slotAt } from './schedule.js';
import { Serving } from './serving.js';
import { SnapshotExchange } from './snapshots.js';
import { accountOf, mostSpentUnits } from './spending.js';
import { CHANNEL } from './state/channels.js';
import { ACCOUNT, GLOBALS, NEW_ACCOUNT } from './state/state.js';
import { type BlockStore, SqliteBlockStore } from './store.js';
import { storyOfTransaction } from './story.js';
import type { Attestation, Fee, Hash, NodeId, TransactionBody } from './types.js';
import { RememberingVerifier } from './verifier.js';
import { appliedEvent, membersOf, openOptimaeOf, statusOf } from './views.js';

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

/** How often the producer looks whether it is its turn; well below a rank's delay. */
const TICK_MS = 50;

export function createChainActor(modules: ChainModules) {
  return defineActor({
    role: 'chain',
    protocol: chain,
    listensTo: [],
    async start(ctx: ActorContext, options: ChainOptions) {
      const node = await ChainNode.open(ctx, options, modules);
      ctx.every(TICK_MS, () => node.tick());
      return {
        handlers: {
          submit: ({ body, fee, atOnce }) => node.submit(body, fee, atOnce),
          receiveTransaction: ({ bytes }) => node.intake.receiveTransaction(bytes),
          receiveAnnouncement: ({ bytes }) => node.intake.receiveAnnouncement(bytes),
          receiveBlock: ({ bytes }): Promise<Verdict> => node.intake.receiveBlock(bytes),
          receiveBlocks: async ({ blocks }) => ({ verdicts: await node.intake.receiveBlocks(blocks) }),
          getTip: async () => {
            const { chainId, genesisHash: genesis, ...status } = node.status();
            const { height, hash, justifiedHeight, totalWorkNano, accepted } = status;
            const bodiesFrom = await node.store.prunedBelow();
            return {
              chainId,
              genesisHash: genesis,
              height,
              hash,
              justifiedHeight,
              totalWorkNano,
              accepted,
              bodiesFrom,
            };
          },
          getStatus: () => node.status(),
          getDomains: () => {
            const { state } = node.blockchain.head;
            return {
              domains: domainDetailsOf(state, options.genesis),
              proposals: proposalsOf(state, options.genesis),
            };
          },
          getChannel: ({ channel }) => ({ channel: node.blockchain.head.state.get(CHANNEL, channel) ?? null }),
          getAccount: ({ node: account }) => node.accountOf(account),
          getMembers: () => ({ members: membersOf(node.blockchain.head.state, options.genesis) }),
          getOpenOptimae: () => ({ optimae: openOptimaeOf(node.blockchain.head.state) }),
          getBlocks: async ({ hashes }) => ({ blocks: await node.serving.blocks(hashes) }),
          getMissing: async ({ hashes }) => {
            const known = await node.store.known(hashes);
            return { missing: hashes.filter((hash) => !known.has(hash)) };
          },
          pin: async ({ pinned }) => {
            await node.blockchain.pin(pinned);
            return {};
          },
          getSnapshots: async () => ({ snapshots: await node.snapshots.offers() }),
          getSnapshotChunk: async ({ block, index }) => ({ chunk: await node.snapshots.chunk(block, index) }),
          getJoinPoints: () => ({ points: node.snapshots.joinPoints() }),
          beginSnapshot: ({ header, chunks }): Verdict => node.snapshots.begin(header, chunks),
          receiveSnapshotChunk: ({ block, index, bytes }) => node.snapshots.receive(block, index, bytes),
          getLocator: async () => ({ hashes: await node.serving.locator(node.status().height) }),
          getHeadersAfter: async ({ locator, limit }) => ({
            headers: await node.serving.headersAfter(locator, limit),
          }),
          findTransaction: ({ id }) => ({ waits: node.mempool.has(id), block: node.included.get(id) }),
          getTransactions: ({ ids }) => ({
            transactions: ids.flatMap((id) => node.mempool.get(id)?.bytes ?? []),
          }),
          getApplied: async ({ fromHeight, limit }) => ({ blocks: await node.appliedFrom(fromHeight, limit) }),
          getBranches: async ({ heights }) => {
            const { height, hash: head, justifiedHeight, finalized } = node.status();
            const blocks = await node.store.branchesFrom(Math.max(0, height - heights + 1), MAX_BRANCH_BLOCKS);
            return { head, justifiedHeight, finalizedHeight: finalized.height, blocks };
          },
          getBlockView: async (query) => {
            const stored =
              'hash' in query ? await node.store.get(query.hash) : await node.store.canonicalAt(query.height);
            if (stored === null) return { view: null };
            const decoded = decodeBlock(stored.bytes);
            if (!decoded.ok) throw new Error(`stored block ${stored.hash} does not decode: ${decoded.detail}`);
            const records = await node.store.getRecords(stored.hash);
            return { view: { hash: stored.hash, block: decoded.value, records, isProofBlock: stored.isProofBlock } };
          },
        },
        events: {},
        stop: () => node.close(),
        inspect: () => ({ height: node.status().height, mempool: node.mempool.size }),
      };
    },
  });
}

const MAX_BLOCKS_PER_ANSWER = 500;
/** More branches than this at the top of the tree and the picture of it is cut. */
const MAX_BRANCH_BLOCKS = 1000;
const RESTART_GAP = 16;
/** A head older than this is history that is being caught up with, or a chain at rest. */
const ATTESTED_HEAD_SLOTS = 32;

interface Parts {
  readonly store: BlockStore;
  readonly blockchain: Blockchain;
  readonly verifier: RememberingVerifier;
  readonly pool: ClaimPool | null;
  readonly duties: Duties;
}

class ChainNode {
  readonly store: BlockStore;
  readonly blockchain: Blockchain;
  readonly mempool = new Mempool();
  readonly included = new Included();
  readonly intake: Intake;
  readonly snapshots: SnapshotExchange;
  readonly serving: Serving;
  readonly #ctx: ActorContext;
  readonly #keyPair;
  readonly #verifier: RememberingVerifier;
  readonly #pool: ClaimPool | null;
  readonly #housekeeping: Housekeeping;
  #lastNonce = 0;
  #reorgs = 0;
  readonly #duties: Duties;
  #busy = false;
  #consideredHead: Hash | null = null;

  private constructor(ctx: ActorContext, options: ChainOptions, parts: Parts) {
    const { store, blockchain, verifier, pool, duties } = parts;
    this.#duties = duties;
    this.#ctx = ctx;
    this.store = store;
    this.blockchain = blockchain;
    this.serving = new Serving(store, blockchain.genesisHash);
    this.#verifier = verifier;
    this.#pool = pool;
    this.#housekeeping = new Housekeeping(blockchain, store, { keepBlocks: options.pruneBlocks ?? null });
    this.#keyPair = keyPairFromSeed(options.secretSeed);
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
      ...statusOf(blockchain.head, blockchain.genesis, this.#keyPair.publicKey),
      genesisHash: blockchain.genesisHash,
      mempool: this.mempool.causes,
      refused: Object.fromEntries(this.intake.refused),
      reorgs: this.#reorgs,
    };
  }

  /**
   * Signs with a nonce above the highest of the account and of this run. After a restart it leaves a gap for
   * transactions of the former run that may still travel.
   */
  async submit(body: TransactionBody, offered?: Fee, atOnce = false): Promise<{ transactionId: Hash; nonce: number }> {
    const sender = this.#keyPair.publicKey;
    const account = this.blockchain.head.state.get(ACCOUNT, sender) ?? NEW_ACCOUNT;
    const nonce =
      this.#lastNonce === 0 ? account.nonceHighest + RESTART_GAP : Math.max(account.nonceHighest, this.#lastNonce) + 1;
    const fee = offered ?? this.#usualFee(body);
    const unsigned = { sender, nonce, fee, body };
    const signature = this.#keyPair.sign(transactionSigningBytes(this.blockchain.genesis.chainId, unsigned));
    const transaction = { ...unsigned, signature };
    const bytes = transactionBytes(transaction);
    const size = bytes.length;
    if (size > LIMITS.transactionBytes) {
      throw new DoinError(
        { code: 'transaction-too-large', size },
        `a ${body.type} of ${size} bytes exceeds ${LIMITS.transactionBytes}`,
      );
    }
    const id = transactionId(transaction);
    if (atOnce) this.#requireCover({ transaction, bytes });
    const verdict = this.intake.poolTransaction(transaction, true);
    if (atOnce && verdict.action !== 'accept') this.mempool.remove(id);
    if (verdict.action !== 'accept' && !this.mempool.has(id)) {
      throw new DoinError(
        { code: verdict.code, type: body.type },
        `this node's own ${body.type} is not valid now: ${verdict.code}`,
      );
    }
    this.#lastNonce = nonce;
    return { transactionId: id, nonce };
  }

  accountOf(node: NodeId): AccountView {
    const { head, genesis } = this.blockchain;
    return accountOf(head.state, node, this.mempool.entries(), genesis.parameters);
  }

  /** The rules look at one transaction at a time: two that each fit the balance may not fit it together. */
  #requireCover(offer: Pick<Pooled, 'transaction' | 'bytes'>): void {
    const neededUnits = mostSpentUnits(offer, this.blockchain.genesis.parameters);
    const { balanceUnits, pending } = this.accountOf(offer.transaction.sender);
    const pendingUnits = pending.reduce((sum, { mostUnits }) => sum + mostUnits, 0);
    if (neededUnits === 0 || neededUnits + pendingUnits <= balanceUnits) return;
    const waits = pendingUnits === 0 ? '' : `, of which ${formatCoins(pendingUnits)} may go to transactions that wait`;
    throw new DoinError(
      { code: 'insufficient-balance', balanceUnits, pendingUnits, neededUnits },
      `this needs up to ${formatCoins(neededUnits)} coins with its fee; the balance is ${formatCoins(balanceUnits)}${waits}`,
    );
  }

  /** Unpaid where the rules allow it, else what a block soon takes. */
  #usualFee(body: TransactionBody): Fee {
    if (mayBeUnpaid(body)) return NO_FEE;
    const { head, genesis } = this.blockchain;
    return suggestedFee(head.state.require(GLOBALS).baseFeeUnits, genesis.parameters.fees);
  }

  async tick(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      await this.#attest();
      const slot = this.#turn()?.slot;
      // One block a slot, also when a branch switch or a restart opens the slot again: two would be double signing.
      if (slot === undefined || !this.#duties.mayPropose(slot)) return;
      await this.#duties.proposing(slot);
      // Meanwhile a peer's block may have taken the slot.
      const turn = this.#turn();
      if (turn?.slot === slot) await this.#produce(turn);
    } finally {
      this.#busy = false;
    }
  }

  #turn(): Turn | null {
    return turnAt(this.blockchain, this.mempool, this.#keyPair.publicKey, this.#ctx.now());
  }

  /** Once per head, and not for the old heads of a catch-up. */
  async #attest(): Promise<void> {
    const { head, genesis } = this.blockchain;
    if (head.hash === this.#consideredHead) return;
    this.#consideredHead = head.hash;
    const age = slotAt(genesis, this.#ctx.now()) - head.state.require(GLOBALS).slot;
    if (age > ATTESTED_HEAD_SLOTS) return;
    const { publicKey } = this.#keyPair;
    const attestation = nextAttestation(head.state, genesis, publicKey, this.#duties.attestation);
    if (attestation === null || this.#attestationWaits(attestation)) return;
    await this.#duties.attesting(attestation);
    await this.submit({ type: 'attest', ...attestation }).catch((error: unknown) => {
      this.#ctx.log.debug('attestation not sent', { target: attestation.target.height, reason: errorMessage(error) });
    });
  }

  /** Sent already, and still in the mempool. */
  #attestationWaits({ target }: Attestation): boolean {
    const { publicKey } = this.#keyPair;
    return this.mempool
      .entries()
      .some(
        ({ transaction: { sender, body } }) =>
          sender === publicKey && body.type === 'attest' && body.target.hash === target.hash,
      );
  }

  async #produce(turn: Turn): Promise<void> {
    const produced = produceBlock(this.blockchain, this.mempool, this.#keyPair, turn, this.#verifier.signature);
    if (produced === null) {
      this.intake.refreshMempool();
      return;
    }
    for (const id of produced.dropped) this.mempool.remove(id);
    const outcome = await this.blockchain.import(produced.block);
    if (outcome.kind !== 'imported') {
      // Possible only when a peer's block moved the head while this one was being built.
      this.#ctx.log.warn('own block was not imported', {
        outcome: outcome.kind,
        code: 'code' in outcome ? outcome.code : null,
      });
      return;
    }
    if (outcome.headSwitch === null) return;
    const [applied] = outcome.headSwitch.applied.slice(-1);
    this.#headMoved(outcome.headSwitch);
    if (applied !== undefined) {
      const { hash, block } = applied;
      const { height } = block.header;
      this.#ctx.emit(chain.blockProduced, { hash, height, announcement: produced.announcement }, inStoryOf(hash));
    }
  }

  /** Everybody who sees it reports it: one report is enough, and the others are refused without a trace. */
  #reportOffence(evidence: Evidence): void {
    const { offender, offence } = evidence;
    if (offender === this.#keyPair.publicKey) return;
    this.#ctx.log.warn('a node signed against itself', { offender, offence: offence.type });
    void this.submit(evidence).catch((error: unknown) => {
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
    const self = this.#keyPair.publicKey;
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

  async appliedFrom(height: number, limit: number): Promise<BlockApplied[]> {
    const blocks: BlockApplied[] = [];
    for (const stored of await this.store.canonicalFrom(Math.max(1, height), Math.min(limit, MAX_BLOCKS_PER_ANSWER))) {
      const decoded = decodeBlock(stored.bytes);
      if (!decoded.ok) throw new Error(`stored block ${stored.hash}: ${errorMessage(decoded.detail)}`);
      const records = await this.store.getRecords(stored.hash);
      blocks.push(
        appliedEvent({ block: decoded.value, hash: stored.hash, isProofBlock: stored.isProofBlock, records }),
      );
    }
    return blocks;
  }
}

export const chainActor = createChainActor({
  openStore: (file, genesis) => SqliteBlockStore.open(file, genesis),
  openPool: () => new VerifyPool(),
  openDuties: (file) => new JsonStateFile(file),
});
