/** What the node does for its owner's coins: shows accounts, and signs and sends what he asks for. */
import { type AccountView, chain } from '../../actors/chain/messages.js';
import type { MovePosition, StoredMove } from '../../actors/chain/moves.js';
import type { NodeId, TransactionBody } from '../../actors/chain/types.js';
import { peerIdOf } from '../crypto/peer-id.js';
import { DoinError } from '../errors.js';
import { formatCoins } from '../fixed/coins.js';
import { LONG_TIMEOUT } from './node-view.js';
import type { Json } from './pages/schema.js';
import type { accountPage, historyPage, submittedPage, transactionPage } from './pages/wallet.js';
import type { AskPort } from './port.js';
import { feeOf, type Submission } from './submission.js';

export type AccountJson = Json<typeof accountPage>;
export type HistoryJson = Json<typeof historyPage>;
export type SubmittedJson = Json<typeof submittedPage>;
export type TransactionJson = Json<typeof transactionPage>;

export interface Wallet {
  transaction(id: string): Promise<TransactionJson>;
  /** The node's own account, or another one. */
  account(node: NodeId | null): Promise<AccountJson>;
  /** What became of its coins, newest first, after a place that an earlier page named. */
  history(node: NodeId | null, after: string | null, limit: number): Promise<HistoryJson>;
  /** Signs with the node's key and sends. Throws DoinErrors whose message is for the person who asked. */
  submit(submission: Submission): Promise<SubmittedJson>;
}

export function createWallet(system: AskPort): Wallet {
  return {
    async account(node) {
      const status = await system.ask(chain.getStatus, {}, LONG_TIMEOUT);
      const view = await system.ask(chain.getAccount, { node: node ?? status.self.nodeId }, LONG_TIMEOUT);
      return accountJson(view, status);
    },
    async history(account, after, limit) {
      const status = await system.ask(chain.getStatus, {}, LONG_TIMEOUT);
      const node = account ?? status.self.nodeId;
      const asked = { node, before: after === null ? null : placeOf(after), limit };
      const { moves, historyFrom } = await system.ask(chain.getHistory, asked, LONG_TIMEOUT);
      const last = moves.at(-1);
      return {
        address: peerIdOf(node),
        network: status.chainId,
        chain_height: status.height,
        finalized_height: status.finalized.height,
        history_from: historyFrom,
        entries: moves.map(entryJson),
        next: moves.length < limit || last === undefined ? null : `${last.height}:${last.position}`,
      };
    },
    async transaction(id) {
      const { waits, block } = await system.ask(chain.findTransaction, { id }, LONG_TIMEOUT);
      const { height, finalized } = await system.ask(chain.getStatus, {}, LONG_TIMEOUT);
      return {
        transaction_id: id,
        state: block !== null ? 'included' : waits ? 'pending' : 'unknown',
        block_height: block?.height ?? null,
        block_hash: block?.hash ?? null,
        confirmations: block === null ? 0 : Math.max(0, height - block.height + 1),
        final: block !== null && finalized.height >= block.height,
      };
    },
    async submit(submission) {
      const { body, network, newAddress } = submission;
      const { chainId, height, suggestedFee } = await system.ask(chain.getStatus, {}, LONG_TIMEOUT);
      if (network !== null && network !== chainId) {
        throw new DoinError(
          { code: 'wrong-network', network, chainId },
          `network: this node is on "${chainId}", not on "${network}"; nothing was sent`,
        );
      }
      if (!newAddress) await requireKnown(system, body);
      const fee = feeOf(submission, suggestedFee);
      const request = { body, atOnce: true, ...(fee !== undefined && { fee }) };
      const { transactionId, nonce } = await system.ask(chain.submit, request, LONG_TIMEOUT);
      return { transaction_id: transactionId, nonce, network: chainId, chain_height: height };
    },
  };
}

/** A PeerId has no checksum: one wrong letter may be somebody's key, or nobody's, and coins sent there are gone. */
async function requireKnown(system: AskPort, body: TransactionBody): Promise<void> {
  if (!('to' in body)) return;
  const { isKnown } = await system.ask(chain.getAccount, { node: body.to }, LONG_TIMEOUT);
  if (isKnown) return;
  throw new DoinError(
    { code: 'unknown-address', address: body.to },
    `to: nobody with the address ${peerIdOf(body.to)} was ever on this chain; check it, or say that it is new (new_address, --new-address)`,
  );
}

/** Of `next`: height and position of a move. */
function placeOf(after: string): MovePosition {
  const [height, position] = after.split(':').map(Number);
  return { height: height ?? 0, position: position ?? 0 };
}

function entryJson({ height, block, timestampMs, cause, units, counterparty, balanceUnits }: StoredMove) {
  return {
    block_height: height,
    block_hash: block,
    time: new Date(timestampMs).toISOString(),
    cause,
    amount: formatCoins(units),
    amount_units: units,
    counterparty: counterparty === null ? null : peerIdOf(counterparty),
    balance: formatCoins(balanceUnits),
    balance_units: balanceUnits,
  };
}

function accountJson(
  { nodeId, isKnown, balanceUnits, pending }: AccountView,
  status: { readonly chainId: string; readonly height: number; readonly finalized: { readonly height: number } },
): AccountJson {
  return {
    address: peerIdOf(nodeId),
    public_key: nodeId,
    network: status.chainId,
    balance: formatCoins(balanceUnits),
    balance_units: balanceUnits,
    known: isKnown,
    chain_height: status.height,
    finalized_height: status.finalized.height,
    pending: pending.map(({ transactionId, type, nonce, mostUnits }) => ({
      transaction_id: transactionId,
      type,
      nonce,
      most: formatCoins(mostUnits),
    })),
  };
}
