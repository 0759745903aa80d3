import { isAcceptableKey } from '../../../runtime/crypto/ed25519.js';
import { credit, debit } from '../coins.js';
import type { Execution } from '../execution.js';
import { ACCOUNT } from '../state/state.js';
import type { NodeId, TransactionBody } from '../types.js';
import type { Refusal } from './refusal.js';

type Transfer = Extract<TransactionBody, { type: 'transfer' }>;

/** Moves coins. The codec admits no negative amount; zero and transfers to oneself would only be spam. */
export function applyTransfer(execution: Execution, sender: NodeId, transfer: Transfer): Refusal | null {
  if (transfer.amountUnits === 0) return { code: 'transfer-of-nothing' };
  if (transfer.to === sender) return { code: 'transfer-to-self' };
  // The check is costly, and whoever has an account passed it or signed for it.
  const known = execution.state.get(ACCOUNT, transfer.to) !== undefined;
  if (!known && !isAcceptableKey(transfer.to)) return { code: 'bad-recipient' };
  const { to, amountUnits } = transfer;
  const refusal = debit(execution, sender, amountUnits, { cause: 'transfer', counterparty: to });
  if (refusal === null) credit(execution, to, amountUnits, { cause: 'transfer', counterparty: sender });
  return refusal;
}
