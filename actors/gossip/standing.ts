/** What a peer's reputation on the chain is worth to gossip: the application score (P5) beside his conduct. */
import { peerIdOf } from '../../runtime/crypto/peer-id.js';
import type { ReputationView } from '../reputation/messages.js';

/**
 * Points of a member at full reputation. As much as all topics together can earn him (scoring.ts), so that members
 * stay in the mesh before strangers do, and a tenth of what a ban costs: nobody may buy offences with it.
 */
export const FULL_STANDING = 10;
/** At this reputation the chain's own factor reaches 1. */
const FULL_REPUTATION_MICRO = 10_000_000;
/** Asked of the reputation actor at once; the others have no standing here. */
export const MAX_STANDING = 1024;

export class Standing {
  #points: ReadonlyMap<string, number> = new Map();

  update(table: readonly Pick<ReputationView, 'nodeId' | 'reputationMicro'>[]): void {
    this.#points = new Map(
      table.slice(0, MAX_STANDING).map(({ nodeId, reputationMicro }) => {
        const share = Math.min(1, Math.max(0, reputationMicro) / FULL_REPUTATION_MICRO);
        return [peerIdOf(nodeId), FULL_STANDING * share];
      }),
    );
  }

  /** 0 for a stranger. */
  points(peerId: string): number {
    return this.#points.get(peerId) ?? 0;
  }
}
