/**
 * The one source of a node's configuration: keys, defaults, bounds and doc text. Validation, error messages and
 * `--help` read it; JSON Schema and the docs come from it too. Keys are snake_case and carry upstream's names where the concept exists.
 * `expected` in the metadata is the fix that an error message offers, so it reads after "use".
 */
import { multiaddr } from '@multiformats/multiaddr';
import { z } from 'zod';
import { STRATEGY_NAMES } from '../actors/optimizer/strategies/names.js';
import { errorMessage } from '../runtime/errors.js';
import { parseCoins } from '../runtime/fixed/coins.js';
import { parseTraceFilter, unknownActor } from '../runtime/trace/filter.js';

export const ROLES = ['full', 'optimizer', 'evaluator', 'relay'] as const;
export const ACTOR_ROLES = [
  'chain',
  'gossip',
  'quorum',
  'reputation',
  'task-queue',
  'optimizer',
  'evaluator',
  'tracker',
] as const;
export const RELAY_MODES = ['off', 'use', 'serve'] as const;
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;

interface Documentation {
  readonly description: string;
  /** How a right value looks, for error messages: "use <expected>". */
  readonly expected: string;
}

/** Checks a libp2p address and explains upstream's `host:port` form, the usual mistake when moving over. */
function checkMultiaddr(text: string): string | null {
  const hostAndPort = /^(?<host>[^/:\s]+):(?<port>\d+)$/.exec(text)?.groups;
  if (hostAndPort !== undefined) {
    const kind = /^[\d.]+$/.test(hostAndPort.host ?? '') ? 'ip4' : 'dns4';
    return (
      'is host:port, but peers are found by libp2p multiaddr; use the address that the other node prints at start, ' +
      `for example "/${kind}/${hostAndPort.host}/tcp/<its p2p port>/p2p/<its peer id>"`
    );
  }
  try {
    multiaddr(text);
    return null;
  } catch {
    return 'is not a libp2p multiaddr; use one like "/ip4/192.168.1.10/tcp/8471/p2p/<peer id>"';
  }
}

const multiaddrSchema = z.string().superRefine((text, context) => {
  const problem = checkMultiaddr(text);
  if (problem !== null) context.addIssue({ code: 'custom', message: problem });
});

const TRACE_EXPECTED = `names or patterns of ${ACTOR_ROLES.join(', ')}, as chain.submit*, -gossip, optimum:4f1c, block:12 or *`;

const tracePattern = z.string().superRefine((text, context) => {
  let problem: string | null = null;
  try {
    if (unknownActor(parseTraceFilter(text), ACTOR_ROLES) !== null) problem = 'names no actor';
  } catch (error) {
    problem = `is no trace filter (${errorMessage(error)})`;
  }
  if (problem !== null) context.addIssue({ code: 'custom', message: `${problem}; use ${TRACE_EXPECTED}` });
});

const CHECKPOINT_EXPECTED = 'height:hash of a block, for example "1200:4f1c..." with all 64 digits';

const documented = <S extends z.ZodType>(schema: S, documentation: Documentation): S =>
  schema.meta({ ...documentation });

const publishSchema = documented(z.boolean().default(true), {
  description: 'Whether this node writes into the ledger too, or only compares its chain with what is in it.',
  expected: 'true or false',
});

const fileAnchorSchema = z.strictObject({
  ledger: z.literal('file'),
  path: documented(z.string().default(''), {
    description: 'File that anchors are appended to; empty: anchors.log in data_dir.',
    expected: 'a file path, best on another disk than data_dir',
  }),
  publish: publishSchema,
});

const gitAnchorSchema = z.strictObject({
  ledger: z.literal('git'),
  repository: documented(z.string().min(1), {
    description: 'Repository that anchors are pushed to.',
    expected: 'a path or URL as git takes it, for example "/backup/anchors.git"',
  }),
  branch: documented(
    z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$/)
      .default('doin-anchors'),
    {
      description: 'Branch that holds nothing but anchors.',
      expected: 'the name of a branch, for example "doin-anchors"',
    },
  ),
  publish: publishSchema,
});

const ethereumAnchorSchema = z.strictObject({
  ledger: z.literal('ethereum'),
  rpc_url: documented(z.url({ protocol: /^https?$/ }), {
    description: 'JSON-RPC address of an Ethereum node.',
    expected: 'an http or https URL, for example "http://127.0.0.1:8545"',
  }),
  private_key_file: documented(z.string().default(''), {
    description: 'File with the private key of the account that pays for anchors; empty where this node only compares.',
    expected: 'a path of a file with 64 hexadecimal digits',
  }),
  address: documented(
    z
      .string()
      .regex(/^(0x[0-9a-fA-F]{40})?$/)
      .default(''),
    {
      description: 'Account whose anchors count; empty: that of the private key.',
      expected: 'an address of 0x and 40 hexadecimal digits',
    },
  ),
  transaction: documented(
    z
      .string()
      .regex(/^(0x[0-9a-f]{64})?$/)
      .default(''),
    {
      description:
        'An anchor that is known to be right; older ones follow from it. Empty: those this node wrote or saw.',
      expected: 'a transaction hash of 0x and 64 hexadecimal digits',
    },
  ),
  publish: publishSchema,
});

const optimizationConfigSchema = z.strictObject({
  population_size: documented(z.int().min(2).max(10_000).default(12), {
    description: 'Candidates in one generation of the search.',
    expected: 'a whole number from 2 to 10000',
  }),
  optimization_patience: documented(z.int().min(1).max(1_000_000).default(10), {
    description: 'L2 patience: generations without improvement before the search of a domain counts as converged.',
    expected: 'a whole number from 1 to 1000000',
  }),
  early_patience: documented(z.int().min(1).max(5000).default(4), {
    description: 'L1 patience: epochs without a better validation loss before one training run stops.',
    expected: 'a whole number from 1 to 5000',
  }),
  max_epochs: documented(z.int().min(1).max(5000).default(30), {
    description: 'Longest training run in epochs. The domain may set a lower limit.',
    expected: 'a whole number from 1 to 5000',
  }),
});

const domainSchema = z.strictObject({
  domain_id: documented(z.string().min(1).max(64), {
    description: 'A domain that the network file defines, or that its members voted in, then with `definition`.',
    expected: 'a domain of the network, for example "digits"',
  }),
  definition: documented(z.string().min(1).optional(), {
    description:
      'File that defines a domain of your own: JSON with the command of a program, or a JavaScript module; "built-in" for one that comes with the program. See docs/domains.md.',
    expected: 'a file path, for example "examples/exec-python/domain.json", or "built-in"',
  }),
  optimize: documented(z.boolean().optional(), {
    description: 'Search for better models here. Left out: true, unless only `evaluate` is given.',
    expected: 'true or false',
  }),
  evaluate: documented(z.boolean().optional(), {
    description: 'Take seats in quorums and measure models of others. Left out: true, unless only `optimize` is given.',
    expected: 'true or false',
  }),
  target_performance: documented(z.number().nullable().default(null), {
    description: 'Stop searching when the verified best reaches this value of the domain metric; null: never.',
    expected: 'a finite number or null',
  }),
  optimizer: documented(z.enum(STRATEGY_NAMES).default('auto'), {
    description:
      'Search strategy: auto picks and mixes; or one of ga (genetic algorithm), cma-es, l-shade (differential evolution), tpe, gp (Gaussian process, for budgets of some dozens of slow trainings), sobol, hill-climb, random.',
    expected: `one of ${STRATEGY_NAMES.join(', ')}`,
  }),
  optimization_config: documented(optimizationConfigSchema.prefault({}), {
    description: 'Knobs of the search.',
    expected: 'an object',
  }),
});

export const nodeConfigSchema = z.strictObject({
  node_label: documented(z.string().max(64).default(''), {
    description: 'Name shown on the dashboard; empty: made from the node id.',
    expected: 'a text of at most 64 characters',
  }),
  data_dir: documented(z.string().min(1).default('./doin-data'), {
    description: 'Folder of everything the node keeps: chain, key, statistics, models.',
    expected: 'a folder path',
  }),
  host: documented(z.string().min(1).default('127.0.0.1'), {
    description:
      'Address the HTTP server and the dashboard bind to. Reading needs no login there; writing needs the token in http.token of data_dir.',
    expected: 'an IP address or host name, for example "127.0.0.1"',
  }),
  port: documented(z.int().min(0).max(65_535).default(8470), {
    description: 'Port of the HTTP server and the dashboard; 0: any free one.',
    expected: 'a whole number from 0 to 65535',
  }),
  requests_per_minute: documented(z.int().min(60).max(10_000_000).default(6_000), {
    description: 'HTTP requests that one client address may make in a minute; more are answered with 429.',
    expected: 'a whole number from 60 to 10000000',
  }),
  p2p: documented(
    z
      .strictObject({
        listen: documented(z.array(multiaddrSchema).default(['/ip4/0.0.0.0/tcp/0', '/ip4/0.0.0.0/tcp/0/ws']), {
          description: 'libp2p addresses to listen on; port 0: any free one.',
          expected: 'a list of multiaddrs, for example ["/ip4/0.0.0.0/tcp/8471"]',
        }),
        mdns: documented(z.boolean().default(true), {
          description: 'Find other nodes of the same network on the LAN without any address.',
          expected: 'true or false',
        }),
        peer_exchange: documented(z.boolean().default(true), {
          description:
            'Tell peers of this network where others are, and be told: one address is then enough to find all.',
          expected: 'true or false',
        }),
        dht: documented(z.boolean().default(false), {
          description:
            'Find peers through a distributed hash table as well (Kademlia). For large public networks: it keeps more connections.',
          expected: 'true or false',
        }),
        relay: documented(z.enum(RELAY_MODES).default('off'), {
          description:
            'use: behind a NAT, be reached through relays that peers offer, and directly where hole punching works; serve: offer that to others too.',
          expected: `one of ${RELAY_MODES.join(', ')}`,
        }),
        client: documented(z.boolean().default(false), {
          description:
            'Only call others and listen nowhere; every role works that way, also behind a NAT or a firewall.',
          expected: 'true or false',
        }),
      })
      .prefault({}),
    {
      description: 'Peer-to-peer network.',
      expected: 'an object with listen, mdns, peer_exchange, dht, relay and client',
    },
  ),
  bootstrap_peers: documented(z.array(multiaddrSchema).default([]), {
    description: 'Addresses of nodes to connect to first; one is enough.',
    expected: 'a list of multiaddrs, for example ["/ip4/192.168.1.10/tcp/8471/p2p/<peer id>"]',
  }),
  role: documented(z.enum(ROLES).default('full'), {
    description: 'full: optimize and evaluate; optimizer or evaluator: only that side; relay: neither.',
    expected: `one of ${ROLES.join(', ')}`,
  }),
  network: documented(z.string().min(1).default('solo'), {
    description: '"solo" founds a private network of this one node; otherwise the path of a genesis file.',
    expected: '"solo" or the path of a genesis file',
  }),
  sync_mode: documented(z.enum(['full', 'snapshot']).default('full'), {
    description:
      '"snapshot": an empty data_dir starts at a snapshot that peers have of a block which checkpoint or a ledger of anchors names; after 30 s without one, and with "full" always, at the genesis.',
    expected: '"full" or "snapshot"',
  }),
  domains: documented(
    z
      .array(domainSchema)
      .min(1)
      .max(64)
      .default([{ domain_id: 'digits', ...domainDefaults() }]),
    {
      description: 'What this node works on.',
      expected: 'a list of domains, for example [{"domain_id": "digits"}]',
    },
  ),
  inference: documented(
    z
      .strictObject({
        serve: documented(z.boolean().default(true), {
          description: 'Answer requests of other nodes with the champions of the domains that this node works on.',
          expected: 'true or false',
        }),
        price: documented(
          z
            .string()
            .refine((text) => parseCoins(text) !== null, 'is no amount of coins')
            .default('0.001'),
          {
            description: 'Coins that one answer costs others; "0" answers for nothing.',
            expected: 'decimal coins as a text, for example "0.001"',
          },
        ),
      })
      .prefault({}),
    { description: 'Predictions for others.', expected: 'an object with serve and price' },
  ),
  identity_file: documented(z.string().default(''), {
    description: 'File of the private key; empty: identity.json in data_dir.',
    expected: 'a file path',
  }),
  experiment_stats_file: documented(z.string().default(''), {
    description: 'CSV with one row per round; empty: experiments.csv in data_dir.',
    expected: 'a file path',
  }),
  olap_db_path: documented(z.string().default(''), {
    description: 'SQLite star schema of all rounds; empty: olap.db in data_dir.',
    expected: 'a file path',
  }),
  anchors: documented(
    z
      .array(z.discriminatedUnion('ledger', [fileAnchorSchema, gitAnchorSchema, ethereumAnchorSchema]))
      .max(8)
      .default([{ ledger: 'file', path: '', publish: true }]),
    {
      description: 'Ledgers outside of the chain that its blocks are written into and compared with at start.',
      expected: 'a list of ledgers, for example [{"ledger": "git", "repository": "/backup/anchors.git"}]',
    },
  ),
  checkpoint: documented(
    z
      .string()
      .default('')
      .superRefine((text, context) => {
        if (/^(\d{1,15}:[0-9a-f]{64})?$/.test(text)) return;
        context.addIssue({ code: 'custom', message: `is no height and hash; use ${CHECKPOINT_EXPECTED}` });
      }),
    {
      description: 'A block that the chain must have, as somebody you trust names it; empty: none.',
      expected: CHECKPOINT_EXPECTED,
    },
  ),
  snapshot: documented(z.string().default(''), {
    description:
      'File with the state that an empty data_dir starts from (`doin snapshot export`). checkpoint or a ledger of anchors must name its block.',
    expected: 'a file path',
  }),
  prune_blocks: documented(z.int().min(256).max(1_000_000_000).nullable().default(null), {
    description: 'Blocks behind the head that keep their transactions; older ones keep header and records. null: all.',
    expected: 'a whole number from 256 on, or null to keep everything',
  }),
  workers: documented(
    z
      .strictObject({
        threads: documented(z.int().min(0).max(1024).default(0), {
          description: 'Training and evaluation workers; 0: one per core.',
          expected: 'a whole number from 0 to 1024',
        }),
        remote_only: documented(z.boolean().default(false), {
          description: 'Run no task on this machine: all are left to `doin worker` on others.',
          expected: 'true or false',
        }),
        nice_increment: documented(z.int().min(0).max(19).default(10), {
          description: 'How far below the actors the workers are scheduled (POSIX nice).',
          expected: 'a whole number from 0 to 19',
        }),
      })
      .prefault({}),
    { description: 'The training pool.', expected: 'an object with threads, remote_only and nice_increment' },
  ),
  placement: documented(z.record(z.string().min(1), z.array(z.enum(ACTOR_ROLES))).default({}), {
    description: 'Groups actors on named threads, for small machines. Actors not named get a thread each.',
    expected: `an object of thread name to a list of ${ACTOR_ROLES.join(', ')}`,
  }),
  trace: documented(z.array(tracePattern).default([]), {
    description:
      'Messages to print: actors, patterns as chain.submit*, exclusions as -gossip, optimum:<id>, block:<height>.',
    expected: TRACE_EXPECTED,
  }),
  log_level: documented(z.enum(LOG_LEVELS).default('info'), {
    description: 'Least important log lines to show.',
    expected: `one of ${LOG_LEVELS.join(', ')}`,
  }),
});

function domainDefaults() {
  return {
    target_performance: null,
    optimizer: 'auto',
    optimization_config: optimizationConfigSchema.parse({}),
  } as const;
}

/** A config as a user writes it: everything optional. */
export type NodeConfigInput = z.input<typeof nodeConfigSchema>;
/** The same after validation, before paths and roles are resolved. */
export type ParsedNodeConfig = z.output<typeof nodeConfigSchema>;

export interface DomainConfig extends Omit<ParsedNodeConfig['domains'][number], 'optimize' | 'evaluate'> {
  readonly optimize: boolean;
  readonly evaluate: boolean;
}

/** What a node runs with: every path absolute, every default filled in, the role applied to the domains. */
export interface NodeConfig extends Omit<ParsedNodeConfig, 'domains'> {
  readonly domains: readonly DomainConfig[];
}

export type AnchorConfig = NodeConfig['anchors'][number];
