/** Where recent transactions are: for whoever sent one and waits for its block. */
import type { AppliedBlock, HeadSwitch } from './blockchain.js';
import { transactionId } from './codec.js';
import type { Hash } from './types.js';

/** Fifty full blocks; who waits longer looks at the block. */
const INCLUDED_KEPT = 10_000;

export interface Inclusion {
  readonly height: number;
  readonly hash: Hash;
}

export class Included {
  readonly #byId = new Map<Hash, Inclusion>();

  get(id: Hash): Inclusion | null {
    return this.#byId.get(id) ?? null;
  }

  follow({ reverted, applied }: HeadSwitch): void {
    for (const block of reverted) for (const id of idsOf(block)) this.#byId.delete(id);
    for (const block of applied) {
      const { hash } = block;
      const { height } = block.block.header;
      for (const id of idsOf(block)) this.#byId.set(id, { height, hash });
    }
    for (const oldest of this.#byId.keys()) {
      if (this.#byId.size <= INCLUDED_KEPT) break;
      this.#byId.delete(oldest);
    }
  }
}

function idsOf({ block }: AppliedBlock): readonly Hash[] {
  return block.transactions.map(transactionId);
}
