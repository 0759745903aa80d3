/**
 * A transaction as a person asks for it: JSON with upstream's snake case, PeerIds and decimal coins. Only what people
 * decide about can be sent; votes, attestations and the like are the node's own word, given by its actors.
 */
import { z } from 'zod';
import { faultOf } from '../../actors/chain/domain-spec.js';
import type { Fee, TransactionBody } from '../../actors/chain/types.js';
import { readDefinition } from '../../config/domain-spec.js';
import { address, badRequest, coins, domainId, hash, readFields, signature } from './fields.js';

const common = {
  /** The chain it is meant for; another one refuses it. */
  network: z.string().optional(),
  max_fee: coins.optional(),
  tip: coins.optional(),
  /** Send coins to a key that this chain has never seen. */
  new_address: z.boolean().default(false),
};

const submissionSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('transfer'), to: address, amount: coins, ...common }),
  z.strictObject({
    type: z.literal('inference-pay'),
    to: address,
    domain_id: domainId,
    amount: coins,
    request: hash,
    ...common,
  }),
  z.strictObject({ type: z.literal('channel-open'), to: address, domain_id: domainId, deposit: coins, ...common }),
  z.strictObject({
    type: z.literal('channel-close'),
    channel: hash,
    amount: coins,
    receipt: signature.nullable().default(null),
    ...common,
  }),
  z.strictObject({
    type: z.literal('channel-dispute'),
    channel: hash,
    amount: coins,
    receipt: signature,
    ...common,
  }),
  z.strictObject({ type: z.literal('domain-register'), definition: z.unknown(), data_hash: hash, ...common }),
  z.strictObject({ type: z.literal('domain-vote'), domain_id: domainId, spec_hash: hash, ...common }),
]);
type SubmissionJson = z.output<typeof submissionSchema>;

/** The JSON Schema of what may be sent. */
export const SUBMISSION_SCHEMA = z.toJSONSchema(submissionSchema, { io: 'input', unrepresentable: 'any' });

export interface Submission {
  readonly body: TransactionBody;
  readonly network: string | null;
  readonly newAddress: boolean;
  /** What is not said is left to the node. */
  readonly maxUnits: number | null;
  readonly tipUnits: number | null;
}

/** Throws DoinError `bad-request`, whose message names each field. */
export function readSubmission(json: unknown): Submission {
  const submission = readFields(submissionSchema, json);
  const { network, max_fee: maxUnits, tip: tipUnits, new_address: newAddress } = submission;
  return {
    body: bodyOf(submission),
    network: network ?? null,
    newAddress,
    maxUnits: maxUnits ?? null,
    tipUnits: tipUnits ?? null,
  };
}

/** What the sender named, and the usual offer for the rest. */
export function feeOf({ maxUnits, tipUnits }: Submission, suggested: Fee): Fee | undefined {
  if (maxUnits === null && tipUnits === null) return undefined;
  const most = maxUnits ?? Math.max(suggested.maxUnits, tipUnits ?? 0);
  const fee = { maxUnits: most, tipUnits: tipUnits ?? Math.min(most, suggested.tipUnits) };
  if (fee.tipUnits > fee.maxUnits) throw badRequest('tip: must not be above max_fee, of which it is a part');
  return fee;
}

function bodyOf(json: SubmissionJson): TransactionBody {
  switch (json.type) {
    case 'transfer':
      return { type: json.type, to: json.to, amountUnits: json.amount };
    case 'inference-pay':
      return {
        type: json.type,
        to: json.to,
        domain: json.domain_id,
        amountUnits: json.amount,
        request: json.request,
      };
    case 'channel-open':
      return { type: json.type, to: json.to, domain: json.domain_id, depositUnits: json.deposit };
    case 'channel-close':
      return { type: json.type, channel: json.channel, amountUnits: json.amount, receipt: json.receipt };
    case 'channel-dispute':
      return { type: json.type, channel: json.channel, amountUnits: json.amount, receipt: json.receipt };
    case 'domain-register':
      return { type: json.type, spec: definitionOf(json.definition), dataHash: json.data_hash };
    case 'domain-vote':
      return { type: json.type, domain: json.domain_id, specHash: json.spec_hash };
  }
}

function definitionOf(json: unknown): Extract<TransactionBody, { type: 'domain-register' }>['spec'] {
  const spec = readDefinition(json, 'definition');
  const fault = faultOf(spec);
  if (fault !== null) throw badRequest(`definition: ${fault}`);
  return spec;
}
