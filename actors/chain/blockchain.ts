/**
 * The block tree of one node: imports blocks, follows the heaviest branch, and keeps the states of recent blocks at
 * hand. States share structure, so switching a branch is choosing another state; nothing is rolled back by hand.
 * Every public method that changes something runs alone.
 */
import { encode } from '../../runtime/codec/canonical.js';
import { DoinError } from '../../runtime/errors.js';
import { Serial } from '../../runtime/serial.js';
import type { Ready } from './ahead.js';
import { blockCodec, headerHash } from './codec.js';
import { type ChainWeight, isHeavier } from './fork-choice.js';
import { type Genesis, genesisHash, genesisState } from './genesis.js';
import { contradicted, type PinnedBlock, Pins } from './pins.js';
import { blockOf, corrupt, replay, startOf } from './replay.js';
import { FINALITY } from './state/finality.js';
import { openSnapshot, type Snapshot } from './state/snapshot.js';
import { GLOBALS } from './state/state.js';
import { type BlockStore, type BlockToStore, type HeadChange, notEmpty } from './store.js';
import { type Applied, applyBlock, type Tip } from './transition.js';
import type { Block, ChainRecord, Checkpoint, Hash } from './types.js';
import { trustingVerifier, type Verifier } from './verifier.js';

/** States kept in memory behind the head, at least; older ones are recomputed when a deep branch needs them. */
const KEPT_HEIGHTS = 256;

export interface AppliedBlock {
  readonly block: Block;
  readonly hash: Hash;
  readonly isProofBlock: boolean;
  readonly records: readonly ChainRecord[];
}

export interface HeadSwitch {
  /** Blocks that left the canonical chain, highest first. */
  readonly reverted: readonly AppliedBlock[];
  /** Blocks that joined it, lowest first. */
  readonly applied: readonly AppliedBlock[];
}

export type ImportOutcome =
  | { readonly kind: 'imported'; readonly headSwitch: HeadSwitch | null }
  | { readonly kind: 'already-known' }
  | { readonly kind: 'unknown-parent'; readonly parent: Hash }
  | { readonly kind: 'invalid'; readonly code: string }
  /** It would need another block in place of a final one. */
  | { readonly kind: 'final'; readonly code: string };

export interface BatchOutcome {
  /** One for each block that was looked at. */
  readonly outcomes: readonly (
    | { readonly kind: 'imported'; readonly hash: Hash }
    | Exclude<ImportOutcome, { readonly kind: 'imported' }>
  )[];
  readonly headSwitch: HeadSwitch | null;
}

/** A valid block that is not stored yet. */
interface Added {
  readonly block: Block;
  readonly tip: Applied;
}

export class Blockchain {
  readonly genesis: Genesis;
  readonly genesisHash: Hash;
  readonly #store: BlockStore;
  readonly #verifier: Verifier;
  readonly #pins: Pins;
  readonly #tips = new Map<Hash, Tip>();
  readonly #genesisTip: Tip;
  #head: Tip;
  readonly #serial = new Serial();

  private constructor(genesis: Genesis, store: BlockStore, verifier: Verifier, pins: Pins) {
    this.genesis = genesis;
    this.genesisHash = genesisHash(genesis);
    this.#store = store;
    this.#verifier = verifier;
    this.#pins = pins;
    this.#genesisTip = { hash: this.genesisHash, state: genesisState(genesis) };
    this.#head = this.#genesisTip;
  }

  /**
   * Replays the stored canonical chain, from the newest of its snapshots that is on it. Throws `chain-corrupt` when the
   * store does not follow the rules, and `anchor-contradicted` when it is not the chain that the pins are of.
   */
  static async open(genesis: Genesis, store: BlockStore, verifier: Verifier, pins = new Pins()): Promise<Blockchain> {
    for (const pinned of pins.blocks) await checkPinned(store, pinned);
    const chain = new Blockchain(genesis, store, verifier, pins);
    const base = await startOf(genesis, store);
    chain.#head = base;
    chain.#tips.set(base.hash, base);
    for await (const { tip } of replay(genesis, store, trustingVerifier, base)) {
      chain.#head = tip;
      chain.#tips.set(tip.hash, tip);
      chain.#forgetOld();
    }
    return chain;
  }

  get head(): Tip {
    return this.#head;
  }

  /** The newest block that no branch can replace any more. */
  get finalized(): Checkpoint {
    return this.#head.state.require(FINALITY).finalized;
  }

  weight(tip: Tip = this.#head): ChainWeight {
    const { totalWorkNano, accepted, height } = tip.state.require(GLOBALS);
    const justifiedHeight = tip.state.require(FINALITY).justified.height;
    return { justifiedHeight, totalWorkNano, accepted, height, hash: tip.hash };
  }

  /** Verifies the block on top of its parent and, when its branch is the heavier one, moves the head. */
  async import(block: Block): Promise<ImportOutcome> {
    const { outcomes, headSwitch } = await this.importAll([block]);
    const [outcome] = outcomes;
    if (outcome === undefined) throw new Error('an import of one block has one outcome');
    return outcome.kind === 'imported' ? { kind: 'imported', headSwitch } : outcome;
  }

  /**
   * The same for a list, in which a block may follow the one before it. Ends with the first that is of no use. All go
   * to disk together, and nothing is told or moved before they are there. `ready` says when a block may be judged.
   */
  importAll(blocks: readonly Block[], ready: Ready = async () => undefined): Promise<BatchOutcome> {
    return this.#serial.run(async () => {
      const added = new Map<Hash, Added>();
      const outcomes: BatchOutcome['outcomes'][number][] = [];
      for (const [index, block] of blocks.entries()) {
        await ready(index);
        const outcome = await this.#judge(block, added);
        outcomes.push(outcome);
        if (outcome.kind !== 'imported' && outcome.kind !== 'already-known') break;
      }
      return { outcomes, headSwitch: await this.#accept(added) };
    });
  }

  /** Adds the block to those of its batch when it is valid. */
  async #judge(block: Block, added: Map<Hash, Added>): Promise<BatchOutcome['outcomes'][number]> {
    const hash = headerHash(block.header);
    if (added.has(hash) || (await this.has(hash))) return { kind: 'already-known' };
    if (this.#pins.contradicts(block.header.height, hash)) return { kind: 'invalid', code: 'contradicts-anchor' };
    const parent = added.get(block.header.parent)?.tip ?? (await this.tipOf(block.header.parent));
    if (parent === null) return { kind: 'unknown-parent', parent: block.header.parent };
    if (block.header.height <= this.finalized.height) return { kind: 'final', code: 'conflicts-with-final' };
    const verdict = applyBlock(parent, block, this.genesis, this.#verifier);
    if (!verdict.ok) return { kind: 'invalid', code: verdict.code };
    added.set(hash, { block, tip: verdict.applied });
    return { kind: 'imported', hash };
  }

  /** From now on the head stays above this block. Throws `anchor-contradicted` when the chain has another one. */
  pin(pinned: PinnedBlock): Promise<void> {
    return this.#serial.run(async () => {
      await checkPinned(this.#store, pinned);
      this.#pins.add(pinned);
    });
  }

  /** Blocks that the chain must have: checkpoints of its owner and what ledgers outside say. Newest first. */
  get pinned(): readonly PinnedBlock[] {
    return [...this.#pins.blocks].sort((a, b) => b.height - a.height);
  }

  /**
   * Starts this chain, which has no block yet, at a snapshot's. Nothing is taken on trust: one of the pins must be its
   * block. Throws `snapshot-untrusted`, `snapshot-invalid` or `store-not-empty`, and then nothing is changed.
   */
  adopt(snapshot: Snapshot): Promise<AppliedBlock> {
    return this.#serial.run(async () => {
      const { header } = snapshot;
      const checkpoint = { height: header.height, hash: headerHash(header) };
      if (!this.#pins.vouchFor(checkpoint)) throw untrusted(checkpoint);
      if (this.#head.hash !== this.genesisHash) throw notEmpty();
      const tip = { hash: checkpoint.hash, state: openSnapshot(snapshot, checkpoint, this.#verifier.signature) };
      await this.#store.adopt(snapshot);
      this.#head = tip;
      this.#tips.set(tip.hash, tip);
      return { block: { header, transactions: [] }, hash: tip.hash, isProofBlock: false, records: [] };
    });
  }

  /** Whether this block was imported before, on whatever branch. */
  async has(hash: Hash): Promise<boolean> {
    return hash === this.genesisHash || this.#tips.has(hash) || (await this.#store.get(hash)) !== null;
  }

  /** The state after a block, if it is at hand; costs nothing. */
  recentTip(hash: Hash): Tip | null {
    return hash === this.genesisHash ? this.#genesisTip : (this.#tips.get(hash) ?? null);
  }

  /** The state after a block this node has, or null. Recomputes it for blocks that fell out of memory. */
  async tipOf(hash: Hash): Promise<Tip | null> {
    if (hash === this.genesisHash) return this.#genesisTip;
    const missing: Block[] = [];
    let cursor = hash;
    let base = this.#tips.get(cursor);
    while (base === undefined && cursor !== this.genesisHash) {
      const stored = await this.#store.get(cursor);
      // Without its transactions a block cannot be applied again: branches from so far back are not followed.
      if (stored === null || stored.height < (await this.#store.prunedBelow())) return null;
      missing.push(blockOf(stored));
      cursor = stored.parent;
      base = this.#tips.get(cursor);
    }
    let tip = base ?? this.#genesisTip;
    for (const block of missing.reverse()) {
      const verdict = applyBlock(tip, block, this.genesis, trustingVerifier);
      if (!verdict.ok) throw corrupt(block.header.height, verdict.code);
      tip = verdict.applied;
    }
    // Blocks that follow on an old branch come next and must not recompute it all again.
    this.#tips.set(hash, tip);
    return tip;
  }

  async #accept(added: ReadonlyMap<Hash, Added>): Promise<HeadSwitch | null> {
    if (added.size === 0) return null;
    const better = await this.#better(added);
    const change = better?.change ?? null;
    await this.#store.save([...added.values()].map(toStore), change);
    for (const { tip } of added.values()) this.#tips.set(tip.hash, tip);
    if (better !== null) this.#head = better.tip;
    this.#forgetOld();
    if (change === null) return null;
    return { reverted: await this.#load(change.reverted, added), applied: await this.#load(change.applied, added) };
  }

  /** The heaviest of the new blocks that is heavier than the head and leaves what is final or anchored in its place. */
  async #better(added: ReadonlyMap<Hash, Added>): Promise<{ tip: Applied; change: HeadChange } | null> {
    const heavier = [...added.values()]
      .map(({ tip }) => tip)
      .filter((tip) => isHeavier(this.weight(tip), this.weight()))
      .sort((a, b) => (isHeavier(this.weight(a), this.weight(b)) ? -1 : 1));
    for (const tip of heavier) {
      const change = await this.#pathTo(tip.hash, added);
      if (this.#keepsFinal(change) && !this.#pins.areAmong(change.reverted)) return { tip, change };
    }
    return null;
  }

  /** From the current head back to the common ancestor, and from there up to the new head. */
  async #pathTo(head: Hash, added: ReadonlyMap<Hash, Added>): Promise<HeadChange> {
    const parentOf = async (hash: Hash) => added.get(hash)?.block.header.parent ?? (await this.#parentOf(hash));
    const applied: Hash[] = [];
    let cursor = head;
    while (cursor !== this.genesisHash && !(await this.#isOnHeadChain(cursor))) {
      applied.push(cursor);
      cursor = await parentOf(cursor);
    }
    const reverted: Hash[] = [];
    for (let old = this.#head.hash; old !== cursor; old = await this.#parentOf(old)) reverted.push(old);
    return { head, reverted, applied: applied.reverse() };
  }

  /** No reorganisation goes below the final checkpoint, whatever the other branch weighs. */
  #keepsFinal({ reverted }: HeadChange): boolean {
    return this.#head.state.require(GLOBALS).height - reverted.length >= this.finalized.height;
  }

  async #isOnHeadChain(hash: Hash): Promise<boolean> {
    return hash === this.#head.hash || (await this.#store.isCanonical(hash));
  }

  async #parentOf(hash: Hash): Promise<Hash> {
    const stored = await this.#store.get(hash);
    if (stored === null) throw new Error(`block ${hash} is not in the store`);
    return stored.parent;
  }

  async #load(hashes: readonly Hash[], added: ReadonlyMap<Hash, Added>): Promise<AppliedBlock[]> {
    const blocks: AppliedBlock[] = [];
    for (const hash of hashes) {
      const fresh = added.get(hash);
      if (fresh !== undefined) {
        const { records, isProofBlock } = fresh.tip;
        blocks.push({ block: fresh.block, hash, isProofBlock, records });
        continue;
      }
      const stored = await this.#store.get(hash);
      if (stored === null) throw new Error(`block ${hash} is not in the store`);
      const records = await this.#store.getRecords(hash);
      blocks.push({ block: blockOf(stored), hash, isProofBlock: stored.isProofBlock, records });
    }
    return blocks;
  }

  /** Not at every block: looking through all of them would cost more than the block. */
  #forgetOld(): void {
    if (this.#tips.size <= 2 * KEPT_HEIGHTS) return;
    const oldest = this.#head.state.require(GLOBALS).height - KEPT_HEIGHTS;
    for (const [hash, kept] of this.#tips) {
      if (kept.state.require(GLOBALS).height < oldest) this.#tips.delete(hash);
    }
  }
}

/** Above the head there is nothing to compare with yet. */
async function checkPinned(store: BlockStore, pinned: PinnedBlock): Promise<void> {
  const ours = await store.canonicalAt(pinned.height);
  if (ours !== null && ours.hash !== pinned.hash) throw contradicted(pinned, ours.hash);
}

function toStore({ block, tip }: Added): BlockToStore {
  const { parent, height } = block.header;
  const { hash, isProofBlock, records, moves } = tip;
  return { block: { hash, parent, height, isProofBlock, bytes: encode(blockCodec, block) }, records, moves };
}

function untrusted({
  height,
  hash,
}: Pick<PinnedBlock, 'height' | 'hash'>): DoinError<{ code: 'snapshot-untrusted'; height: number; hash: Hash }> {
  return new DoinError(
    { code: 'snapshot-untrusted', height, hash },
    `snapshot: nobody vouches for its block ${hash} at height ${height}; if somebody you trust names the same, start with --checkpoint ${height}:${hash}, or name a ledger that holds it in the config (anchors)`,
  );
}
