/**
 * Judges what comes from outside before it has an effect, and counts every refusal by its code. Nothing here waits
 * for the network: what is missing is named, and the gossip actor fetches it.
 */
import { tryDecode } from '../../runtime/codec/canonical.js';
import { type ClaimPool, type Ready, verifyAhead } from './ahead.js';
import type { BatchOutcome, Blockchain, HeadSwitch } from './blockchain.js';
import {
  announcementCodec,
  decodeBlock,
  decodeTransaction,
  headerHash,
  transactionBytes,
  transactionId,
  transactionSigningBytes,
} from './codec.js';
import { Execution } from './execution.js';
import { offenceId } from './finality/slashing.js';
import { type Evidence, OffenceWatch } from './finality/watch.js';
import type { Mempool, Pooled } from './mempool.js';
import type { Verdict } from './messages.js';
import { slotAt } from './schedule.js';
import { OFFENCE } from './state/finality.js';
import { GLOBALS, REPUTATION } from './state/state.js';
import { applyTransaction } from './transactions/apply.js';
import type { Refusal } from './transactions/refusal.js';
import { checkHeader } from './transition.js';
import type { Block, Transaction } from './types.js';
import type { RememberingVerifier } from './verifier.js';

/** A header may run ahead of this node's clock by this much. */
const CLOCK_TOLERANCE_MS = 5_000;
/** Codes that only a broken or hostile peer produces; everything else may be an honest race. */
const BLAMED = new Set([
  'malformed',
  'bad-signature',
  'bad-vrf-proof',
  'wrong-chain',
  'unknown-version',
  'commitment-mismatch',
]);

export interface IntakeEvents {
  /** `publish`: it is our own, or gossip passed it over when it came because it was too early. */
  pooled(entry: Pooled, publish: boolean): void;
  headMoved(change: HeadSwitch): void;
  /** Somebody signed against himself, and this is the proof. */
  offenceSeen(evidence: Evidence): void;
}

export class Intake {
  readonly refused = new Map<string, number>();
  readonly #chain: Blockchain;
  readonly #mempool: Mempool;
  readonly #verifier: RememberingVerifier;
  readonly #pool: ClaimPool | null;
  readonly #now: () => number;
  readonly #events: IntakeEvents;
  readonly #watch = new OffenceWatch();

  constructor(
    modules: {
      chain: Blockchain;
      mempool: Mempool;
      verifier: RememberingVerifier;
      pool: ClaimPool | null;
      now: () => number;
    },
    events: IntakeEvents,
  ) {
    this.#chain = modules.chain;
    this.#mempool = modules.mempool;
    this.#verifier = modules.verifier;
    this.#pool = modules.pool;
    this.#now = modules.now;
    this.#events = events;
  }

  receiveTransaction(bytes: Uint8Array): Verdict {
    const decoded = decodeTransaction(bytes);
    if (!decoded.ok) return this.#refuse('malformed');
    const verdict = this.poolTransaction(decoded.value, false);
    return verdict.code === 'ok' || verdict.code === 'already-known' ? verdict : this.#refuse(verdict.code);
  }

  /** Also the way of this node's own transactions, and of those that a branch switch took out of the chain. */
  poolTransaction(transaction: Transaction, own: boolean): Verdict {
    const id = transactionId(transaction);
    if (this.#mempool.has(id) && !own) return { action: 'ignore', code: 'already-known' };
    const entry = { id, transaction, bytes: transactionBytes(transaction), own };
    this.#watchAttestation(transaction);
    const refusal = this.#tryOnHead(transaction);
    if (refusal !== null) {
      if (refusal.later) this.#mempool.park(entry);
      return { action: actionFor(refusal.code), code: refusal.code };
    }
    const outcome = this.#mempool.add(entry, this.#baseFeeUnits());
    if (outcome !== 'added') return { action: 'ignore', code: outcome };
    this.#events.pooled(entry, own);
    return { action: 'accept', code: 'ok' };
  }

  async receiveAnnouncement(bytes: Uint8Array): Promise<Verdict> {
    const decoded = tryDecode(announcementCodec, bytes);
    if (!decoded.ok) return this.#refuse('malformed');
    const { header, transactionIds } = decoded.value;
    if (header.timestampMs > this.#now() + CLOCK_TOLERANCE_MS) return this.#refuse('from-the-future');
    // Its transactions have left the mempool: without this they would be fetched again and again.
    if (await this.#chain.has(headerHash(header))) return { action: 'ignore', code: 'already-known' };
    // Recent parents only: recomputing an old state for a header that nobody vouches for would be cheap to demand.
    const parent = this.#chain.recentTip(header.parent);
    if (parent === null) return { action: 'ignore', code: 'unknown-parent', missing: [header.parent] };
    const refusal = checkHeader(parent, header, this.#chain.genesis, this.#verifier);
    if (refusal !== null) return this.#refuse(refusal.code);
    this.#report(this.#watch.seeHeader(header));
    const known = transactionIds.map((id) => this.#mempool.get(id)?.transaction);
    const missing = transactionIds.filter((_, index) => known[index] === undefined);
    // A header by the right proposer is worth forwarding; what is missing of its body, gossip fetches.
    if (missing.length > 0) return { action: 'accept', code: 'incomplete', missing };
    const transactions = known.filter((transaction) => transaction !== undefined);
    const [verdict] = await this.#import([{ header, transactions }]);
    if (verdict === undefined) throw new Error('a block that was looked at has a verdict');
    return verdict;
  }

  async receiveBlock(bytes: Uint8Array): Promise<Verdict> {
    const [verdict] = await this.receiveBlocks([bytes]);
    if (verdict === undefined) throw new Error('a block that was looked at has a verdict');
    return verdict;
  }

  /** Blocks of a catch-up, parents first. One verdict for each, up to the first that is neither new nor known. */
  async receiveBlocks(all: readonly Uint8Array[]): Promise<readonly Verdict[]> {
    const blocks: Block[] = [];
    let refusal: Verdict | null = null;
    for (const bytes of all) {
      const decoded = decodeBlock(bytes);
      if (!decoded.ok) refusal = this.#refuse('malformed');
      else if (decoded.value.header.timestampMs > this.#now() + CLOCK_TOLERANCE_MS) {
        refusal = this.#refuse('from-the-future');
      }
      if (!decoded.ok || refusal !== null) break;
      blocks.push(decoded.value);
    }
    const verdicts = await this.#import(blocks);
    return refusal === null || verdicts.length < blocks.length || !verdicts.every(isOfUse)
      ? verdicts
      : [...verdicts, refusal];
  }

  /** Tries everything again after the head moved: what was too early may go in, what is in or invalid goes out. */
  refreshMempool(): void {
    const mempool = this.#mempool;
    for (const entry of mempool.entries()) {
      const refusal = this.#tryOnHead(entry.transaction);
      if (refusal === null) continue;
      mempool.remove(entry.id);
      if (refusal.later) mempool.park(entry);
    }
    for (const entry of mempool.unpark()) {
      const refusal = this.#tryOnHead(entry.transaction);
      if (refusal === null) {
        if (mempool.add(entry, this.#baseFeeUnits()) === 'added') this.#events.pooled(entry, true);
      } else if (refusal.later) mempool.park(entry);
    }
  }

  async #import(blocks: readonly Block[]): Promise<readonly Verdict[]> {
    const { outcomes, headSwitch } = await this.#chain.importAll(blocks, this.#checkedAhead(blocks));
    if (headSwitch !== null) this.#events.headMoved(headSwitch);
    for (const [index, { kind }] of outcomes.entries()) {
      const block = blocks[index];
      if (kind === 'imported' && block !== undefined) this.#watchBlock(block);
    }
    const canonical = new Set(headSwitch?.applied.map(({ hash }) => hash));
    return outcomes.map((outcome) => this.#verdictOn(outcome, canonical));
  }

  /** Of a block that was found valid, on whatever branch. */
  #watchBlock({ header, transactions }: Block): void {
    this.#report(this.#watch.seeHeader(header));
    for (const transaction of transactions) this.#report(this.#watch.seeTransaction(transaction));
  }

  /** Of one that came by itself: a member's who has something to lose, and his for certain. */
  #watchAttestation(transaction: Transaction): void {
    const { sender, body, signature } = transaction;
    if (body.type !== 'attest') return;
    const { state } = this.#chain.head;
    if ((state.get(REPUTATION, sender)?.scoreMicro ?? 0) === 0) return;
    const message = transactionSigningBytes(this.#chain.genesis.chainId, transaction);
    if (!this.#verifier.signature(sender, message, signature)) return;
    this.#report(this.#watch.seeTransaction(transaction));
  }

  #report(evidence: Evidence | null): void {
    if (evidence === null) return;
    const punished = this.#chain.head.state.get(OFFENCE, offenceId(evidence.offence, evidence.offender)) !== undefined;
    if (!punished) this.#events.offenceSeen(evidence);
  }

  #verdictOn(outcome: BatchOutcome['outcomes'][number], canonical: ReadonlySet<string>): Verdict {
    switch (outcome.kind) {
      case 'imported':
        return { action: 'accept', code: canonical.has(outcome.hash) ? 'ok' : 'side-branch' };
      case 'already-known':
        return { action: 'ignore', code: 'already-known' };
      case 'unknown-parent':
        return { action: 'ignore', code: 'unknown-parent', missing: [outcome.parent] };
      case 'final':
        return { ...this.#refuse(outcome.code), action: 'ignore' };
      case 'invalid':
        return { ...this.#refuse(outcome.code), action: 'reject' };
    }
  }

  #baseFeeUnits(): number {
    return this.#chain.head.state.require(GLOBALS).baseFeeUnits;
  }

  /** A single block is not worth the way to another thread: most of it was verified when it came by gossip. */
  #checkedAhead(blocks: readonly Block[]): Ready | undefined {
    const [first] = blocks;
    const parent = first === undefined || blocks.length < 2 ? null : this.#chain.recentTip(first.header.parent);
    if (parent === null || this.#pool === null) return undefined;
    return verifyAhead(parent, blocks, this.#chain.genesis.chainId, this.#verifier, this.#pool);
  }

  /** Would it be valid in a block right on top of the head? */
  #tryOnHead(transaction: Transaction): Refusal | null {
    const { head, genesis } = this.#chain;
    const globals = head.state.require(GLOBALS);
    const nowMs = this.#now();
    const slot = Math.max(globals.slot + 1, slotAt(genesis, nowMs));
    const execution = new Execution(head.state, genesis, {
      height: globals.height + 1,
      timestampMs: Math.max(nowMs, globals.timestampMs + 1),
      slot,
      proposer: transaction.sender,
      // The one of that block is its proposer's secret until then; no rule accepts or refuses by it.
      beacon: globals.beacon,
    });
    return applyTransaction(execution, transaction, this.#verifier.signature);
  }

  #refuse(code: string): Verdict {
    this.refused.set(code, (this.refused.get(code) ?? 0) + 1);
    return { action: actionFor(code), code };
  }
}

function isOfUse({ action, code }: Verdict): boolean {
  return action === 'accept' || code === 'already-known';
}

function actionFor(code: string): 'reject' | 'ignore' {
  return BLAMED.has(code) ? 'reject' : 'ignore';
}
