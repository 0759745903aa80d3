/**
 * The price of room in a block: EIP-1559 with places instead of gas. A place holds 10 KiB, so that 200 places fit the
 * size of a block, and a large transaction pays for the room it takes.
 */
import type { ChainParameters } from './genesis.js';
import { LIMITS } from './limits.js';
import type { Fee } from './types.js';

export type FeeParameters = ChainParameters['fees'];

/** EIP-1559, BASE_FEE_MAX_CHANGE_DENOMINATOR: 12.5 % a block. */
const CHANGE_DENOMINATOR = 8n;
/** So many slots without a block bring any price below a ten-thousandth of what it was. */
const MAX_EMPTY_SLOTS = 72;
/** EIP-1559's usual offer: room for the base fee to double, about six full blocks in a row. */
const OFFER_FACTOR = 2;
/** What a sender adds who does not care: a tenth of the smallest base fee. */
const TIP_DIVISOR = 10;

/** How much of a block a transaction of this size takes. */
export function placesOf(sizeBytes: number): number {
  return Math.max(1, Math.ceil(sizeBytes / LIMITS.placeBytes));
}

/** What a block has used so far. Amounts in units. */
export interface BlockUsage {
  readonly places: number;
  readonly unpaidPlaces: number;
  readonly burnedUnits: number;
  readonly tipUnits: number;
}
export const NOTHING_USED: BlockUsage = { places: 0, unpaidPlaces: 0, burnedUnits: 0, tipUnits: 0 };

/** Offers nothing: goes in only where the rules want no fee (fees.ts). */
export function isUnpaid(fee: Fee): boolean {
  return fee.maxUnits === 0;
}

/** What a place costs a sender who offers this, or null when the base fee is above his offer. */
export function placePriceUnits(fee: Fee, baseFeeUnits: number): { burnUnits: number; tipUnits: number } | null {
  if (fee.maxUnits < baseFeeUnits) return null;
  return { burnUnits: baseFeeUnits, tipUnits: Math.min(fee.tipUnits, fee.maxUnits - baseFeeUnits) };
}

/** As many again as the target: EIP-1559's elasticity of 2. */
export function maxPlaces(parameters: FeeParameters): number {
  return 2 * parameters.targetPlaces;
}

/** Full blocks raise the price by an eighth, empty ones lower it by an eighth; in between, in proportion. */
export function nextBaseFeeUnits(baseFeeUnits: number, places: number, parameters: FeeParameters): number {
  const target = BigInt(parameters.targetPlaces);
  const base = BigInt(baseFeeUnits);
  const change = (base * (BigInt(places) - target)) / target / CHANGE_DENOMINATOR;
  // A rise of less than a unit counts as one, or a small price would never move.
  const next = Number(base + (places > parameters.targetPlaces && change === 0n ? 1n : change));
  return Math.min(LIMITS.feeUnits, Math.max(parameters.minimumBaseUnits, next));
}

/**
 * The price in a block, from the price that its parent set for the slot right after it. A slot without a block counts
 * as an empty block: without transactions there are no blocks, and a price that nobody pays could never fall.
 */
export function baseFeeAfterGapUnits(baseFeeUnits: number, emptySlots: number, parameters: FeeParameters): number {
  let price = baseFeeUnits;
  for (let slot = 0; slot < Math.min(emptySlots, MAX_EMPTY_SLOTS) && price > parameters.minimumBaseUnits; slot += 1) {
    price = nextBaseFeeUnits(price, 0, parameters);
  }
  return price;
}

/** An offer per place that a block soon takes at this base fee. */
export function suggestedFee(baseFeeUnits: number, parameters: FeeParameters): Fee {
  const tipUnits = Math.ceil(parameters.minimumBaseUnits / TIP_DIVISOR);
  return { maxUnits: Math.min(LIMITS.feeUnits, OFFER_FACTOR * baseFeeUnits + tipUnits), tipUnits };
}
