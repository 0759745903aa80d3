/**
 * The peers that blocks are fetched from: how many requests each has in hand, how fast he is, and who sits out for a
 * while because he let us wait.
 */

/** Requests in hand with one peer: one that travels while he works on the other. */
const IN_HAND = 2;
const FIRST_REST_MS = 5_000;
const LONGEST_REST_MS = 120_000;
/** The weight of the newest answer in the average. */
const NEWEST = 0.3;

interface Supplier {
  inHand: number;
  msPerBlock: number | null;
  restsUntil: number;
  /** Of his next rest. */
  restMs: number;
}

export class Suppliers {
  readonly #byPeer = new Map<string, Supplier>();

  /** Of these the one to ask next, or null while all have enough to do or rest. */
  choose(peerIds: readonly string[], nowMs: number): string | null {
    const free = peerIds.filter((peerId) => {
      const { inHand, restsUntil } = this.#of(peerId);
      return inHand < IN_HAND && restsUntil <= nowMs;
    });
    // Strangers first, so that everybody is tried; then who is quick.
    const rank = (peerId: string) => this.#of(peerId).inHand * 1e9 + (this.#of(peerId).msPerBlock ?? 0);
    return free.sort((a, b) => rank(a) - rank(b))[0] ?? null;
  }

  started(peerId: string): void {
    this.#of(peerId).inHand += 1;
  }

  ended(peerId: string): void {
    this.#of(peerId).inHand -= 1;
  }

  delivered(peerId: string, blocks: number, elapsedMs: number): void {
    const supplier = this.#of(peerId);
    const newest = elapsedMs / Math.max(1, blocks);
    supplier.msPerBlock =
      supplier.msPerBlock === null ? newest : supplier.msPerBlock + NEWEST * (newest - supplier.msPerBlock);
    supplier.restMs = FIRST_REST_MS;
  }

  /** Each time twice as long, until he delivers again. */
  rest(peerId: string, nowMs: number): void {
    const supplier = this.#of(peerId);
    supplier.restsUntil = nowMs + supplier.restMs;
    supplier.restMs = Math.min(2 * supplier.restMs, LONGEST_REST_MS);
  }

  pause(peerId: string, untilMs: number): void {
    this.#of(peerId).restsUntil = untilMs;
  }

  /** He is gone; requests in hand still end. */
  forget(peerId: string): void {
    if (this.#byPeer.get(peerId)?.inHand === 0) this.#byPeer.delete(peerId);
  }

  #of(peerId: string): Supplier {
    const known = this.#byPeer.get(peerId);
    if (known !== undefined) return known;
    const supplier = { inHand: 0, msPerBlock: null, restsUntil: 0, restMs: FIRST_REST_MS };
    this.#byPeer.set(peerId, supplier);
    return supplier;
  }
}
