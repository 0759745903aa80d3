/**
 * The last events of the node, numbered, for clients that come late or fall behind. Numbers begin at the time of the
 * start and go up by one, so that those of an earlier run of the node are lower than all of this one.
 */
import type { NodeEvent } from './events.js';

export const TOPICS = ['chain', 'optimae', 'quorum', 'search', 'training', 'peers'] as const;
export type Topic = (typeof TOPICS)[number];

const TOPIC_OF: Readonly<Record<NodeEvent['event'], Topic>> = {
  blockApplied: 'chain',
  blocksReverted: 'chain',
  finalized: 'chain',
  offence: 'chain',
  optimumRevealed: 'optimae',
  verdictProvisional: 'optimae',
  optimumAccepted: 'optimae',
  optimumRejected: 'optimae',
  committed: 'optimae',
  championAdopted: 'optimae',
  seatTaken: 'quorum',
  voteCast: 'quorum',
  seatFailed: 'quorum',
  voteChallenged: 'quorum',
  voteJudged: 'quorum',
  roundFinished: 'search',
  converged: 'search',
  benchmarked: 'search',
  trainingProgress: 'training',
  peerConnected: 'peers',
  peerDisconnected: 'peers',
  syncProgress: 'peers',
};

export interface LoggedEvent {
  readonly id: number;
  readonly topic: Topic;
  /** The frame that every client gets, written once. */
  readonly text: string;
}

/** A minute and more of a busy node. */
const KEPT_EVENTS = 4096;

export class EventLog {
  readonly #events: LoggedEvent[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #end: () => void;
  #next: number;

  constructor(subscribe: (listener: (event: NodeEvent) => void) => () => void, firstId = Date.now()) {
    this.#next = firstId;
    this.#end = subscribe((event) => this.#add(event));
  }

  /** Id that the next event will have. */
  get next(): number {
    return this.#next;
  }

  /** The oldest event that is still here; `next` when there is none. */
  get oldest(): number {
    return this.#next - this.#events.length;
  }

  at(id: number): LoggedEvent | undefined {
    return this.#events[id - this.oldest];
  }

  /** Called after each new event. */
  onEvent(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#end();
    this.#listeners.clear();
  }

  #add(event: NodeEvent): void {
    const topic = TOPIC_OF[event.event];
    this.#events.push({ id: this.#next, topic, text: JSON.stringify({ id: this.#next, topic, ...event }) });
    this.#next += 1;
    if (this.#events.length > KEPT_EVENTS) this.#events.shift();
    for (const listener of this.#listeners) listener();
  }
}
