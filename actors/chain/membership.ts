/** What a member owes the chain in time: its blocks when it is its turn, and its attestations. */
import type { KeyPair } from '../../runtime/crypto/ed25519.js';
import { errorMessage } from '../../runtime/errors.js';
import type { ActorContext } from '../../runtime/system/actor.js';
import { inStoryOf } from '../../runtime/trace/story-id.js';
import type { Blockchain, HeadSwitch } from './blockchain.js';
import type { Duties } from './duties.js';
import { nextAttestation } from './finality/voting.js';
import type { Intake } from './intake.js';
import type { Mempool } from './mempool.js';
import { chain } from './messages.js';
import type { OwnTransactions } from './own-transactions.js';
import { produceBlock, type Turn, turnAt } from './producer.js';
import { slotAt } from './schedule.js';
import { GLOBALS } from './state/state.js';
import type { Attestation, Hash } from './types.js';
import type { SignatureCheck } from './verifier.js';

/** A head older than this is history that is being caught up with, or a chain at rest. */
const ATTESTED_HEAD_SLOTS = 32;

interface Modules {
  readonly blockchain: Blockchain;
  readonly mempool: Mempool;
  readonly intake: Intake;
  readonly own: OwnTransactions;
  readonly duties: Duties;
  readonly keyPair: KeyPair;
  readonly verify: SignatureCheck;
}

export class Membership {
  readonly #ctx: ActorContext;
  readonly #modules: Modules;
  readonly #headMoved: (change: HeadSwitch) => void;
  #busy = false;
  #consideredHead: Hash | null = null;

  constructor(ctx: ActorContext, modules: Modules, headMoved: (change: HeadSwitch) => void) {
    this.#ctx = ctx;
    this.#modules = modules;
    this.#headMoved = headMoved;
  }

  /** To be called often; does nothing while there is nothing to do. */
  async tick(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      await this.#attest();
      const slot = this.#turn()?.slot;
      const { duties } = this.#modules;
      // One block a slot, also when a branch switch or a restart opens the slot again: two would be double signing.
      if (slot === undefined || !duties.mayPropose(slot)) return;
      await duties.proposing(slot);
      // Meanwhile a peer's block may have taken the slot.
      const turn = this.#turn();
      if (turn?.slot === slot) await this.#produce(turn);
    } finally {
      this.#busy = false;
    }
  }

  #turn(): Turn | null {
    const { blockchain, mempool, keyPair } = this.#modules;
    return turnAt(blockchain, mempool, keyPair.publicKey, this.#ctx.now());
  }

  /** Once per head, and not for the old heads of a catch-up. */
  async #attest(): Promise<void> {
    const { blockchain, duties, keyPair, own } = this.#modules;
    const { head, genesis } = blockchain;
    if (head.hash === this.#consideredHead) return;
    this.#consideredHead = head.hash;
    const age = slotAt(genesis, this.#ctx.now()) - head.state.require(GLOBALS).slot;
    if (age > ATTESTED_HEAD_SLOTS) return;
    const attestation = nextAttestation(head.state, genesis, keyPair.publicKey, duties.attestation);
    if (attestation === null || this.#attestationWaits(attestation)) return;
    await duties.attesting(attestation);
    await own.submit({ type: 'attest', ...attestation }).catch((error: unknown) => {
      this.#ctx.log.debug('attestation not sent', { target: attestation.target.height, reason: errorMessage(error) });
    });
  }

  /** Sent already, and still in the mempool. */
  #attestationWaits({ target }: Attestation): boolean {
    const { keyPair, mempool } = this.#modules;
    return mempool
      .entries()
      .some(
        ({ transaction: { sender, body } }) =>
          sender === keyPair.publicKey && body.type === 'attest' && body.target.hash === target.hash,
      );
  }

  async #produce(turn: Turn): Promise<void> {
    const { blockchain, mempool, intake, keyPair, verify } = this.#modules;
    const produced = produceBlock(blockchain, mempool, keyPair, turn, verify);
    if (produced === null) {
      intake.refreshMempool();
      return;
    }
    for (const id of produced.dropped) mempool.remove(id);
    const outcome = await blockchain.import(produced.block);
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
}
