/**
 * Credits across threads, without a message for each: the receiver counts what it has worked off in shared memory, the
 * sender compares that with what it has sent. Only a sender that has to wait asks to be told, by a flag.
 *
 * The count is written plainly and the flag with Atomics: the sender raises the flag and then reads the counts again,
 * the receiver writes the counts and then takes the flag, so one of them always sees the other.
 */
import type { Receipt } from './message.js';
import { CREDIT_SLOTS } from './policy.js';

const FLAG = 0;
const FIRST_SLOT = 1;

/** The sender's side, for one life of the receiving thread. */
export class SenderCredits {
  readonly buffer = new SharedArrayBuffer((FIRST_SLOT + CREDIT_SLOTS) * Int32Array.BYTES_PER_ELEMENT);
  readonly #counts = new Int32Array(this.buffer);

  /** Messages worked off, modulo 2^32. */
  settled(slot: number): number {
    return this.#counts[FIRST_SLOT + slot] ?? 0;
  }

  /** Asks to be told of the next ones. The counts must be read again after this. */
  await(): void {
    Atomics.store(this.#counts, FLAG, 1);
  }
}

/** The receiver's side. */
export class ReceiverCredits {
  readonly #counts: Int32Array;
  readonly #notify: () => void;
  #armed = false;

  constructor(buffer: SharedArrayBuffer, notify: () => void) {
    this.#counts = new Int32Array(buffer);
    this.#notify = notify;
  }

  receipt(slot: number): Receipt {
    const index = FIRST_SLOT + slot;
    const counts = this.#counts;
    return {
      settle: () => {
        counts[index] = (counts[index] ?? 0) + 1;
        if (!this.#armed) this.#arm();
      },
    };
  }

  /** Looks at the flag once for all that is worked off in one go. */
  #arm(): void {
    this.#armed = true;
    queueMicrotask(() => {
      this.#armed = false;
      if (Atomics.exchange(this.#counts, FLAG, 0) === 1) this.#notify();
    });
  }
}
