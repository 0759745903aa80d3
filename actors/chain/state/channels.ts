/** State entries of payment channels. */
import { hash32, nullable, struct, u53 } from '../../../runtime/codec/canonical.js';
import { domainIdCodec } from '../codec.js';
import type { NodeId } from '../types.js';
import type { EntryKind } from './state.js';

/** Coins that a payer set aside for one recipient, who is paid by receipts beside the chain. */
export interface Channel {
  readonly payer: NodeId;
  readonly to: NodeId;
  readonly domain: string;
  readonly depositUnits: number;
  /** The payer wants his rest back: what he says is owed, and the last height at which a receipt may say more. */
  readonly closing: { readonly owedUnits: number; readonly untilHeight: number } | null;
}
export const CHANNEL: EntryKind<Channel> = {
  prefix: 'channel',
  codec: struct({
    payer: hash32,
    to: hash32,
    domain: domainIdCodec,
    depositUnits: u53,
    closing: nullable(struct({ owedUnits: u53, untilHeight: u53 })),
  }),
};

/** By payer: how many he has open; absent for none. */
export const CHANNEL_COUNT: EntryKind<number> = { prefix: 'channel-count', codec: u53 };
