/** One transaction: signature, nonce, fee, then the rule of its type. A refusal leaves the execution untouched. */

import { nonceIsFresh, withNonceUsed } from '../accounts.js';
import { applyAnchorRecord } from '../anchors.js';
import { placesOf } from '../base-fee.js';
import { transactionBytes, transactionSigningBytes } from '../codec.js';
import type { Execution } from '../execution.js';
import { chargeFee } from '../fees.js';
import { ACCOUNT, NEW_ACCOUNT } from '../state/state.js';
import type { Transaction } from '../types.js';
import type { SignatureCheck } from '../verifier.js';
import { applyAttest } from './attest.js';
import { applyChallenge } from './challenge.js';
import { applyChannelClose, applyChannelDispute, applyChannelOpen } from './channel.js';
import { applyCommit } from './commit.js';
import { applyDomainRegistration } from './domain-register.js';
import { applyDomainVote } from './domain-vote.js';
import { applyEvidence } from './evidence.js';
import { applyInferencePayment } from './inference-pay.js';
import { applyJuryVote } from './jury-vote.js';
import type { Refusal } from './refusal.js';
import { applyRegistration } from './register-evaluator.js';
import { applyReveal } from './reveal.js';
import { applyTransfer } from './transfer.js';
import { applyVote } from './vote.js';

export function applyTransaction(
  execution: Execution,
  transaction: Transaction,
  verify: SignatureCheck,
): Refusal | null {
  const account = execution.state.get(ACCOUNT, transaction.sender) ?? NEW_ACCOUNT;
  if (!nonceIsFresh(account, transaction.nonce)) return { code: 'nonce-used' };
  const message = transactionSigningBytes(execution.genesis.chainId, transaction);
  if (!verify(transaction.sender, message, transaction.signature)) return { code: 'bad-signature' };
  const { state, usage, moves } = execution;
  const moved = moves.length;
  execution.state = state.set(ACCOUNT, transaction.sender, withNonceUsed(account, transaction.nonce));
  const places = placesOf(transactionBytes(transaction).length);
  const refusal =
    chargeFee(execution, transaction.sender, transaction, places) ?? applyBody(execution, transaction, verify);
  if (refusal !== null) {
    execution.state = state;
    execution.usage = usage;
    moves.length = moved;
  }
  return refusal;
}

function applyBody(
  execution: Execution,
  { sender, nonce, fee, body }: Transaction,
  verify: SignatureCheck,
): Refusal | null {
  switch (body.type) {
    case 'transfer':
      return applyTransfer(execution, sender, body);
    case 'channel-open':
      return applyChannelOpen(execution, sender, body, nonce);
    case 'channel-close':
      return applyChannelClose(execution, sender, body);
    case 'channel-dispute':
      return applyChannelDispute(execution, body);
    case 'domain-register':
      return applyDomainRegistration(execution, sender, body);
    case 'domain-vote':
      return applyDomainVote(execution, sender, body);
    case 'inference-pay':
      return applyInferencePayment(execution, sender, body);
    case 'register-evaluator':
      return applyRegistration(execution, sender, body, fee);
    case 'attest':
      return applyAttest(execution, sender, body);
    case 'evidence':
      return applyEvidence(execution, sender, body, verify);
    case 'commit':
      return applyCommit(execution, sender, body);
    case 'reveal':
      return applyReveal(execution, sender, body);
    case 'vote':
      return applyVote(execution, sender, body);
    case 'anchor-record':
      return applyAnchorRecord(execution, sender, body);
    case 'challenge':
      return applyChallenge(execution, sender, body);
    case 'jury-vote':
      return applyJuryVote(execution, sender, body);
  }
}
