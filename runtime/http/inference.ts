/**
 * Asks a champion, here or on another node, pays what that costs as far as the owner allows, and checks who signed the
 * answer. Local answers are signed too, and cost nothing.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type ChainStatus, chain } from '../../actors/chain/messages.js';
import type { Hash, NodeId } from '../../actors/chain/types.js';
import {
  answerBytes,
  INFERENCE_BYTES,
  type InferenceReply,
  type InferenceRequest,
  inferenceId,
} from '../../actors/evaluator/inference.js';
import { evaluator } from '../../actors/evaluator/messages.js';
import { gossip } from '../../actors/gossip/messages.js';
import { verifySignature } from '../crypto/ed25519.js';
import { peerIdOf, publicKeyOf } from '../crypto/peer-id.js';
import { DoinError, errorMessage } from '../errors.js';
import { formatCoins } from '../fixed/coins.js';
import { fromNano } from '../fixed/nano.js';
import { address, badRequest, coins, domainId, hash, readFields } from './fields.js';
import type { inferencePage } from './pages/inference.js';
import { type Json, jsonSchema } from './pages/schema.js';
import type { AskPort } from './port.js';

/** Peers asked for their price at a time. */
const MAX_ASKED = 8;
/** How long a payment may take to a block that the server has too. */
const PAYMENT_MS = 60_000;
const POLL_MS = 500;

const requestSchema = z.strictObject({
  domain_id: domainId,
  input: z.unknown(),
  /** `local`, or the address of a connected peer; left out: this node if it can, else the cheapest peer. */
  server: z.union([z.literal('local'), address]).optional(),
  /** Most coins that an answer may cost. Without it nothing is paid. */
  max_price: coins.prefault('0'),
  /** An open channel of this node to that server, to pay by. */
  channel: hash.optional(),
});

export const INFERENCE_SCHEMA = jsonSchema(requestSchema, 'input');

export type InferenceJson = Json<typeof inferencePage>;

type Asked = z.output<typeof requestSchema>;
type Answered = Extract<InferenceReply, { type: 'answered' }>;

interface Offer {
  readonly server: NodeId;
  readonly request: InferenceRequest;
  readonly reply: InferenceReply;
}

export async function infer(system: AskPort, json: unknown): Promise<InferenceJson> {
  const asked = readFields(requestSchema, json);
  const input = JSON.stringify(asked.input ?? null);
  if (Buffer.byteLength(input) > INFERENCE_BYTES) throw badRequest(`input: is larger than ${INFERENCE_BYTES} bytes`);
  return new Customer(system, await system.ask(chain.getStatus, {}), asked, input).infer();
}

class Customer {
  readonly #system: AskPort;
  readonly #status: ChainStatus;
  readonly #asked: Asked;
  readonly #input: string;

  constructor(system: AskPort, status: ChainStatus, asked: Asked, input: string) {
    this.#system = system;
    this.#status = status;
    this.#asked = asked;
    this.#input = input;
  }

  async infer(): Promise<InferenceJson> {
    const offer = await this.#bestOffer();
    if (offer.reply.type === 'answered') return this.#checked(offer.server, offer.request, offer.reply, 0, null);
    const { code, detail, priceUnits } = offer.reply;
    if (code !== 'payment-required') throw refused(offer.server, code, detail);
    if (priceUnits > this.#asked.max_price) {
      throw new DoinError(
        { code: 'payment-required', priceUnits },
        `max_price: ${detail}; allow it with max_price (--max-price ${formatCoins(priceUnits)})`,
      );
    }
    const { channel } = this.#asked;
    return channel === undefined ? this.#byTransaction(offer, priceUnits) : this.#byChannel(offer, channel, priceUnits);
  }

  /** Of this node if it can answer, else of the peer that answers for the least. */
  async #bestOffer(): Promise<Offer> {
    const { server } = this.#asked;
    const self = this.#status.self.nodeId;
    if (server !== undefined) return this.#offerOf(server === 'local' ? self : server);
    const own = await this.#offerOf(self);
    if (own.reply.type === 'answered' || own.reply.code === 'bad-input') return own;
    const { peers } = await this.#system.ask(gossip.getPeers, {});
    const keys = peers.slice(0, MAX_ASKED).flatMap(({ peerId }) => publicKeyOf(peerId) ?? []);
    const asked = await Promise.allSettled(keys.map((key) => this.#offerOf(key)));
    const offers = asked.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const [best] = offers.filter(isUseful).sort((a, b) => costOf(a) - costOf(b));
    return best ?? offers[0] ?? own;
  }

  async #offerOf(server: NodeId): Promise<Offer> {
    const nonce = randomBytes(32).toString('hex');
    const request = { domain: this.#asked.domain_id, input: this.#input, nonce, payment: null };
    return { server, request, reply: await this.#ask(server, request) };
  }

  #ask(server: NodeId, request: InferenceRequest): Promise<InferenceReply> {
    const { nodeId } = this.#status.self;
    if (server === nodeId) return this.#system.ask(evaluator.answer, { from: nodeId, request });
    return this.#system.ask(gossip.askInference, { peerId: peerIdOf(server), request }).catch((error: unknown) => {
      throw new DoinError(
        { code: 'server-unreachable', server },
        `server: ${peerIdOf(server)} does not answer (${errorMessage(error)}); \`doin peers\` lists whom this node is connected to`,
      );
    });
  }

  /** The server answers once it has the block with the payment, which may come to it a little later. */
  async #byTransaction({ server, request }: Offer, priceUnits: number): Promise<InferenceJson> {
    const parties = { chainId: this.#status.chainId, requester: this.#status.self.nodeId, server };
    const { domain } = request;
    const id = inferenceId(parties, request);
    const body = { type: 'inference-pay', to: server, domain, amountUnits: priceUnits, request: id } as const;
    const { transactionId } = await this.#system.ask(chain.submit, { body, atOnce: true });
    const giveUpAt = Date.now() + PAYMENT_MS;
    for (;;) {
      const { block } = await this.#system.ask(chain.findTransaction, { id: transactionId });
      const reply = block === null ? null : await this.#ask(server, request);
      if (reply?.type === 'answered') return this.#checked(server, request, reply, priceUnits, transactionId);
      if (reply !== null && reply.code !== 'payment-required') throw refused(server, reply.code, reply.detail);
      if (Date.now() > giveUpAt) {
        throw new DoinError(
          { code: 'payment-not-seen', transactionId },
          `the payment ${transactionId} was sent, but ${peerIdOf(server)} has not seen it in a block after ${PAYMENT_MS / 1000} s`,
        );
      }
      await sleep(POLL_MS);
    }
  }

  async #byChannel({ server, request }: Offer, channel: Hash, priceUnits: number): Promise<InferenceJson> {
    const payment = await this.#system.ask(evaluator.payByChannel, { channel, addUnits: priceUnits });
    const paid = { ...request, payment };
    const reply = await this.#ask(server, paid);
    if (reply.type === 'refused') throw refused(server, reply.code, reply.detail);
    return this.#checked(server, paid, reply, priceUnits, null);
  }

  async #checked(
    server: NodeId,
    request: InferenceRequest,
    { optimum, output, signature }: Answered,
    paidUnits: number,
    transactionId: Hash | null,
  ): Promise<InferenceJson> {
    const { chainId, self } = this.#status;
    const id = inferenceId({ chainId, requester: self.nodeId, server }, request);
    if (!verifySignature(server, answerBytes(id, optimum, output), signature)) {
      throw new DoinError({ code: 'bad-signature', server }, `${peerIdOf(server)} gave an answer that he did not sign`);
    }
    // The newest champion: the one at the start may have been replaced meanwhile, and by whom else than by this optimum.
    const { domains } = await this.#system.ask(chain.getStatus, {});
    const domain = domains.find(({ domainId: known }) => known === request.domain);
    return {
      domain_id: request.domain,
      output: readOutput(output, server),
      optimum,
      performance: domain?.champion?.optimum === optimum ? fromNano(domain.bestNano) : null,
      server: peerIdOf(server),
      request: id,
      signature,
      paid: formatCoins(paidUnits),
      transaction_id: transactionId,
    };
  }
}

function isUseful({ reply }: Offer): boolean {
  return reply.type === 'answered' || reply.code === 'payment-required';
}

function costOf({ reply }: Offer): number {
  return reply.type === 'answered' ? 0 : reply.priceUnits;
}

function refused(server: NodeId, code: string, detail: string): DoinError {
  return new DoinError({ code, server }, `${peerIdOf(server)} refuses: ${detail}`);
}

function readOutput(output: string, server: NodeId): unknown {
  try {
    return JSON.parse(output);
  } catch {
    throw new DoinError({ code: 'bad-answer', server }, `${peerIdOf(server)} gave an answer that is no JSON`);
  }
}
