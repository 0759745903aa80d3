/** What the evaluator actor accepts, answers and emits: it runs models, for seats and for customers. */
import type { Evidence, Measurement } from '../../gpu-workers/types.js';
import type { Genome } from '../../runtime/genome/space.js';
import { ask, event, protocol } from '../../runtime/system/protocol.js';
import type { BlobReference, Hash, NodeId } from '../chain/types.js';
import type { ChannelPayment, InferenceReply, InferenceRequest } from './inference.js';

export const evaluator = protocol('evaluator', {
  /** Fetches the weights if needed, measures on data from `dataSeed`, answers when done. */
  measure: ask<
    { optimum: Hash; seat: number; domain: string; genome: Genome; blob: BlobReference | null; dataSeed: Hash },
    Measurement & Evidence
  >({ concurrent: true, timeoutMs: 4_000_000 }),
  /**
   * Answers a request for inference by this domain's champion. `from` is who asks, as the connection proved; the node's
   * own key for its owner.
   */
  answer: ask<{ from: NodeId; request: InferenceRequest }, InferenceReply>({
    concurrent: true,
    timeoutMs: 25_000,
    capacity: 64,
    overflow: 'drop-newest',
  }),
  /** Signs away so much more of a channel of this node. */
  payByChannel: ask<{ channel: Hash; addUnits: number }, ChannelPayment>(),
  /** What of a channel was signed away. */
  getOwed: ask<{ channel: Hash }, { owedUnits: number }>(),
  getStatistics: ask<Record<string, never>, { measured: number; failed: number; secondsTotal: number }>(),

  measured: event<{
    optimum: Hash;
    seat: number;
    domain: string;
    performance: number;
    standardError: number;
    seconds: number;
  }>(),
});
