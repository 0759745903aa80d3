/** From config and genesis to the list of actors with their options: the one place that knows them all. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { domainHash, type Genesis, genesisHash } from '../../actors/chain/genesis.js';
import type { ChainOptions } from '../../actors/chain/node.js';
import type { PinnedBlock } from '../../actors/chain/pins.js';
import type { EvaluatorOptions } from '../../actors/evaluator/actor.js';
import type { GossipOptions } from '../../actors/gossip/actor.js';
import type { OptimizerOptions } from '../../actors/optimizer/actor.js';
import type { QuorumOptions } from '../../actors/quorum/actor.js';
import type { ReputationOptions } from '../../actors/reputation/actor.js';
import type { TaskQueueOptions } from '../../actors/task-queue/actor.js';
import type { TrackerOptions } from '../../actors/tracker/actor.js';
import type { NodeConfig } from '../../config/schema.js';
import type { DomainSpec } from '../../gpu-workers/types.js';
import type { KeyPair } from '../crypto/ed25519.js';
import { peerIdOf } from '../crypto/peer-id.js';
import { parseCoins } from '../fixed/coins.js';
import { packageVersion } from '../package-info.js';
import type { ActorSpec } from '../system/system.js';
import type { OwnDomains } from './own-domains.js';

interface ActorOptions {
  readonly chain: ChainOptions;
  readonly gossip: GossipOptions;
  readonly quorum: QuorumOptions;
  readonly reputation: ReputationOptions;
  readonly 'task-queue': TaskQueueOptions;
  readonly evaluator: EvaluatorOptions;
  readonly optimizer: OptimizerOptions;
  readonly tracker: TrackerOptions;
}

/** Who produces stops first, who stores stops last: nothing is sent to somebody already gone. */
export const STOP_ORDER: readonly (keyof ActorOptions)[] = [
  'optimizer',
  'quorum',
  'evaluator',
  'task-queue',
  'gossip',
  'reputation',
  'tracker',
  'chain',
];

const EXPORTS: Readonly<Record<keyof ActorOptions, string>> = {
  chain: 'chainActor',
  gossip: 'gossipActor',
  quorum: 'quorumActor',
  reputation: 'reputationActor',
  'task-queue': 'taskQueueActor',
  evaluator: 'evaluatorActor',
  optimizer: 'optimizerActor',
  tracker: 'trackerActor',
};

export function actorSpecs(
  config: NodeConfig,
  genesis: Genesis,
  keyPair: KeyPair,
  pins: readonly PinnedBlock[],
  own: OwnDomains,
): readonly ActorSpec[] {
  return Object.entries(optionsOf(config, genesis, keyPair, pins, own)).map(([role, options]) => ({
    role,
    module: new URL(`../../actors/${role}/actor.js`, import.meta.url).href,
    exportName: EXPORTS[role as keyof ActorOptions],
    options,
  }));
}

function optionsOf(
  config: NodeConfig,
  genesis: Genesis,
  keyPair: KeyPair,
  pins: readonly PinnedBlock[],
  own: OwnDomains,
): ActorOptions {
  const nodeId = keyPair.publicKey;
  const blobFolder = join(config.data_dir, 'blobs');
  // Those that the chain does not have yet too: members may vote them in while the node runs.
  const worked = config.domains.flatMap((domain) => {
    const { domain_id: domainId } = domain;
    const spec = genesis.domains.find((candidate) => candidate.domainId === domainId) ?? own.get(domainId)?.spec;
    return spec === undefined ? [] : [{ domain, spec }];
  });
  const { nice_increment: niceIncrement } = config.workers;
  const threads = config.workers.remote_only ? 0 : config.workers.threads;
  return {
    chain: {
      databaseFile: join(config.data_dir, 'chain.db'),
      dutiesFile: join(config.data_dir, 'duties.json'),
      genesis,
      secretSeed: keyPair.secretSeed,
      pruneBlocks: config.prune_blocks,
      pins,
    },
    gossip: {
      chainId: genesis.chainId,
      genesisHash: genesisHash(genesis),
      privateSeed: keyPair.secretSeed,
      listen: config.p2p.client ? [] : config.p2p.listen,
      bootstrapPeers: config.bootstrap_peers,
      mdns: config.p2p.mdns,
      dht: config.p2p.dht,
      relay: config.p2p.relay,
      peerExchange: config.p2p.peer_exchange,
      peersFile: join(config.data_dir, 'peers.json'),
      startAtSnapshot: config.sync_mode === 'snapshot',
      blobFolder,
      domains: config.domains.map((domain) => domain.domain_id),
    },
    quorum: {
      nodeId,
      evaluates: worked
        .filter(({ domain }) => domain.evaluate)
        .map(({ spec }) => ({ domainId: spec.domainId, specHash: domainHash(spec) })),
    },
    reputation: { halfLifeMs: genesis.parameters.reputation.halfLifeMs },
    'task-queue': {
      threads,
      niceIncrement,
      domains: worked.map(({ spec }) => own.get(spec.domainId)?.local ?? spec),
      specHashes: Object.fromEntries(worked.map(({ spec }) => [spec.domainId, domainHash(spec)])),
    },
    evaluator: {
      blobFolder,
      chainId: genesis.chainId,
      secretSeed: keyPair.secretSeed,
      receiptsFile: join(config.data_dir, 'receipts.json'),
      owedFile: join(config.data_dir, 'channels.json'),
      inference: {
        domains: worked.map(({ spec }) => spec.domainId),
        serve: config.inference.serve,
        priceUnits: parseCoins(config.inference.price) ?? 0,
      },
    },
    optimizer: {
      nodeId,
      chainId: genesis.chainId,
      stateFile: join(config.data_dir, 'optimizer.json'),
      blobFolder,
      parallel: threads,
      domains: worked.filter(({ domain }) => domain.optimize).map(({ domain, spec }) => searchOf(domain, spec)),
    },
    tracker: {
      csvFile: config.experiment_stats_file,
      olapFile: config.olap_db_path,
      nodeId: peerIdOf(nodeId),
      hostname: hostname(),
      version: packageVersion,
      domains: worked.map(({ domain, spec }) => ({
        domainId: spec.domainId,
        metric: spec.metric,
        direction: spec.direction,
        targetPerformance: domain.target_performance,
        space: spec.space,
      })),
    },
  };
}

function searchOf(domain: NodeConfig['domains'][number], spec: DomainSpec): OptimizerOptions['domains'][number] {
  const search = domain.optimization_config;
  return {
    spec,
    optimizer: domain.optimizer,
    populationSize: search.population_size,
    optimizationPatience: search.optimization_patience,
    earlyPatience: search.early_patience,
    maxEpochs: Math.min(search.max_epochs, spec.limits.epochs),
    targetPerformance: domain.target_performance,
  };
}
