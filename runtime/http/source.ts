/**
 * Answers the pages from the actors. The chain must answer; the parts of an actor that is restarting stay empty and
 * the page says so, because a status page that fails with the thing it reports on is of no use.
 */
import { type ChainStatus, chain, type DomainView } from '../../actors/chain/messages.js';
import { gossip } from '../../actors/gossip/messages.js';
import { type DomainProgress, optimizer } from '../../actors/optimizer/messages.js';
import { MICRO } from '../../actors/reputation/rules.js';
import { errorMessage } from '../errors.js';
import { NANO } from '../genome/space.js';
import { chainPages } from './chain-source.js';
import { subscribeToNodeEvents } from './events.js';
import { coinsOf, PAGE_TIMEOUT, type SourceFacts, type StatusSource } from './node-view.js';
import type { AskPort, EventPort } from './port.js';
import { statsPages } from './stats-source.js';
import type { DeadLettersJson, DomainStatus, LocalSearch } from './status.js';
import { workPages } from './work-source.js';

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
  const getChain = () => system.ask(chain.getStatus, {}, PAGE_TIMEOUT);
  const uptimeSeconds = () => Math.round((Date.now() - facts.startedAtMs) / 1000);

  return {
    health: async () => ({
      status: 'healthy',
      node_id: facts.nodeId,
      version: facts.version,
      uptime_s: uptimeSeconds(),
    }),

    async status() {
      const [status, peers, progress, actors] = await Promise.all([
        getChain(),
        reachable('gossip', system.ask(gossip.getPeers, {}, PAGE_TIMEOUT)),
        reachable('optimizer', system.ask(optimizer.getProgress, {}, PAGE_TIMEOUT)),
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

    async peers() {
      const { peers, listening, refused } = await system.ask(gossip.getPeers, {}, PAGE_TIMEOUT);
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

    ...chainPages(system, facts),
    ...workPages(system),
    ...statsPages(system, facts),
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
    balance: coinsOf(status.self.balanceUnits),
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
    benchmark_beside: local.benchmarkBeside,
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
