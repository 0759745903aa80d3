/**
 * What customers paid this node for answers: by transactions that name a request, and by receipts of channels. Receipts
 * are coins until they are on the chain, so each is on disk before it is worth an answer, and they are cashed in when
 * their channel is used up or its payer wants his rest back.
 */
import { verifySignature } from '../../runtime/crypto/ed25519.js';
import { errorMessage } from '../../runtime/errors.js';
import { Serial } from '../../runtime/serial.js';
import type { StateFile } from '../../runtime/storage/state-file.js';
import type { ActorContext } from '../../runtime/system/actor.js';
import { type BlockApplied, chain } from '../chain/messages.js';
import { receiptBytes } from '../chain/transactions/channel.js';
import type { Hash, NodeId } from '../chain/types.js';
import type { ChannelPayment } from './inference.js';

/** Payments by transaction that are remembered: who pays and does not ask within so many others has paid for nothing. */
const PAID_KEPT = 10_000;
/** Answers to one paid request: the first may have been lost on its way. */
const ANSWERS_PER_PAYMENT = 3;
/** Blocks looked through at the start for payments made meanwhile. */
const BLOCKS_BACK = 200;
/** A close that was sent is in a block by then, or was lost. */
const CLOSE_AGAIN_MS = 30_000;

interface Paid {
  readonly from: NodeId;
  readonly domain: string;
  readonly amountUnits: number;
  readonly block: Hash;
  answers: number;
}

export interface Customer {
  readonly from: NodeId;
  readonly domain: string;
  readonly priceUnits: number;
}

export class Payments {
  readonly #ctx: ActorContext;
  readonly #self: NodeId;
  readonly #file: StateFile;
  readonly #serial = new Serial();
  readonly #paid = new Map<Hash, Paid>();
  readonly #closing = new Map<Hash, number>();
  #chainId = '';
  /** The best receipt of each channel: it covers all before it. */
  #receipts: Readonly<Record<Hash, ChannelPayment>> = {};

  constructor(ctx: ActorContext, self: NodeId, file: StateFile) {
    this.#ctx = ctx;
    this.#self = self;
    this.#file = file;
  }

  async load(timeoutMs: number): Promise<void> {
    this.#receipts = ((await this.#file.load()) ?? {}) as Readonly<Record<Hash, ChannelPayment>>;
    const { height, chainId } = await this.#ctx.ask(chain.getTip, {}, { timeoutMs });
    this.#chainId = chainId;
    const fromHeight = Math.max(1, height - BLOCKS_BACK);
    const { blocks } = await this.#ctx.ask(chain.getApplied, { fromHeight, limit: BLOCKS_BACK + 1 }, { timeoutMs });
    for (const block of blocks) this.apply(block);
  }

  apply({ hash, records }: Pick<BlockApplied, 'hash' | 'records'>): void {
    for (const record of records) {
      if (record.type !== 'INFERENCE_PAID' || record.to !== this.#self) continue;
      const { from, domain, amountUnits, request } = record;
      this.#paid.set(request, { from, domain, amountUnits, block: hash, answers: 0 });
    }
    for (const oldest of this.#paid.keys()) {
      if (this.#paid.size <= PAID_KEPT) break;
      this.#paid.delete(oldest);
    }
  }

  revert(hashes: readonly Hash[]): void {
    for (const [request, { block }] of this.#paid) if (hashes.includes(block)) this.#paid.delete(request);
  }

  /** Takes one answer out of what a transaction paid for this request. */
  takePaid(request: Hash, { from, domain, priceUnits }: Customer): boolean {
    const paid = this.#paid.get(request);
    if (paid === undefined || paid.from !== from || paid.domain !== domain || paid.amountUnits < priceUnits)
      return false;
    paid.answers += 1;
    if (paid.answers >= ANSWERS_PER_PAYMENT) this.#paid.delete(request);
    return true;
  }

  /** Takes a receipt that raises what its channel owes by the price. Null when it is kept, else what is wrong with it. */
  takeReceipt(payment: ChannelPayment, customer: Customer): Promise<string | null> {
    return this.#serial.run(async () => {
      const { channel: view } = await this.#ctx.ask(chain.getChannel, { channel: payment.channel });
      if (view === null) return 'there is no such channel';
      const { from, domain, priceUnits } = customer;
      if (view.payer !== from || view.to !== this.#self || view.domain !== domain)
        return 'the channel is for another use';
      if (view.closing !== null) return 'the channel is closing';
      if (payment.amountUnits > view.depositUnits) return 'the sum is above the deposit';
      const owed = this.#receipts[payment.channel]?.amountUnits ?? 0;
      if (payment.amountUnits < owed + priceUnits) return `the sum must be ${owed + priceUnits} units at least`;
      const bytes = receiptBytes(this.#chainId, payment.channel, payment.amountUnits);
      if (!verifySignature(from, bytes, payment.receipt)) return 'the receipt is not signed by the payer';
      await this.#keep({ ...this.#receipts, [payment.channel]: payment });
      return null;
    });
  }

  /** Cashes in what waits for no further receipt. */
  collect(priceUnits: number): Promise<void> {
    return this.#serial.run(async () => {
      for (const payment of Object.values(this.#receipts)) {
        const { channel: id, amountUnits, receipt } = payment;
        const { channel: view } = await this.#ctx.ask(chain.getChannel, { channel: id });
        if (view === null) {
          await this.#forget(id);
          continue;
        }
        const isUsedUp = amountUnits + priceUnits > view.depositUnits;
        if (!isUsedUp && view.closing === null) continue;
        if (this.#ctx.now() - (this.#closing.get(id) ?? 0) < CLOSE_AGAIN_MS) continue;
        this.#closing.set(id, this.#ctx.now());
        const body = { type: 'channel-close', channel: id, amountUnits, receipt } as const;
        await this.#ctx.ask(chain.submit, { body }).catch((error: unknown) => {
          this.#ctx.log.warn('channel not closed', { channel: id, reason: errorMessage(error) });
        });
      }
    });
  }

  async #forget(channel: Hash): Promise<void> {
    this.#closing.delete(channel);
    const { [channel]: _, ...rest } = this.#receipts;
    await this.#keep(rest);
  }

  async #keep(receipts: Readonly<Record<Hash, ChannelPayment>>): Promise<void> {
    await this.#file.save(receipts);
    this.#receipts = receipts;
  }
}
