/**
 * Reads along a stream between two links, for what stands in its way on purpose (fault injection). Each item can then
 * be delivered by itself, in any number: it no longer depends on those before it.
 */
import { ReceiverCredits } from './credits.js';
import type { Message, Receipt } from './message.js';
import { isBatch } from './packer.js';
import { StreamReader } from './wire.js';

export interface Described {
  readonly type: Message['type'] | 'reply' | 'failure';
  /** Empty for replies and failures. */
  readonly kind: string;
  readonly from: string;
  readonly to: string;
}

export interface TappedItem {
  /** What to post to the other link. */
  readonly parcel: unknown;
  /** Null for what is neither message nor answer. */
  readonly message: Described | null;
  /** Gives the sender its credit back, for a message that is not delivered. */
  settle(): void;
}

export class StreamTap {
  readonly #onCredit: () => void;
  #described: Described | null = null;
  #receipt: Receipt | null = null;
  readonly #reader = new StreamReader(
    {
      message: ({ type, kind, from, to, receipt }) => {
        this.#described = { type, kind, from, to };
        this.#receipt = receipt;
      },
      reply: (to) => {
        this.#described = { type: 'reply', kind: '', from: '', to };
      },
      failure: (to) => {
        this.#described = { type: 'failure', kind: '', from: '', to };
      },
      subscribe: () => undefined,
      report: () => undefined,
    },
    () => undefined,
  );

  /** `onCredit`: credit that was given back here is waited for; the sender must get a CREDIT_ITEM. */
  constructor(onCredit: () => void) {
    this.#onCredit = onCredit;
  }

  /** What a link has posted, taken apart. */
  read(parcel: unknown): TappedItem[] {
    if (parcel instanceof SharedArrayBuffer) {
      this.#reader.credits = new ReceiverCredits(parcel, this.#onCredit);
      return [{ parcel, message: null, settle: () => undefined }];
    }
    if (!isBatch(parcel)) {
      return [
        this.#describe(() => {
          this.#reader.parcel(parcel as readonly unknown[]);
          return parcel;
        }),
      ];
    }
    return this.#reader.decode(parcel).map((item) => this.#describe(() => this.#reader.parcelFrom(item)));
  }

  #describe(read: () => unknown): TappedItem {
    this.#described = null;
    this.#receipt = null;
    const parcel = read();
    const receipt = this.#receipt as Receipt | null;
    return { parcel, message: this.#described, settle: () => receipt?.settle() };
  }
}
