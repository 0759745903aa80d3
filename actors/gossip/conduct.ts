/**
 * What peers did wrong, and what follows: one table from refusal code to points, a score that recovers with time, and
 * a threshold below which a peer is disconnected and kept out until he has recovered half-way. The score also feeds
 * gossipsub's application score (scoring.ts).
 */

/**
 * Points an offence costs. 100 ends the connection at once; 5 offences of 20 within a minute or two do. Faults an
 * honest but slow or busy peer can commit cost little, and going too fast is answered rather than punished at first.
 */
const POINTS = {
  /** Another chain, genesis or protocol. Not malice, but nothing to say to each other. */
  'foreign-network': 100,
  /** A length prefix above the protocol's cap. */
  oversize: 50,
  /** Bytes that do not decode. */
  malformed: 20,
  'unknown-version': 20,
  /** The chain rejected it: bad signature, bad block, broken rule. */
  invalid: 20,
  /** A blob that does not hash to its name. */
  'wrong-blob': 50,
  /** Claimed to be ahead, then had nothing to show. */
  'empty-sync': 10,
  /** Announced a block and then did not have it. */
  'not-delivered': 10,
  /** Let a catch-up wait for an answer that did not come; a busy machine does so now and then. */
  stalled: 10,
  /** Broke an answer off before it was full. */
  truncated: 20,
  /** Other transactions than those of the block he was asked for. */
  'wrong-body': 50,
  'rate-limited': 2,
  /** A gossip message beyond the topic's rate; a hundred within a minute or two end the connection. */
  'gossip-flood': 1,
  /** Opened a stream and did not finish his sentence in time. */
  'request-timeout': 10,
  /** Our own fault; counted, free of charge. */
  'handler-failed': 0,
} as const satisfies Record<string, number>;

export type RefusalCode = keyof typeof POINTS;

export function isRefusalCode(code: string): code is RefusalCode {
  return Object.hasOwn(POINTS, code);
}

export const DISCONNECT_BELOW = -99.5;
/** A peer that was disconnected may come back above this: one half-life later. */
export const READMIT_ABOVE = -50;
/** Half of a debt is forgotten in this time; linear within, so that no transcendental function is needed. */
export const HALF_LIFE_MS = 300_000;

interface Entry {
  score: number;
  readonly at: number;
  readonly banned: boolean;
}

const MAX_PEERS = 4096;

export class Conduct {
  readonly #entries = new Map<string, Entry>();
  readonly #refused = new Map<RefusalCode, number>();

  /** Returns true when the peer must be disconnected. */
  refuse(peerId: string, code: RefusalCode, nowMs: number): boolean {
    this.#refused.set(code, (this.#refused.get(code) ?? 0) + 1);
    const points = POINTS[code];
    if (points === 0) return false;
    const score = this.score(peerId, nowMs) - points;
    const banned = score < DISCONNECT_BELOW || this.isBanned(peerId, nowMs);
    this.#entries.delete(peerId);
    this.#entries.set(peerId, { score, at: nowMs, banned });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MAX_PEERS) break;
      this.#entries.delete(oldest);
    }
    return banned;
  }

  /** 0 for a stranger or a recovered peer, negative otherwise. */
  score(peerId: string, nowMs: number): number {
    const entry = this.#entries.get(peerId);
    if (entry === undefined) return 0;
    const score = entry.score * remaining(nowMs - entry.at);
    if (score < -0.01) return score;
    this.#entries.delete(peerId);
    return 0;
  }

  isBanned(peerId: string, nowMs: number): boolean {
    return (this.#entries.get(peerId)?.banned ?? false) && this.score(peerId, nowMs) <= READMIT_ABOVE;
  }

  refused(): Record<string, number> {
    return Object.fromEntries(this.#refused);
  }
}

/** The part of a debt left after a time: halves every half-life, with straight lines between. */
function remaining(elapsedMs: number): number {
  const halvings = Math.floor(elapsedMs / HALF_LIFE_MS);
  if (halvings > 30) return 0;
  const within = elapsedMs / HALF_LIFE_MS - halvings;
  return (1 - within / 2) / (1 << halvings);
}
