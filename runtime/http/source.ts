/**
 * Answers the pages from the actors. The chain must answer; the parts of an actor that is restarting stay empty and
 * the page says so, because a status page that fails with the thing it reports on is of no use.
 */
import { type BlockView, type ChainStatus, chain, type DomainView } from '../../actors/chain/messages.js';
import { gossip } from '../../actors/gossip/messages.js';
import { type DomainProgress, optimizer } from '../../actors/optimizer/messages.js';
import { quorum } from '../../actors/quorum/messages.js';
import { taskQueue } from '../../actors/task-queue/messages.js';
import { tracker } from '../../actors/tracker/messages.js';
import { errorMessage } from '../errors.js';
import { NANO } from '../genome/space.js';
import type { DeadLetter } from '../system/dead-letters.js';
import type { ActorStatus } from '../system/status.js';
import { type NodeEvent, subscribeToNodeEvents } from './events.js';
import type { AskPort, EventPort } from './port.js';
import type {
  BlockJson,
  DeadLettersJson,
  DomainStatus,
  ExperimentsJson,
  LocalSearch,
  PeersJson,
  StatusJson,
} from './status.js';

/** Coins are kept in 1e-8 units and reputation in 1e-6; people read whole ones. */
const UNITS_PER_COIN = 100_000_000;
const MICRO = 1_000_000;
/** A page answers within this; an actor that takes longer is reported as unavailable. */
const PAGE_TIMEOUT_MS = 2000;

/** Everything the HTTP server shows. Each function returns plain JSON (bigints are written as strings). */
export interface StatusSource {
  health(): Promise<unknown>;
  status(): Promise<StatusJson>;
  chainStatus(): Promise<{ readonly chain_height: number; readonly [field: string]: unknown }>;
  /** Blocks `from`..`to`, both included. */
  blocks(from: number, to: number): Promise<readonly BlockJson[]>;
  /** By height or by hash; null when there is none. */
  block(which: { readonly height: number } | { readonly hash: string }): Promise<BlockJson | null>;
  fees(): Promise<unknown>;
  peers(): Promise<PeersJson>;
  quorums(limit: number): Promise<unknown>;
  /** Null for a domain that this node does not work on. */
  curve(domainId: string, limit: number): Promise<unknown | null>;
  tasks(): Promise<unknown>;
  experiments(): Promise<ExperimentsJson>;
  subscribe(listener: (event: NodeEvent) => void): () => void;
}

export interface SourceFacts {
  readonly nodeId: string;
  readonly nodeLabel: string;
  readonly version: string;
  readonly role: string;
  readonly startedAtMs: number;
  readonly p2pAddresses: () => readonly string[];
  readonly domains: readonly {
    readonly domain_id: string;
    readonly optimize: boolean;
    readonly evaluate: boolean;
    readonly target_performance: number | null;
  }[];
  /** Where each actor stands, from the actor system. */
  readonly actors: () => Promise<readonly ActorStatus[]>;
  /** Messages between them that nobody handled, oldest first, and how many there were in all. */
  readonly deadLetters: () => { readonly total: number; readonly letters: readonly DeadLetter[] };
}

/** `/status` shows the last few; what they have in common is seen at once. */
const DEAD_LETTERS_SHOWN = 20;

function deadLettersJson({ total, letters }: ReturnType<SourceFacts['deadLetters']>): DeadLettersJson {
  const newest = letters.slice(-DEAD_LETTERS_SHOWN).toReversed();
  return {
    total,
    recent: newest.map(({ traceId, time, ...letter }) => ({ ...letter, trace_id: traceId, time_ms: time })),
  };
}

export function createStatusSource(system: AskPort & EventPort, facts: SourceFacts): StatusSource {
  const timeout = { timeoutMs: PAGE_TIMEOUT_MS };
  const getChain = () => system.ask(chain.getStatus, {}, timeout);
  const uptimeSeconds = () => Math.round((Date.now() - facts.startedAtMs) / 1000);

  return {
    health: async () => ({ status: 'healthy', node_id: facts.nodeId, uptime_s: uptimeSeconds() }),

    async status() {
      const [status, peers, progress, actors] = await Promise.all([
        getChain(),
        reachable('gossip', system.ask(gossip.getPeers, {}, timeout)),
        reachable('optimizer', system.ask(optimizer.getProgress, {}, timeout)),
        facts.actors(),
      ]);
      const locals = progress.value?.domains ?? [];
      return {
        node_id: facts.nodeId,
        node_label: facts.nodeLabel || facts.nodeId.slice(0, 8),
        version: facts.version,
        uptime_s: uptimeSeconds(),
        role: facts.role,
        ...chainPart(status),
        peers: peers.value?.peers.length ?? 0,
        domains: status.domains.map((domain) => domainStatus(domain, facts, locals)),
        p2p_addresses: peers.value?.listening ?? facts.p2pAddresses(),
        refused: addCounts(status.refused, peers.value?.refused ?? {}),
        actors,
        dead_letters: deadLettersJson(facts.deadLetters()),
        unavailable: [peers.problem, progress.problem].filter((problem) => problem !== null),
      };
    },

    async chainStatus() {
      const status = await getChain();
      return {
        chain_id: status.chainId,
        genesis_hash: status.genesisHash,
        chain_height: status.height,
        tip_hash: status.hash,
        tip_index: status.height,
        finalized_height: status.finalized.height,
        finalized_hash: status.finalized.hash,
        proof_blocks: status.proofBlocks,
        total_work: Number(status.totalWorkNano) / NANO,
        timestamp_ms: status.timestampMs,
        slot_ms: status.slotMs,
        supply: status.supplyUnits / UNITS_PER_COIN,
        busy: status.busy,
      };
    },

    async fees() {
      const { baseFeeUnits, suggestedFee, burnedUnits, lockedUnits, supplyUnits, mempool } = await getChain();
      return {
        enabled: true,
        base_fee: baseFeeUnits / UNITS_PER_COIN,
        suggested_max_fee: suggestedFee.maxUnits / UNITS_PER_COIN,
        suggested_tip: suggestedFee.tipUnits / UNITS_PER_COIN,
        mempool,
        minted: supplyUnits / UNITS_PER_COIN,
        burned: burnedUnits / UNITS_PER_COIN,
        locked: lockedUnits / UNITS_PER_COIN,
      };
    },

    async blocks(from, to) {
      const heights = Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
      const replies = await Promise.all(heights.map((height) => system.ask(chain.getBlockView, { height }, timeout)));
      return replies.flatMap(({ view }) => (view === null ? [] : [blockJson(view)]));
    },

    async block(which) {
      const { view } = await system.ask(chain.getBlockView, which, timeout);
      return view === null ? null : blockJson(view);
    },

    async peers() {
      const { peers, listening, refused } = await system.ask(gossip.getPeers, {}, timeout);
      return {
        self: { node_id: facts.nodeId, addresses: listening },
        peers: peers.map((peer) => ({
          peer_id: peer.peerId,
          address: peer.address,
          direction: peer.direction,
          latency_ms: peer.latencyMs,
          chain_height: peer.height,
          score: peer.score,
        })),
        refused,
      };
    },

    async quorums(limit) {
      const { quorums } = await system.ask(quorum.getQuorums, { limit }, timeout);
      return {
        quorums: quorums.map((view) => ({
          optimum: view.optimum,
          domain_id: view.domain,
          optimizer: view.optimizer,
          reported: view.reportedNano / NANO,
          verdict: view.verdict,
          seats: view.seats.map((seat) => ({
            seat: seat.index,
            evaluator: seat.evaluator,
            status: seat.status,
            performance: seat.performanceNano === null ? null : seat.performanceNano / NANO,
            standard_error: seat.standardErrorNano === null ? null : seat.standardErrorNano / NANO,
            deadline_height: seat.deadlineHeight,
          })),
        })),
      };
    },

    async curve(domainId, limit) {
      if (!facts.domains.some((domain) => domain.domain_id === domainId)) return null;
      const { points } = await system.ask(tracker.getCurve, { domainId, limit }, timeout);
      return {
        domain_id: domainId,
        points: points.map((point) => ({
          round: point.roundNumber,
          timestamp_ms: point.timestampMs,
          performance: point.performance,
          best_performance: point.bestPerformance,
        })),
      };
    },

    async tasks() {
      const { tasks, workers, completed, failed } = await system.ask(taskQueue.getTasks, {}, timeout);
      return {
        workers,
        completed,
        failed,
        tasks: tasks.map((task) => ({
          task_id: task.taskId,
          kind: task.kind,
          domain_id: task.domainId,
          priority: task.priority,
          status: task.status,
          queued_at_ms: task.queuedAtMs,
          started_at_ms: task.startedAtMs,
          epoch: task.progress?.epoch ?? null,
          max_epochs: task.progress?.maxEpochs ?? null,
        })),
      };
    },

    async experiments() {
      const { experiments } = await system.ask(tracker.getExperiments, {}, timeout);
      return {
        experiments: experiments.map((experiment) => ({
          experiment_id: experiment.experimentId,
          domain_id: experiment.domainId,
          total_rounds: experiment.totalRounds,
          best_performance: experiment.bestPerformance,
          converged: experiment.converged,
          elapsed_seconds: experiment.elapsedSeconds,
        })),
      };
    },

    subscribe: (listener) => subscribeToNodeEvents(system, listener),
  };
}

interface Reached<T> {
  readonly value: T | null;
  readonly problem: { readonly actor: string; readonly reason: string } | null;
}

async function reachable<T>(actor: string, reply: Promise<T>): Promise<Reached<T>> {
  try {
    return { value: await reply, problem: null };
  } catch (error) {
    return { value: null, problem: { actor, reason: errorMessage(error) } };
  }
}

function chainPart(status: ChainStatus) {
  return {
    network: status.chainId,
    chain_height: status.height,
    tip_hash: status.hash,
    proof_blocks: status.proofBlocks,
    finalized_height: status.finalized.height,
    finalized_hash: status.finalized.hash,
    busy: status.busy,
    optimae: status.optimae,
    reputation: status.self.reputationMicro / MICRO,
    balance: status.self.balanceUnits / UNITS_PER_COIN,
    mempool: status.mempool,
    pending_work: status.pendingWorkNano / NANO,
    threshold: status.thresholdNano / NANO,
    reorgs: status.reorgs,
  };
}

function domainStatus(view: DomainView, facts: SourceFacts, locals: readonly DomainProgress[]): DomainStatus {
  const own = facts.domains.find((domain) => domain.domain_id === view.domainId);
  const local = locals.find((domain) => domain.domainId === view.domainId);
  return {
    domain_id: view.domainId,
    metric: view.metric,
    direction: view.direction,
    best_performance: view.champion === null ? null : view.bestNano / NANO,
    baseline: view.baselineNano / NANO,
    target_performance: own?.target_performance ?? null,
    champion: view.champion?.optimum ?? null,
    accepted: view.accepted,
    optimize: own?.optimize ?? false,
    evaluate: own?.evaluate ?? false,
    local: local === undefined ? null : localSearch(local),
  };
}

function localSearch(local: DomainProgress): LocalSearch {
  return {
    rounds: local.rounds,
    best_performance: local.bestPerformance,
    benchmark_performance: local.benchmarkPerformance,
    running: local.running,
    state: local.state,
  };
}

function addCounts(
  left: Readonly<Record<string, number>>,
  right: Readonly<Record<string, number>>,
): Record<string, number> {
  const sum = { ...left };
  for (const [code, count] of Object.entries(right)) sum[code] = (sum[code] ?? 0) + count;
  return sum;
}

/** The header in upstream's names where it has them, the transactions and records as the chain holds them. */
function blockJson(view: BlockView): BlockJson {
  const { header, transactions } = view.block;
  return {
    hash: view.hash,
    header: {
      index: header.height,
      previous_hash: header.parent,
      timestamp: new Date(header.timestampMs).toISOString(),
      generator_id: header.proposer,
      merkle_root: header.transactionsRoot,
      state_root: header.stateRoot,
      vrf_proof: header.vrfProof,
      version: header.version,
      chain_id: header.chainId,
      slot: header.slot,
      rank: header.rank,
      signature: header.signature,
    },
    proof_block: view.isProofBlock,
    transactions,
    records: view.records,
  };
}
