/**
 * What stands before gossipsub. It ignores bytes that are no RPC and closes a stream over a frame that is too long; here
 * both are told with the peer they came from, who pays for it. And it counts what peers ask of gossipsub itself, before it acts: grafts, prunes, announcements and requests of message ids,
 * subscriptions. Gossipsub ignores too many of them; here who sends too many pays, too, and is disconnected in the end.
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

/** One frame of a peer's stream. */
interface Frame {
  subarray(): Uint8Array;
}

/** Methods of gossipsub's class, which its package does not export. */
interface RpcReceiver {
  pipePeerReadStream(from: PeerId, frames: AsyncIterable<Frame>): Promise<void>;
  handlePeerReadStreamError(error: Error, from: PeerId): void;
  decodeRpc(bytes: Uint8Array): RPC;
  handleReceivedRpc(from: PeerId, rpc: RPC): Promise<void>;
}

export interface RpcJudge {
  /** False: the RPC is dropped as a whole. */
  allows(peerId: string, rpc: RPC): boolean;
  refuse(peerId: string, code: 'malformed' | 'oversize'): void;
}

/** Of it-length-prefixed, by name: a length above the limit, or one that is no length. */
const BAD_LENGTH = new Set(['InvalidDataLengthError', 'InvalidDataLengthLengthError', 'InvalidMessageLengthError']);

/** Puts the judge before everything gossipsub does with a peer's bytes. */
export function guardRpc(pubsub: GossipSub, judge: RpcJudge): void {
  const receiver = receiverOf(pubsub);
  const { pipePeerReadStream, handlePeerReadStreamError, decodeRpc, handleReceivedRpc } = receiver;
  /** Whose bytes are decoded: gossipsub takes a frame's bytes and decodes them in one go. */
  let sender = '';
  receiver.pipePeerReadStream = (from, frames) =>
    pipePeerReadStream.call(
      pubsub,
      from,
      announced(frames, () => {
        sender = from.toString();
      }),
    );
  receiver.decodeRpc = (bytes) => {
    try {
      return decodeRpc.call(pubsub, bytes);
    } catch (error) {
      judge.refuse(sender, 'malformed');
      throw error;
    }
  };
  receiver.handlePeerReadStreamError = (error, from) => {
    if (BAD_LENGTH.has(error.name)) judge.refuse(from.toString(), 'oversize');
    handlePeerReadStreamError.call(pubsub, error, from);
  };
  receiver.handleReceivedRpc = async (from, rpc) => {
    if (judge.allows(from.toString(), rpc)) await handleReceivedRpc.call(pubsub, from, rpc);
  };
}

function receiverOf(pubsub: GossipSub): RpcReceiver {
  const methods = ['pipePeerReadStream', 'handlePeerReadStreamError', 'decodeRpc', 'handleReceivedRpc'] as const;
  const receiver = pubsub as unknown as Partial<RpcReceiver>;
  const missing = methods.filter((method) => typeof receiver[method] !== 'function');
  if (missing.length === 0) return receiver as RpcReceiver;
  throw new Error(`this version of gossipsub cannot be guarded: it has no ${missing.join(', ')}`);
}

async function* announced(frames: AsyncIterable<Frame>, taken: () => void): AsyncGenerator<Frame> {
  for await (const frame of frames) {
    yield {
      subarray() {
        taken();
        return frame.subarray();
      },
    };
  }
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
