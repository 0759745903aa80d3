/**
 * Counts what peers ask of gossipsub itself, before it acts: grafts, prunes, announcements and requests of message ids,
 * subscriptions. Gossipsub ignores too many of them; here who sends too many pays for it and is disconnected in the end.
 * Messages are counted where they are judged (topics.ts).
 */
import type { GossipSub } from '@libp2p/gossipsub';
import type { RPC } from '@libp2p/gossipsub/message';
import type { PeerId } from '@libp2p/interface';
import { Gcra } from './gcra.js';
import { CONTROL_LIMITS } from './wire.js';

/** Message ids that count as one entry: an announcement names a heartbeat's worth of them. */
const IDS_PER_UNIT = 100;

export class RpcGuard {
  readonly #rate = new Gcra(CONTROL_LIMITS);

  /** False when the peer is beyond his rate: the RPC is to be dropped as a whole. */
  allow(peerId: string, rpc: RPC, nowMs: number): boolean {
    const cost = costOf(rpc);
    return cost === 0 || this.#rate.allow(peerId, nowMs, cost);
  }
}

/** Public in gossipsub's class, which its package does not export. */
interface RpcReceiver {
  handleReceivedRpc(from: PeerId, rpc: RPC): Promise<void>;
}

/** Puts a judge before everything gossipsub does with an RPC it has decoded. */
export function guardRpc(pubsub: GossipSub, allows: (peerId: string, rpc: RPC) => boolean): void {
  const receiver = pubsub as GossipSub & Partial<RpcReceiver>;
  const handle = receiver.handleReceivedRpc?.bind(pubsub);
  if (handle === undefined) throw new Error('this version of gossipsub hands its RPCs to nobody we could guard');
  receiver.handleReceivedRpc = async (from, rpc) => {
    if (allows(from.toString(), rpc)) await handle(from, rpc);
  };
}

/** 0 for an RPC that brings only messages. */
export function costOf({ subscriptions, messages, control }: RPC): number {
  if (control == null) return subscriptions.length + (messages.length === 0 ? 1 : 0);
  const { graft, prune, ihave, iwant, idontwant } = control;
  const named = [...ihave, ...iwant, ...idontwant];
  const ids = named.reduce((sum, { messageIDs }) => sum + messageIDs.length, 0);
  const entries = subscriptions.length + graft.length + prune.length + named.length;
  return Math.max(1, entries + Math.floor(ids / IDS_PER_UNIT));
}
