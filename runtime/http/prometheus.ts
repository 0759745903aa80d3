/**
 * The page for Prometheus, in its text format 0.0.4: what `/status` says of the node, its actors and their threads.
 * Names follow Prometheus' rules: base units, `_total` for counters, one family for each thing measured.
 */
import type { HistogramStatus } from '../system/metrics.js';
import type { ActorStatus } from '../system/status.js';
import type { StatusJson } from './status.js';

export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

const US = 1e-6;
const MS = 1e-3;

export function prometheusPage(status: StatusJson): string {
  const { actors } = status;
  return [...nodeFamilies(status), ...actorFamilies(actors), ...threadFamilies(actors), ''].join('\n');
}

function nodeFamilies(status: StatusJson): string[] {
  const one = (value: number): readonly Sample[] => [[{}, value]];
  return [
    family('doin_info', 'gauge', 'Always 1; who this node is.', [
      [{ node_id: status.node_id, version: status.version, role: status.role, network: status.network }, 1],
    ]),
    family('doin_uptime_seconds', 'gauge', 'Since the node started.', one(status.uptime_s)),
    family('doin_chain_height', 'gauge', 'Blocks after the genesis.', one(status.chain_height)),
    family(
      'doin_chain_finalized_height',
      'gauge',
      'The highest block that cannot be undone.',
      one(status.finalized_height),
    ),
    family('doin_chain_proof_blocks_total', 'counter', 'Blocks that verified work paid for.', one(status.proof_blocks)),
    family('doin_chain_reorgs_total', 'counter', 'Switches to another branch.', one(status.reorgs)),
    family(
      'doin_chain_pending_work',
      'gauge',
      'Verified work that no proof block has used yet.',
      one(status.pending_work),
    ),
    family('doin_chain_threshold', 'gauge', 'Work that makes the next proof block.', one(status.threshold)),
    family(
      'doin_optimae_total',
      'counter',
      'Optimae on the chain, by what became of them.',
      labelled('state', status.optimae),
    ),
    family('doin_mempool_transactions', 'gauge', 'Transactions that wait for a block.', one(status.mempool)),
    family('doin_peers', 'gauge', 'Connected peers.', one(status.peers)),
    family('doin_reputation', 'gauge', 'Of this node.', one(status.reputation)),
    family('doin_balance_coins', 'gauge', 'Of this node.', one(status.balance)),
    family(
      'doin_refused_total',
      'counter',
      'Things from outside refused without effect, by code.',
      labelled('code', status.refused),
    ),
    family(
      'doin_domain_best_performance',
      'gauge',
      'Verified best of the network, in the metric of the domain.',
      performances(status),
    ),
    family(
      'doin_dead_letters_total',
      'counter',
      'Messages between actors that nobody handled.',
      one(status.dead_letters.total),
    ),
  ];
}

function performances({ domains }: StatusJson): readonly Sample[] {
  return domains.flatMap(({ domain_id, metric, best_performance }): Sample[] =>
    best_performance === null ? [] : [[{ domain_id, metric }, best_performance]],
  );
}

function actorFamilies(actors: readonly ActorStatus[]): string[] {
  const each = (value: (actor: ActorStatus) => number): readonly Sample[] =>
    actors.map((actor) => [{ actor: actor.name }, value(actor)]);
  const dropped = actors.flatMap(({ name, dropped }): Sample[] =>
    Object.entries(dropped).map(([kind, count]) => [{ actor: name, kind }, count]),
  );
  return [
    family(
      'doin_actor_up',
      'gauge',
      '1 while the actor runs.',
      each(({ state }) => (state === 'running' ? 1 : 0)),
    ),
    family(
      'doin_actor_mailbox_depth',
      'gauge',
      'Messages that wait.',
      each((actor) => actor.mailbox_depth),
    ),
    family(
      'doin_actor_handled_total',
      'counter',
      'Messages handled.',
      each((actor) => actor.handled),
    ),
    family(
      'doin_actor_restarts_total',
      'counter',
      'Of the actor and of its thread.',
      each((actor) => actor.restarts),
    ),
    family(
      'doin_actor_dropped_total',
      'counter',
      'Messages that a full mailbox refused or threw out, by kind.',
      dropped,
    ),
    family(
      'doin_actor_overflowed_total',
      'counter',
      "Messages that waited beyond their kind's capacity.",
      each((actor) => actor.overflowed),
    ),
    family(
      'doin_actor_dead_letters_total',
      'counter',
      'Messages from or for the actor that nobody handled.',
      each((actor) => actor.dead_letters),
    ),
    family(
      'doin_actor_quarantined_total',
      'counter',
      'Messages set aside because they crashed the actor twice.',
      each((actor) => actor.quarantined),
    ),
    family(
      'doin_actor_blocked_total',
      'counter',
      "Times that the actor's thread was found blocked.",
      each((actor) => actor.blocked),
    ),
    histogram(
      'doin_actor_wait_seconds',
      'From sending to the begin of the handler; a sample of the messages.',
      actors,
      (actor) => actor.times?.wait,
    ),
    histogram(
      'doin_actor_handle_seconds',
      'Time in the handler, waiting included; a sample of the messages.',
      actors,
      (actor) => actor.times?.handle,
    ),
  ];
}

function threadFamilies(actors: readonly ActorStatus[]): string[] {
  const threads = new Map(actors.flatMap(({ thread, load }) => (load === null ? [] : [[thread, load] as const])));
  const each = (value: (load: NonNullable<ActorStatus['load']>) => number): readonly Sample[] =>
    [...threads].map(([thread, load]) => [{ thread }, value(load)]);
  const delays = [...threads].flatMap(([thread, load]): Sample[] => [
    [{ thread, quantile: '0.5' }, load.event_loop_p50_ms * MS],
    [{ thread, quantile: '0.99' }, load.event_loop_p99_ms * MS],
    [{ thread, quantile: '1' }, load.event_loop_max_ms * MS],
  ]);
  return [
    family('doin_thread_event_loop_delay_seconds', 'gauge', 'How late the event loop came to its timers.', delays),
    family(
      'doin_thread_utilisation_ratio',
      'gauge',
      'Share of the time in which the loop was busy.',
      each((load) => load.utilisation),
    ),
    family(
      'doin_thread_heap_used_bytes',
      'gauge',
      'Of the JavaScript heap.',
      each((load) => load.heap_used_bytes),
    ),
    family(
      'doin_thread_heap_limit_bytes',
      'gauge',
      'At which the thread ends.',
      each((load) => load.heap_limit_bytes),
    ),
  ];
}

function labelled(label: string, counts: Readonly<Record<string, number>>): readonly Sample[] {
  return Object.entries(counts).map(([name, count]) => [{ [label]: name }, count]);
}

function family(name: string, type: 'counter' | 'gauge', help: string, samples: readonly Sample[]): string {
  return [...header(name, type, help), ...samples.map(([labels, value]) => line(name, labels, value))].join('\n');
}

/** The actor's buckets double from 1 us on; Prometheus counts all below each bound. */
function histogram(
  name: string,
  help: string,
  actors: readonly ActorStatus[],
  read: (actor: ActorStatus) => HistogramStatus | undefined,
): string {
  const lines = actors.flatMap((actor) => {
    const status = read(actor);
    if (status === undefined) return [];
    const labels = { actor: actor.name };
    let below = 0;
    const buckets = status.buckets.map((count, index) => {
      below += count;
      return line(`${name}_bucket`, { ...labels, le: String(2 ** index * US) }, below);
    });
    return [
      ...buckets,
      line(`${name}_bucket`, { ...labels, le: '+Inf' }, status.samples),
      line(`${name}_sum`, labels, status.mean_us * status.samples * US),
      line(`${name}_count`, labels, status.samples),
    ];
  });
  return [...header(name, 'histogram', help), ...lines].join('\n');
}

function header(name: string, type: string, help: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
