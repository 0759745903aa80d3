/** `/health`, `/status`, `/peers`: who this node is and how it does. */
import { z } from 'zod';
import { count, counts, direction, domainId, hash, timeMs } from './schema.js';

export const healthPage = z.strictObject({
  status: z.literal('healthy'),
  node_id: z.string(),
  version: z.string(),
  uptime_s: count,
});

const localSearch = z.strictObject({
  rounds: count,
  best_performance: z.number().nullable().describe('Best measured here, verified or not.'),
  benchmark_performance: z
    .number()
    .nullable()
    .describe('The same model on the benchmark of its domain: real held-out data, or unseen history.'),
  benchmark_beside: z
    .record(z.string(), z.number())
    .describe('Figures to read it beside, such as the error of a naive forecast; empty where the domain has none.'),
  running: count,
  state: z.string(),
});

export const domainStatus = z.strictObject({
  domain_id: domainId,
  metric: z.string(),
  direction,
  best_performance: z
    .number()
    .nullable()
    .describe('Verified best of the whole network; null until an optimum was accepted.'),
  baseline: z.number().describe('What a naive solution reaches: where the domain starts.'),
  target_performance: z.number().nullable(),
  champion: hash.nullable().describe('Id of the optimum that holds the best.'),
  accepted: count,
  optimize: z.boolean(),
  evaluate: z.boolean(),
  local: localSearch.nullable().describe("This node's own search, null when it does not optimize the domain."),
});

const histogram = z.strictObject({
  samples: count,
  mean_us: z.number(),
  p50_us: z.number(),
  p99_us: z.number(),
  max_us: z.number(),
  buckets: z.array(count).describe('How many took less than 2^index us and not less than half of that.'),
});

const actorStatus = z.strictObject({
  name: z.string(),
  thread: z.string(),
  state: z.enum(['starting', 'running', 'restarting', 'stopping', 'stopped']),
  mailbox_depth: count,
  restarts: count,
  handled: count,
  dropped: counts.describe('Messages that a full mailbox refused or threw out, by kind.'),
  overflowed: count,
  dead_letters: count,
  quarantined: count,
  blocked: count,
  event_loop_p99_ms: z.number(),
  times: z
    .strictObject({ wait: histogram, handle: histogram })
    .nullable()
    .describe('Of a sample of its messages; null while its thread does not answer.'),
  load: z
    .strictObject({
      event_loop_p50_ms: z.number(),
      event_loop_p99_ms: z.number(),
      event_loop_max_ms: z.number(),
      utilisation: z.number(),
      heap_used_bytes: z.number(),
      heap_limit_bytes: z.number(),
    })
    .nullable()
    .describe('Of its thread; null while that does not answer.'),
});

const deadLetter = z.strictObject({
  to: z.string(),
  from: z.string(),
  kind: z.string(),
  reason: z.string(),
  count,
  trace_id: z.string(),
  time_ms: timeMs.describe('When it was found dead.'),
});

export const statusPage = z.strictObject({
  node_id: z.string(),
  node_label: z.string(),
  version: z.string(),
  uptime_s: count,
  role: z.string(),
  network: z.string(),
  chain_height: count,
  tip_hash: hash,
  proof_blocks: count,
  finalized_height: count.describe(
    'The newest block that cannot be undone: two thirds of the reputation stand behind it.',
  ),
  finalized_hash: hash,
  busy: z
    .boolean()
    .describe('Revealed optimae wait for their verdict, or a proof block to become final. Open commits do not count.'),
  peers: count,
  optimae: z.strictObject({ committed: count, revealed: count, accepted: count, rejected: count }),
  domains: z.array(domainStatus),
  reputation: z.number(),
  balance: z.number().describe('Coins.'),
  mempool: count,
  pending_work: z.number(),
  threshold: z.number(),
  reorgs: count,
  p2p_addresses: z.array(z.string()),
  refused: counts.describe('Things from outside that were refused without effect, by code.'),
  actors: z.array(actorStatus),
  dead_letters: z.strictObject({
    total: count.describe('Since the node started.'),
    recent: z.array(deadLetter).describe('The last ones, newest first.'),
  }),
  unavailable: z
    .array(z.strictObject({ actor: z.string(), reason: z.string() }))
    .describe('Actors that did not answer in time; their parts of this page are empty.'),
});

export const peersPage = z.strictObject({
  self: z.strictObject({ node_id: z.string(), addresses: z.array(z.string()) }),
  peers: z.array(
    z.strictObject({
      peer_id: z.string(),
      address: z.string(),
      direction: z.string(),
      latency_ms: z.number().nullable(),
      chain_height: count.nullable(),
      score: z.number(),
    }),
  ),
  refused: counts,
});
