/** What the gossip actor accepts, answers and emits. */
import { ask, event, protocol, tell } from '../../runtime/system/protocol.js';
import type { BlobReference, Hash } from '../chain/types.js';
import type { InferenceReply, InferenceRequest } from '../evaluator/inference.js';

export interface PeerView {
  readonly peerId: string;
  readonly address: string;
  readonly direction: 'inbound' | 'outbound';
  readonly latencyMs: number | null;
  /** Last chain status the peer told, if it did. */
  readonly height: number | null;
  readonly score: number;
}

export const gossip = protocol('gossip', {
  getPeers: ask<
    Record<string, never>,
    {
      peers: readonly PeerView[];
      listening: readonly string[];
      /** Peers this node knows of, connected or not. */
      known: number;
      /** Gossip messages peers brought: every copy, and those this node judged, each once. */
      traffic: { copies: number; judged: number };
      refused: Readonly<Record<string, number>>;
    }
  >(),
  /** Makes sure the blob is in this node's store, fetching it from peers when it is not. */
  fetchBlob: ask<{ blob: BlobReference; domain: string }, { found: boolean }>({ concurrent: true, timeoutMs: 60_000 }),
  /** Asks a connected peer for a prediction. */
  askInference: ask<{ peerId: string; request: InferenceRequest }, InferenceReply>({
    concurrent: true,
    timeoutMs: 35_000,
  }),
  /** Connects to a multiaddr and remembers it. */
  dial: tell<{ address: string }>(),

  peerConnected: event<{ peerId: string; address: string; direction: 'inbound' | 'outbound' }>(),
  peerDisconnected: event<{ peerId: string }>(),
  /** Catch-up progress, for bars: blocks applied so far of blocks known to exist. */
  syncProgress: event<{ peerId: string; height: number; targetHeight: number }>({
    capacity: 64,
    overflow: 'drop-oldest',
    priority: 'low',
  }),
  blobReceived: event<{ hash: Hash; sizeBytes: number }>(),
});
