/**
 * Optimae as the chain carried them, those on their way and the last settled, for status pages: each with its seats,
 * its challenges and when it came to each station. Derived from records only.
 */
import type { BlockApplied } from '../chain/messages.js';
import type { ChainRecord, Hash, Seat } from '../chain/types.js';
import type { ChallengeView, LifeStations, Moment, QuorumView } from './messages.js';

const KEPT = 200;
const NEVER: LifeStations = { committed: null, revealed: null, provisional: null, settled: null };

export class QuorumBook {
  /** Of the last block that is in it. */
  height = 0;
  readonly #quorums = new Map<Hash, QuorumView>();

  reset(): void {
    this.height = 0;
    this.#quorums.clear();
  }

  /** Blocks come in order; one that is in it already changes nothing. */
  apply(block: Pick<BlockApplied, 'height' | 'timestampMs' | 'records'>): void {
    const { height, timestampMs } = block;
    if (height <= this.height) return;
    this.height = height;
    for (const record of block.records) this.#applyOne(record, { height, timestampMs });
    for (const optimum of this.#quorums.keys()) {
      if (this.#quorums.size <= KEPT) break;
      this.#quorums.delete(optimum);
    }
  }

  newest(limit: number): readonly QuorumView[] {
    return [...this.#quorums.values()].reverse().slice(0, limit);
  }

  #applyOne(record: ChainRecord, now: Moment): void {
    switch (record.type) {
      case 'COMMITTED':
        this.#begin({ ...newView(record), verdict: 'committed' }, { committed: now });
        return;
      case 'REVEALED': {
        const committed = this.#quorums.get(record.optimum)?.stations.committed ?? null;
        // Newest first means by reveal: a commitment may wait long for its turn.
        this.#quorums.delete(record.optimum);
        this.#begin({ ...newView(record), reportedNano: record.reportedNano }, { committed, revealed: now });
        return;
      }
      case 'TASK_CREATED':
      case 'TASK_COMPLETED':
        this.#change(record.optimum, (view) => ({ ...view, seats: withSeat(view.seats, record.seat) }));
        return;
      case 'PROVISIONAL': {
        const { verifiedNano, settlesAtHeight } = record;
        this.#reach(record.optimum, { provisional: now }, { verdict: 'provisional', verifiedNano, settlesAtHeight });
        return;
      }
      case 'CHALLENGED':
      case 'JUDGED':
        this.#challenge(record, now);
        return;
      case 'OPTIMAE_ACCEPTED':
        this.#reach(record.optimum, { settled: now }, { verdict: 'accepted', verifiedNano: record.verifiedNano });
        return;
      case 'OPTIMAE_REJECTED': {
        const { reason, verifiedNano } = record;
        this.#reach(record.optimum, { settled: now }, { verdict: 'rejected', verifiedNano, reason });
        return;
      }
      case 'COMMIT_EXPIRED':
        this.#reach(record.optimum, { settled: now }, { verdict: 'expired' });
        return;
      default:
        return;
    }
  }

  #begin(view: QuorumView, stations: Partial<LifeStations>): void {
    this.#quorums.set(view.optimum, { ...view, stations: { ...view.stations, ...stations } });
  }

  #reach(optimum: Hash, stations: Partial<LifeStations>, facts: Partial<QuorumView>): void {
    this.#change(optimum, (view) => ({ ...view, ...facts, stations: { ...view.stations, ...stations } }));
  }

  /** A verdict that a jury undid is open again until the next PROVISIONAL. */
  #challenge(record: Extract<ChainRecord, { type: 'CHALLENGED' | 'JUDGED' }>, now: Moment): void {
    const { seat, evaluator, challenger } = record;
    const outcome = record.type === 'JUDGED' ? record.outcome : null;
    this.#change(record.optimum, (view) => {
      const known = view.challenges.find((other) => other.seat === seat && other.challenger === challenger);
      const raised = known?.raised ?? now;
      const challenge: ChallengeView = {
        seat,
        evaluator,
        challenger,
        jurors: record.type === 'CHALLENGED' ? record.jurors.length : (known?.jurors ?? 0),
        outcome,
        raised,
        judged: outcome === null ? null : now,
      };
      const undone = outcome === 'false-vote' && view.verdict === 'provisional';
      const seats = view.seats.map((other) =>
        outcome === 'false-vote' && other.index === seat ? { ...other, status: 'struck' as const } : other,
      );
      return {
        ...view,
        ...(undone && { verdict: 'open', verifiedNano: null, settlesAtHeight: null }),
        seats,
        challenges: [...view.challenges.filter((other) => other !== known), challenge],
      };
    });
  }

  #change(optimum: Hash, change: (view: QuorumView) => QuorumView): void {
    const view = this.#quorums.get(optimum);
    if (view !== undefined) this.#quorums.set(optimum, change(view));
  }
}

function newView({ optimum, domain, optimizer }: Pick<QuorumView, 'optimum' | 'domain' | 'optimizer'>): QuorumView {
  return {
    optimum,
    domain,
    optimizer,
    reportedNano: null,
    verifiedNano: null,
    seats: [],
    challenges: [],
    verdict: 'open',
    reason: null,
    settlesAtHeight: null,
    stations: NEVER,
  };
}

function withSeat(seats: readonly Seat[], seat: Seat): readonly Seat[] {
  return [...seats.filter((other) => other.index !== seat.index), seat].sort((a, b) => a.index - b.index);
}
