/**
 * Unidirectional payment channels for inference: one deposit on the chain, any number of payments beside it. A receipt is
 * the payer's signature under the sum paid so far, so the newest one is worth the most, and only to the recipient. He may
 * close with it at any time. The payer may only ask: until the dispute window ends, any receipt that says more counts.
 */
import { fromHex, toUtf8, uint64Bytes } from '../../../runtime/codec/bytes.js';
import { isAcceptableKey, verifySignature } from '../../../runtime/crypto/ed25519.js';
import { hash, hashBytes } from '../../../runtime/crypto/hash.js';
import { lock, takeLocked, unlock } from '../coins.js';
import type { Execution } from '../execution.js';
import { CHANNEL, CHANNEL_COUNT, type Channel } from '../state/channels.js';
import type { Hash, NodeId, TransactionBody } from '../types.js';
import { payForInference } from './inference-pay.js';
import type { Refusal } from './refusal.js';

type Body<T extends TransactionBody['type']> = Extract<TransactionBody, { type: T }>;

/** A nonce is used once, so the id of a channel never comes back, and no old receipt with it. */
export function channelId(payer: NodeId, nonce: number): Hash {
  return hash('doin/channel', [fromHex(payer), uint64Bytes(nonce)]);
}

/** What the payer signs: this much in all, in this channel of this chain. */
export function receiptBytes(chainId: string, channel: Hash, amountUnits: number): Uint8Array {
  return hashBytes('doin/channel-receipt', [toUtf8(chainId), fromHex(channel), uint64Bytes(amountUnits)]);
}

export function applyChannelOpen(
  execution: Execution,
  sender: NodeId,
  { to, domain, depositUnits }: Body<'channel-open'>,
  nonce: number,
): Refusal | null {
  if (depositUnits === 0) return { code: 'deposit-of-nothing' };
  if (to === sender) return { code: 'payment-to-self' };
  if (!isAcceptableKey(to)) return { code: 'bad-recipient' };
  if (execution.domain(domain) === undefined) return { code: 'unknown-domain' };
  const open = execution.state.get(CHANNEL_COUNT, sender) ?? 0;
  if (open >= execution.genesis.parameters.channels.maxOpen) return { code: 'too-many-channels', later: true };
  const refusal = lock(execution, sender, depositUnits, { cause: 'channel', counterparty: to });
  if (refusal !== null) return refusal;
  const id = channelId(sender, nonce);
  const channel: Channel = { payer: sender, to, domain, depositUnits, closing: null };
  execution.state = execution.state.set(CHANNEL, id, channel).set(CHANNEL_COUNT, sender, open + 1);
  note(execution, id, channel, 'opened', 0);
  return null;
}

export function applyChannelClose(execution: Execution, sender: NodeId, body: Body<'channel-close'>): Refusal | null {
  const channel = execution.state.get(CHANNEL, body.channel);
  if (channel === undefined) return { code: 'unknown-channel', later: true };
  if (sender === channel.to) return closeByRecipient(execution, channel, body);
  if (sender === channel.payer) return closeByPayer(execution, channel, body);
  return { code: 'not-your-channel' };
}

function closeByRecipient(execution: Execution, channel: Channel, body: Body<'channel-close'>): Refusal | null {
  const refusal = checkReceipt(execution, channel, body);
  if (refusal === null) settle(execution, body.channel, channel, body.amountUnits);
  return refusal;
}

/** Needs no receipt: what he signed he can only understate, and that the window is for. */
function closeByPayer(execution: Execution, channel: Channel, body: Body<'channel-close'>): Refusal | null {
  const { height } = execution.block;
  if (channel.closing === null) {
    if (body.amountUnits > channel.depositUnits) return { code: 'above-deposit' };
    const untilHeight = height + execution.genesis.parameters.channels.disputeBlocks;
    const closing = { owedUnits: body.amountUnits, untilHeight };
    execution.state = execution.state.set(CHANNEL, body.channel, { ...channel, closing });
    note(execution, body.channel, channel, 'closing', body.amountUnits);
    return null;
  }
  if (height <= channel.closing.untilHeight) return { code: 'channel-closing', later: true };
  settle(execution, body.channel, channel, channel.closing.owedUnits);
  return null;
}

/** By anybody: a recipient may leave the watch to others. It only raises what is owed, so that no stale one ends it. */
export function applyChannelDispute(execution: Execution, body: Body<'channel-dispute'>): Refusal | null {
  const channel = execution.state.get(CHANNEL, body.channel);
  if (channel === undefined) return { code: 'unknown-channel', later: true };
  const { closing } = channel;
  if (closing === null) return { code: 'channel-not-closing', later: true };
  if (execution.block.height > closing.untilHeight) return { code: 'dispute-too-late' };
  if (body.amountUnits <= closing.owedUnits) return { code: 'stale-receipt' };
  const refusal = checkReceipt(execution, channel, body);
  if (refusal !== null) return refusal;
  const raised = { ...closing, owedUnits: body.amountUnits };
  execution.state = execution.state.set(CHANNEL, body.channel, { ...channel, closing: raised });
  note(execution, body.channel, channel, 'closing', body.amountUnits);
  return null;
}

function checkReceipt(
  execution: Execution,
  channel: Channel,
  { channel: id, amountUnits, receipt }: { channel: Hash; amountUnits: number; receipt: string | null },
): Refusal | null {
  if (amountUnits > channel.depositUnits) return { code: 'above-deposit' };
  // Who received nothing needs nobody's word for it.
  if (amountUnits === 0) return null;
  const bytes = receiptBytes(execution.genesis.chainId, id, amountUnits);
  const good = receipt !== null && verifySignature(channel.payer, bytes, receipt);
  return good ? null : { code: 'bad-receipt' };
}

function settle(execution: Execution, id: Hash, channel: Channel, owedUnits: number): void {
  const { payer, to, domain, depositUnits } = channel;
  if (owedUnits > 0) {
    takeLocked(execution, owedUnits);
    payForInference(execution, { from: payer, to, domain, request: id }, owedUnits);
  }
  unlock(execution, payer, depositUnits - owedUnits, { cause: 'channel', counterparty: to });
  const open = (execution.state.get(CHANNEL_COUNT, payer) ?? 1) - 1;
  const { state } = execution;
  execution.state = (open === 0 ? state.delete(CHANNEL_COUNT, payer) : state.set(CHANNEL_COUNT, payer, open)).delete(
    CHANNEL,
    id,
  );
  note(execution, id, channel, 'closed', owedUnits);
}

function note(
  execution: Execution,
  id: Hash,
  { payer, to, depositUnits }: Channel,
  status: 'opened' | 'closing' | 'closed',
  owedUnits: number,
): void {
  execution.records.push({ type: 'CHANNEL', channel: id, payer, to, depositUnits, status, owedUnits });
}
