import { isAcceptableKey } from '../../../runtime/crypto/ed25519.js';
import { burn, credit, debit } from '../coins.js';
import type { Execution } from '../execution.js';
import type { Hash, NodeId, TransactionBody } from '../types.js';
import { countPayment } from '../weights.js';
import type { Refusal } from './refusal.js';

type InferencePayment = Extract<TransactionBody, { type: 'inference-pay' }>;

/** Pays somebody for answering a request with a domain's champion. */
export function applyInferencePayment(
  execution: Execution,
  sender: NodeId,
  { to, domain, amountUnits, request }: InferencePayment,
): Refusal | null {
  if (amountUnits === 0) return { code: 'payment-of-nothing' };
  if (to === sender) return { code: 'payment-to-self' };
  if (!isAcceptableKey(to)) return { code: 'bad-recipient' };
  if (execution.domain(domain) === undefined) return { code: 'unknown-domain' };
  const refusal = debit(execution, sender, amountUnits, { cause: 'inference', counterparty: to });
  if (refusal === null) payForInference(execution, { from: sender, to, domain, request }, amountUnits);
  return refusal;
}

/** Gives the recipient what was debited, less the part that is burned: only that part counts for the domain. */
export function payForInference(
  execution: Execution,
  payment: { readonly from: NodeId; readonly to: NodeId; readonly domain: string; readonly request: Hash },
  amountUnits: number,
): void {
  const burnedUnits = burnedPartUnits(amountUnits, execution.genesis.parameters.weights.inferenceBurnNano);
  burn(execution, burnedUnits);
  credit(execution, payment.to, amountUnits - burnedUnits, { cause: 'inference', counterparty: payment.from });
  countPayment(execution, payment.domain, burnedUnits);
  execution.records.push({ type: 'INFERENCE_PAID', ...payment, amountUnits, burnedUnits });
}

/** Rounded up: no payment is so small that it counts without a cost. */
export function burnedPartUnits(amountUnits: number, burnNano: number): number {
  return Number((BigInt(amountUnits) * BigInt(burnNano) + 999_999_999n) / 1_000_000_000n);
}
