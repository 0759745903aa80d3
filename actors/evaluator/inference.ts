/**
 * Inference between nodes: what is asked, what is answered and what both sides sign. The request's id names both of them,
 * the domain, the input and a nonce, so that a payment is for one request, and an answer answers no other.
 */
import { fromHex, toUtf8 } from '../../runtime/codec/bytes.js';
import {
  type Codec,
  hash32,
  nullable,
  signature64,
  struct,
  text,
  u53,
  variant,
} from '../../runtime/codec/canonical.js';
import { hash, hashBytes } from '../../runtime/crypto/hash.js';
import { domainIdCodec } from '../chain/codec.js';
import type { Hash, NodeId } from '../chain/types.js';

/** JSON of the input and of the output, as the pool takes and gives it (gpu-workers/prediction.ts). */
export const INFERENCE_BYTES = 65_536;
const CODE_BYTES = 32;
const DETAIL_BYTES = 512;

/** A payer's signature under all that he owes in a channel (actors/chain/transactions/channel.ts). */
export interface ChannelPayment {
  readonly channel: Hash;
  readonly amountUnits: number;
  readonly receipt: string;
}

export interface InferenceRequest {
  readonly domain: string;
  /** JSON. */
  readonly input: string;
  /** 32 random bytes: the same input asked again is another request. */
  readonly nonce: Hash;
  /** Null for a free request, and for one that an `inference-pay` on the chain pays. */
  readonly payment: ChannelPayment | null;
}

export type InferenceReply =
  | {
      readonly type: 'answered';
      /** The accepted optimum whose model answered. */
      readonly optimum: Hash;
      /** JSON. */
      readonly output: string;
      /** The server's, under `answerBytes`. */
      readonly signature: string;
    }
  | {
      readonly type: 'refused';
      readonly code: string;
      readonly detail: string;
      /** What an answer costs. */
      readonly priceUnits: number;
    };

export const inferenceRequestCodec: Codec<InferenceRequest> = struct({
  domain: domainIdCodec,
  input: text(INFERENCE_BYTES),
  nonce: hash32,
  payment: nullable(struct({ channel: hash32, amountUnits: u53, receipt: signature64 })),
});

export const inferenceReplyCodec: Codec<InferenceReply> = variant({
  answered: [0, struct({ optimum: hash32, output: text(INFERENCE_BYTES), signature: signature64 })],
  refused: [1, struct({ code: text(CODE_BYTES), detail: text(DETAIL_BYTES), priceUnits: u53 })],
});

/** Who asks whom for what on which chain. The payment is left out: the id is what it pays. */
export interface InferenceParties {
  readonly chainId: string;
  readonly requester: NodeId;
  readonly server: NodeId;
}

export function inferenceId(
  { chainId, requester, server }: InferenceParties,
  { domain, input, nonce }: Omit<InferenceRequest, 'payment'>,
): Hash {
  const parts = [toUtf8(chainId), fromHex(requester), fromHex(server), toUtf8(domain), toUtf8(input), fromHex(nonce)];
  return hash('doin/inference-request', parts);
}

export function answerBytes(request: Hash, optimum: Hash, output: string): Uint8Array {
  return hashBytes('doin/inference-answer', [fromHex(request), fromHex(optimum), toUtf8(output)]);
}

export function refusal(code: string, detail: string, priceUnits: number): InferenceReply {
  return { type: 'refused', code, detail: detail.slice(0, DETAIL_BYTES / 4), priceUnits };
}
