/** The payer's side of channels: signs what this node owes in all, and remembers it before anybody sees it. */
import type { KeyPair } from '../../runtime/crypto/ed25519.js';
import { DoinError } from '../../runtime/errors.js';
import { formatCoins } from '../../runtime/fixed/coins.js';
import { Serial } from '../../runtime/serial.js';
import type { StateFile } from '../../runtime/storage/state-file.js';
import type { ActorContext } from '../../runtime/system/actor.js';
import { chain } from '../chain/messages.js';
import { receiptBytes } from '../chain/transactions/channel.js';
import type { Hash } from '../chain/types.js';
import type { ChannelPayment } from './inference.js';

export class ChannelPurse {
  readonly #ctx: ActorContext;
  readonly #chainId: string;
  readonly #keyPair: KeyPair;
  readonly #file: StateFile;
  readonly #serial = new Serial();
  /** By channel: units that were signed away. */
  #owed: Readonly<Record<Hash, number>> = {};

  constructor(ctx: ActorContext, options: { chainId: string; keyPair: KeyPair; file: StateFile }) {
    this.#ctx = ctx;
    this.#chainId = options.chainId;
    this.#keyPair = options.keyPair;
    this.#file = options.file;
  }

  async load(): Promise<void> {
    this.#owed = ((await this.#file.load()) ?? {}) as Readonly<Record<Hash, number>>;
  }

  owedUnits(channel: Hash): number {
    return this.#owed[channel] ?? 0;
  }

  /** A receipt for so much more than before. */
  pay(channel: Hash, addUnits: number): Promise<ChannelPayment> {
    return this.#serial.run(async () => {
      const { channel: view } = await this.#ctx.ask(chain.getChannel, { channel });
      const amountUnits = this.owedUnits(channel) + addUnits;
      if (view === null || view.payer !== this.#keyPair.publicKey || view.closing !== null) {
        throw new DoinError({ code: 'unknown-channel', channel }, `channel: this node has no open channel ${channel}`);
      }
      if (amountUnits > view.depositUnits) {
        const text = `channel: ${formatCoins(amountUnits)} coins in all are above its deposit of ${formatCoins(view.depositUnits)}`;
        throw new DoinError({ code: 'above-deposit', channel }, text);
      }
      const owed = { ...this.#owed, [channel]: amountUnits };
      await this.#file.save(owed);
      this.#owed = owed;
      const receipt = this.#keyPair.sign(receiptBytes(this.#chainId, channel, amountUnits));
      return { channel, amountUnits, receipt };
    });
  }
}
