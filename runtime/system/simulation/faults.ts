/** Faults on the way of single messages between actors: which ones, what becomes of them, how often. */
import type { SimulationRandom } from './random.js';

/** A message between two actors of one node, as a fault rule sees it. */
export interface MessageOnItsWay {
  readonly node: string;
  /** Threads it leaves and reaches. */
  readonly fromThread: string;
  readonly toThread: string;
  readonly type: 'tell' | 'ask' | 'event' | 'reply' | 'failure';
  /** The kind; for an event its `role.kind`; for replies and failures empty. */
  readonly kind: string;
  readonly from: string;
  /** The receiver's role; empty for events, which go to all that listen on the thread. */
  readonly to: string;
}

export interface FaultRule {
  /** Which messages; all when absent. Replies and failures only when `match` asks for them. */
  readonly match?: (message: MessageOnItsWay) => boolean;
  /** Shares, 0 to 1; each is drawn for each message. Default 0. */
  readonly drop?: number;
  readonly duplicate?: number;
  /** The receiver's thread dies right before the message arrives. */
  readonly crash?: number;
  /** Added to the way; messages behind it on the same way wait too, so order per pair of threads is kept. */
  readonly delayMs?: readonly [low: number, high: number];
  /** The rule ends after so many faults. */
  readonly times?: number;
}

export type Fate = 'dropped' | 'duplicated' | 'delayed' | 'crashed';

export interface Judgement {
  readonly copies: 0 | 1 | 2;
  readonly delayMs: number;
  readonly crash: boolean;
  readonly fates: readonly Fate[];
}

const UNHARMED: Judgement = { copies: 1, delayMs: 0, crash: false, fates: [] };

export class FaultTable {
  readonly #random: SimulationRandom;
  readonly #rules = new Set<{ readonly rule: FaultRule; left: number }>();

  constructor(random: SimulationRandom) {
    this.#random = random;
  }

  get isEmpty(): boolean {
    return this.#rules.size === 0;
  }

  add(rule: FaultRule): () => void {
    const entry = { rule, left: rule.times ?? Number.POSITIVE_INFINITY };
    this.#rules.add(entry);
    return () => void this.#rules.delete(entry);
  }

  judge(message: MessageOnItsWay): Judgement {
    let judgement = UNHARMED;
    for (const entry of this.#rules) {
      const { rule } = entry;
      if (!(rule.match?.(message) ?? (message.type !== 'reply' && message.type !== 'failure'))) continue;
      const next = this.#apply(rule, judgement);
      if (next.fates.length > judgement.fates.length) entry.left -= 1;
      if (entry.left <= 0) this.#rules.delete(entry);
      judgement = next;
    }
    return judgement;
  }

  #apply(rule: FaultRule, before: Judgement): Judgement {
    let { copies, delayMs, crash } = before;
    const fates = [...before.fates];
    if (this.#draws(rule.drop)) {
      copies = 0;
      fates.push('dropped');
    } else if (this.#draws(rule.duplicate)) {
      copies = 2;
      fates.push('duplicated');
    }
    if (rule.delayMs !== undefined && copies > 0) {
      delayMs += this.#random.between(rule.delayMs);
      fates.push('delayed');
    }
    if (this.#draws(rule.crash)) {
      crash = true;
      fates.push('crashed');
    }
    return { copies, delayMs, crash, fates };
  }

  #draws(share: number | undefined): boolean {
    return share !== undefined && share > 0 && this.#random.uniform() < share;
  }
}
