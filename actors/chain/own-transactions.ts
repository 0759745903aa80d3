/** Signs this node's own transactions and puts them into its mempool. */
import type { KeyPair } from '../../runtime/crypto/ed25519.js';
import { DoinError } from '../../runtime/errors.js';
import { formatCoins } from '../../runtime/fixed/coins.js';
import { suggestedFee } from './base-fee.js';
import type { Blockchain } from './blockchain.js';
import { transactionBytes, transactionId, transactionSigningBytes } from './codec.js';
import { mayBeUnpaid, NO_FEE } from './fees.js';
import type { Intake } from './intake.js';
import { LIMITS } from './limits.js';
import type { Mempool, Pooled } from './mempool.js';
import type { AccountView } from './messages.js';
import { accountOf, mostSpentUnits } from './spending.js';
import { ACCOUNT, GLOBALS, NEW_ACCOUNT } from './state/state.js';
import type { Fee, Hash, NodeId, TransactionBody } from './types.js';

/** Nonces left free after a restart. */
const RESTART_GAP = 16;

export class OwnTransactions {
  readonly #blockchain: Blockchain;
  readonly #mempool: Mempool;
  readonly #intake: Intake;
  readonly #keyPair: KeyPair;
  #lastNonce = 0;

  constructor(modules: { blockchain: Blockchain; mempool: Mempool; intake: Intake }, keyPair: KeyPair) {
    this.#blockchain = modules.blockchain;
    this.#mempool = modules.mempool;
    this.#intake = modules.intake;
    this.#keyPair = keyPair;
  }

  /**
   * Signs with a nonce above the highest of the account and of this run. After a restart it leaves a gap for
   * transactions of the former run that may still travel.
   */
  async submit(body: TransactionBody, offered?: Fee, atOnce = false): Promise<{ transactionId: Hash; nonce: number }> {
    const sender = this.#keyPair.publicKey;
    const account = this.#blockchain.head.state.get(ACCOUNT, sender) ?? NEW_ACCOUNT;
    const nonce =
      this.#lastNonce === 0 ? account.nonceHighest + RESTART_GAP : Math.max(account.nonceHighest, this.#lastNonce) + 1;
    const fee = offered ?? this.#usualFee(body);
    const unsigned = { sender, nonce, fee, body };
    const signature = this.#keyPair.sign(transactionSigningBytes(this.#blockchain.genesis.chainId, unsigned));
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
    const verdict = this.#intake.poolTransaction(transaction, true);
    if (atOnce && verdict.action !== 'accept') this.#mempool.remove(id);
    if (verdict.action !== 'accept' && !this.#mempool.has(id)) {
      throw new DoinError(
        { code: verdict.code, type: body.type },
        `this node's own ${body.type} is not valid now: ${verdict.code}`,
      );
    }
    this.#lastNonce = nonce;
    return { transactionId: id, nonce };
  }

  /** Of any node, with what it has waiting here. */
  accountOf(node: NodeId): AccountView {
    const { head, genesis } = this.#blockchain;
    return accountOf(head.state, node, this.#mempool.entries(), genesis.parameters);
  }

  /** The rules look at one transaction at a time: two that each fit the balance may not fit it together. */
  #requireCover(offer: Pick<Pooled, 'transaction' | 'bytes'>): void {
    const neededUnits = mostSpentUnits(offer, this.#blockchain.genesis.parameters);
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
    const { head, genesis } = this.#blockchain;
    return suggestedFee(head.state.require(GLOBALS).baseFeeUnits, genesis.parameters.fees);
  }
}
