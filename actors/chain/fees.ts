/**
 * Who pays a fee, and where it goes: the base fee is burned, the tip goes to the proposer (base-fee.ts has the price).
 *
 * What the state itself calls for (a seat's vote, the reveal of a commitment) may go in without a fee, or a network that
 * has minted nothing yet could never verify the work that mints its first coin. Unpaid transactions have at most half
 * of a block, which is the target: by themselves they never raise the price. docs/economy.md has the whole rule.
 */
import { isUnpaid, maxPlaces, nextBaseFeeUnits, placePriceUnits } from './base-fee.js';
import { burn, credit, debit } from './coins.js';
import type { Execution } from './execution.js';
import type { Refusal } from './transactions/refusal.js';
import type { Fee, NodeId, TransactionBody } from './types.js';

export const NO_FEE: Fee = { maxUnits: 0, tipUnits: 0 };

/**
 * Who needs no coins. Each of these the state bounds by itself: one vote a seat, one answer a juror, one bond a
 * challenge, one attestation a member and checkpoint, one piece of evidence an
 * offence, one reveal a commitment, as many commitments as the sender may have
 * open, one registration that changes something, of each member one record a ledger and anchor and one vote a proposed
 * domain, one close by receipt a channel. Everything else pays.
 */
export function mayBeUnpaid(body: TransactionBody): boolean {
  switch (body.type) {
    case 'vote':
    case 'challenge':
    case 'jury-vote':
    case 'attest':
    case 'evidence':
    case 'reveal':
    case 'commit':
    case 'register-evaluator':
    case 'anchor-record':
    case 'domain-vote':
      return true;
    // The recipient is owed coins and may have none yet.
    case 'channel-close':
      return body.receipt !== null;
    case 'transfer':
    case 'inference-pay':
    case 'channel-open':
    case 'channel-dispute':
    case 'domain-register':
      return false;
  }
}

/** Which unpaid transactions go first, lowest rank first: what finishes open work before what begins new work. */
export function unpaidRank(body: TransactionBody): number {
  switch (body.type) {
    case 'vote':
    case 'attest':
    case 'evidence':
      return 0;
    case 'reveal':
      return 1;
    default:
      return 2;
  }
}

/** Takes the fee of a transaction of so many places, and its places of the block. */
export function chargeFee(
  execution: Execution,
  sender: NodeId,
  { fee, body }: { readonly fee: Fee; readonly body: TransactionBody },
  places: number,
): Refusal | null {
  const { targetPlaces } = execution.genesis.parameters.fees;
  const { usage } = execution;
  if (fee.tipUnits > fee.maxUnits) return { code: 'tip-above-fee' };
  if (usage.places + places > maxPlaces(execution.genesis.parameters.fees)) return { code: 'block-full', later: true };
  if (isUnpaid(fee)) {
    if (!mayBeUnpaid(body)) return { code: 'fee-required' };
    if (usage.unpaidPlaces + places > targetPlaces) return { code: 'too-many-unpaid', later: true };
    execution.usage = { ...usage, places: usage.places + places, unpaidPlaces: usage.unpaidPlaces + places };
    return null;
  }
  const price = placePriceUnits(fee, execution.baseFeeUnits);
  if (price === null) return { code: 'fee-below-base', later: true };
  const burnedUnits = price.burnUnits * places;
  const tipUnits = price.tipUnits * places;
  const refusal = debit(execution, sender, burnedUnits + tipUnits, { cause: 'fee' });
  if (refusal !== null) return refusal;
  execution.usage = {
    ...usage,
    places: usage.places + places,
    burnedUnits: usage.burnedUnits + burnedUnits,
    tipUnits: usage.tipUnits + tipUnits,
  };
  return null;
}

/** At the end of a block: burns the base fees, pays the tips, sets the price of the next block. */
export function settleFees(execution: Execution): void {
  const { places, burnedUnits, tipUnits } = execution.usage;
  burn(execution, burnedUnits);
  credit(execution, execution.block.proposer, tipUnits, { cause: 'tips' });
  execution.updateGlobals({
    baseFeeUnits: nextBaseFeeUnits(execution.baseFeeUnits, places, execution.genesis.parameters.fees),
  });
}
