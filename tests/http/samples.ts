/** Sample pages for tests of the server and of what the terminal prints. */
import { Readable } from 'node:stream';
import type { NodeEvent } from '../../runtime/http/events.js';
import type { StatusSource } from '../../runtime/http/node-view.js';
import type { BlockJson, PeersJson, StatusJson } from '../../runtime/http/status.js';
import { exportType } from '../../runtime/stats/export.js';
import type { ActorStatus } from '../../runtime/system/status.js';

const times = { samples: 3, mean_us: 2, p50_us: 2, p99_us: 4, max_us: 3.5, buckets: [0, 2, 1] };
export const sampleActor: ActorStatus = {
  name: 'chain',
  thread: 'chain',
  state: 'running',
  mailbox_depth: 0,
  restarts: 0,
  handled: 51,
  dropped: { 'progress"\n': 4 },
  overflowed: 0,
  dead_letters: 0,
  quarantined: 0,
  blocked: 0,
  event_loop_p99_ms: 1,
  times: { wait: times, handle: times },
  load: {
    event_loop_p50_ms: 0,
    event_loop_p99_ms: 1,
    event_loop_max_ms: 2,
    utilisation: 0.25,
    heap_used_bytes: 1000,
    heap_limit_bytes: 9000,
  },
};

export const sampleStatus: StatusJson = {
  node_id: 'aa'.repeat(32),
  node_label: 'sample',
  version: '0.1.0',
  uptime_s: 60,
  role: 'full',
  network: 'solo',
  chain_height: 7,
  tip_hash: 'bb'.repeat(32),
  proof_blocks: 2,
  finalized_height: 4,
  finalized_hash: 'ff'.repeat(32),
  busy: false,
  peers: 1,
  optimae: { committed: 5, revealed: 4, accepted: 3, rejected: 1 },
  domains: [
    {
      domain_id: 'digits',
      metric: 'accuracy',
      direction: 'maximize',
      best_performance: 0.94,
      baseline: 0.1,
      target_performance: null,
      champion: 'cc'.repeat(32),
      accepted: 3,
      optimize: true,
      evaluate: true,
      local: {
        rounds: 12,
        best_performance: 0.96,
        benchmark_performance: 0.91,
        benchmark_beside: { naive: 0.1 },
        running: 1,
        state: 'searching',
      },
    },
  ],
  reputation: 4.5,
  balance: 100,
  mempool: 0,
  pending_work: 0.5,
  threshold: 1,
  reorgs: 0,
  p2p_addresses: [],
  refused: { 'bad-signature': 2 },
  actors: [sampleActor],
  dead_letters: { total: 0, recent: [] },
  unavailable: [],
};

const peer = (name: string, score: number): PeersJson['peers'][number] => ({
  peer_id: `${name}\u001b[31m`,
  address: '/ip4/10.0.0.5/tcp/8471',
  direction: 'outbound',
  latency_ms: 1.4,
  chain_height: null,
  score,
});

/** A source whose chain has blocks 0..height and whose events the test sends. */
export function sampleSource(height: number): StatusSource & { send(event: NodeEvent): void; listeners(): number } {
  const listeners = new Set<(event: NodeEvent) => void>();
  const block = (index: number): BlockJson => ({
    hash: index.toString(16).padStart(64, '0'),
    header: {
      index,
      previous_hash: 'aa'.repeat(32),
      timestamp: '2026-01-01T00:00:00.000Z',
      generator_id: 'bb'.repeat(32),
      merkle_root: 'cc'.repeat(32),
      state_root: 'dd'.repeat(32),
      vrf_proof: 'ee'.repeat(80),
      version: 1,
      chain_id: 'solo-1',
      slot: index,
      rank: 0,
      signature: 'ff'.repeat(64),
    },
    proof_block: index % 2 === 1,
    transactions: [],
    records: [{ type: 'REPUTATION' }, { type: 'REPUTATION' }, { type: 'COINBASE' }],
  });
  return {
    health: async () => ({ status: 'healthy', node_id: 'aa'.repeat(32), version: '0.1.0', uptime_s: 60 }),
    status: async () => ({ ...sampleStatus, chain_height: height }),
    chainStatus: async () => ({
      chain_id: 'solo-1',
      genesis_hash: '00'.repeat(32),
      chain_height: height,
      tip_hash: 'bb'.repeat(32),
      tip_index: height,
      finalized_height: 4,
      finalized_hash: 'ff'.repeat(32),
      proof_blocks: 2,
      total_work: 1.5,
      timestamp_ms: 1_767_225_600_000,
      slot_ms: 1000,
      supply: 100,
      busy: false,
      component_versions: { doin: '0.1.0' },
    }),
    blocks: async (from, to) => Array.from({ length: to - from + 1 }, (_, index) => block(from + index)),
    async block(which) {
      const index = 'height' in which ? which.height : Number.parseInt(which.hash, 16);
      return index <= height ? block(index) : null;
    },
    fees: async () => ({
      enabled: true,
      base_fee: 0.001,
      suggested_max_fee: 0.002,
      suggested_tip: 0.0001,
      mempool: 0,
      minted: 100,
      burned: 1,
      locked: 0,
    }),
    peers: async () => ({
      self: { node_id: 'aa'.repeat(32), addresses: ['/ip4/127.0.0.1/tcp/1'] },
      peers: [peer('worse', -1), peer('better', 2)],
      refused: { oversize: 3 },
    }),
    pendingTasks: async () => ({ tasks: [], total_pending: 0 }),
    pool: async () => ({ workers: 2, completed: 1, failed: 0, remote_workers: [], tasks: [] }),
    async experiments() {
      throw new Error('secret detail');
    },
    stats: async () => ({ domains: [] }),
    statsExperiments: async () => ({ experiments: [], summaries: [], next: null }),
    statsRounds: async (experimentId) => (experimentId === 'e1' ? { rounds: [], next: null } : null),
    chainMetrics: async () => ({ metrics: [], count: 0, next: null }),
    exportStats: async (format, table) => ({
      name: `${table}.${format}`,
      type: exportType(format),
      content: Readable.from(['whole'], { objectMode: false }),
    }),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    send(event) {
      for (const listener of listeners) listener(event);
    },
    listeners: () => listeners.size,
  };
}
