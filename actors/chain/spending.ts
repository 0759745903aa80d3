/** What transactions that wait for a block may cost their sender. */
import { placesOf } from './base-fee.js';
import type { ChainParameters } from './genesis.js';
import type { Pooled } from './mempool.js';
import type { AccountView } from './messages.js';
import { ACCOUNT, NEW_ACCOUNT, type State } from './state/state.js';
import type { NodeId, TransactionBody } from './types.js';

/** The most it takes from the sender's balance: what it moves or locks, and the highest fee it offers. */
export function mostSpentUnits(
  { transaction: { body, fee }, bytes }: Pick<Pooled, 'transaction' | 'bytes'>,
  parameters: ChainParameters,
): number {
  return movedUnits(body, parameters) + fee.maxUnits * placesOf(bytes.length);
}

function movedUnits(body: TransactionBody, { domains }: ChainParameters): number {
  switch (body.type) {
    case 'transfer':
    case 'inference-pay':
      return body.amountUnits;
    case 'channel-open':
      return body.depositUnits;
    case 'domain-register':
      return domains.depositUnits;
    default:
      return 0;
  }
}

/** An account with what waits for a block. */
export function accountOf(
  state: State,
  node: NodeId,
  waiting: readonly Pooled[],
  parameters: ChainParameters,
): AccountView {
  const account = state.get(ACCOUNT, node);
  const pending = waiting
    .filter(({ transaction }) => transaction.sender === node)
    .map((entry) => ({
      transactionId: entry.id,
      type: entry.transaction.body.type,
      nonce: entry.transaction.nonce,
      mostUnits: mostSpentUnits(entry, parameters),
    }));
  return {
    nodeId: node,
    isKnown: account !== undefined,
    balanceUnits: (account ?? NEW_ACCOUNT).balanceUnits,
    pending,
  };
}
