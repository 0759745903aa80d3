import { isAcceptableKey } from '../../../runtime/crypto/ed25519.js';
import type { Execution } from '../execution.js';
import { ACCOUNT, NEW_ACCOUNT } from '../state/state.js';
import type { NodeId, TransactionBody } from '../types.js';
import type { Refusal } from './refusal.js';

type Transfer = Extract<TransactionBody, { type: 'transfer' }>;

/** Moves coins. The codec admits no negative amount; zero and transfers to oneself would only be spam. */
export function applyTransfer(execution: Execution, sender: NodeId, transfer: Transfer): Refusal | null {
  if (transfer.amountUnits === 0) return { code: 'transfer-of-nothing' };
  if (transfer.to === sender) return { code: 'transfer-to-self' };
  if (!isAcceptableKey(transfer.to)) return { code: 'bad-recipient' };
  const from = execution.state.get(ACCOUNT, sender) ?? NEW_ACCOUNT;
  if (from.balanceUnits < transfer.amountUnits) return { code: 'insufficient-balance', later: true };
  const to = execution.state.get(ACCOUNT, transfer.to) ?? NEW_ACCOUNT;
  execution.state = execution.state
    .set(ACCOUNT, sender, { ...from, balanceUnits: from.balanceUnits - transfer.amountUnits })
    .set(ACCOUNT, transfer.to, { ...to, balanceUnits: to.balanceUnits + transfer.amountUnits });
  return null;
}
