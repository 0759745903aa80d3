/** Quorums as this node saw them, open ones and the last settled, for status pages. Derived from records only. */
import type { ChainRecord, Hash, Seat } from '../chain/types.js';
import type { QuorumView } from './messages.js';

const KEPT = 200;

export class QuorumBook {
  readonly #quorums = new Map<Hash, QuorumView>();

  apply(records: readonly ChainRecord[]): void {
    for (const record of records) this.#applyOne(record);
    for (const optimum of this.#quorums.keys()) {
      if (this.#quorums.size <= KEPT) break;
      this.#quorums.delete(optimum);
    }
  }

  newest(limit: number): readonly QuorumView[] {
    return [...this.#quorums.values()].reverse().slice(0, limit);
  }

  #applyOne(record: ChainRecord): void {
    switch (record.type) {
      case 'REVEALED': {
        const { optimum, domain, optimizer, reportedNano } = record;
        this.#quorums.delete(optimum);
        this.#quorums.set(optimum, { optimum, domain, optimizer, reportedNano, seats: [], verdict: 'open' });
        return;
      }
      case 'TASK_CREATED':
      case 'TASK_COMPLETED':
        this.#change(record.optimum, (view) => ({ ...view, seats: withSeat(view.seats, record.seat) }));
        return;
      case 'OPTIMAE_ACCEPTED':
        this.#change(record.optimum, (view) => ({ ...view, verdict: 'accepted' }));
        return;
      case 'OPTIMAE_REJECTED':
        this.#change(record.optimum, (view) => ({ ...view, verdict: 'rejected' }));
        return;
      default:
        return;
    }
  }

  #change(optimum: Hash, change: (view: QuorumView) => QuorumView): void {
    const view = this.#quorums.get(optimum);
    if (view !== undefined) this.#quorums.set(optimum, change(view));
  }
}

function withSeat(seats: readonly Seat[], seat: Seat): readonly Seat[] {
  return [...seats.filter((other) => other.index !== seat.index), seat].sort((a, b) => a.index - b.index);
}
