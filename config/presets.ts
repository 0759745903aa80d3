/** Config files to start from: what people change first, with the values of its purpose. Everything else is default. */
import type { NodeConfigInput } from './schema.js';

export const PRESETS = {
  /** One machine by itself. */
  solo: {
    node_label: '',
    data_dir: './doin-data',
    port: 8470,
    role: 'full',
    network: 'solo',
    domains: [{ domain_id: 'digits', target_performance: null, optimization_config: {} }],
    workers: { threads: 0 },
  },
  /** A network that others founded: its genesis file, a peer to begin with, and ports that a firewall can name. */
  public: {
    node_label: '',
    data_dir: './doin-data',
    port: 8470,
    role: 'full',
    network: './network.json',
    bootstrap_peers: [],
    p2p: { listen: ['/ip4/0.0.0.0/tcp/8471', '/ip4/0.0.0.0/tcp/8472/ws'], mdns: false },
    domains: [{ domain_id: 'digits' }],
  },
  /** Takes seats in quorums and searches for nothing. */
  evaluator: {
    node_label: '',
    data_dir: './doin-data',
    port: 8470,
    role: 'evaluator',
    network: './network.json',
    bootstrap_peers: [],
    domains: [{ domain_id: 'digits', evaluate: true }],
  },
} as const satisfies Readonly<Record<string, NodeConfigInput>>;

export const PRESET_NAMES = Object.keys(PRESETS) as readonly (keyof typeof PRESETS)[];
