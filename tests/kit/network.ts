/**
 * A whole DOIN network in one thread: every node with its real actors, an in-memory network between them, stores that
 * survive a crash. The tracker is left out: it writes files and nothing depends on it.
 */
import { createChainActor } from '../../actors/chain/actor.js';
import {
  type ChainParameters,
  domainHash,
  type Genesis,
  genesisHash,
  LOCAL_PARAMETERS,
} from '../../actors/chain/genesis.js';
import { MemoryBlockStore, MemoryBlocks } from '../../actors/chain/memory-store.js';
import { type ChainStatus, chain } from '../../actors/chain/messages.js';
import { createEvaluatorActor } from '../../actors/evaluator/actor.js';
import { createGossipActor } from '../../actors/gossip/actor.js';
import { MemoryNetwork, type MemoryNetworkOptions } from '../../actors/gossip/memory-port.js';
import type { NetworkPort } from '../../actors/gossip/port.js';
import { createOptimizerActor } from '../../actors/optimizer/actor.js';
import { optimizer } from '../../actors/optimizer/messages.js';
import { quorumActor } from '../../actors/quorum/actor.js';
import { reputationActor } from '../../actors/reputation/actor.js';
import { createTaskQueueActor } from '../../actors/task-queue/actor.js';
import type { DomainSpec } from '../../gpu-workers/types.js';
import { peerIdOf } from '../../runtime/crypto/peer-id.js';
import { MemoryBlobStore } from '../../runtime/storage/blob-store.js';
import { MemoryStateFile } from '../../runtime/storage/state-file.js';
import {
  type SimulatedActor,
  Simulation,
  type SimulationOptions,
  simulated,
} from '../../runtime/system/simulation/simulation.js';
import { keyOf, makeGenesis } from './chain.js';
import { type LoadedDomains, loadDomains, SimulatedPool } from './simulated-pool.js';

export interface NetworkOptions extends SimulationOptions {
  readonly nodes: readonly string[];
  /** One-way delay between nodes and share of lost gossip messages. */
  readonly wire?: Pick<MemoryNetworkOptions, 'delayMs' | 'lossRate'>;
  readonly parameters?: Partial<ChainParameters>;
  /** Beside the usual one. */
  readonly moreDomains?: readonly DomainSpec[];
  /** Whether a node works on a domain; absent: every node on all. */
  works?(name: string, domain: string): boolean;
  /** Virtual time of one training or evaluation. */
  readonly taskMs?: readonly [low: number, high: number];
}

/** What a crash leaves of a node. */
interface Disk {
  readonly blocks: MemoryBlocks;
  readonly blobs: MemoryBlobStore;
  readonly state: MemoryStateFile;
  readonly duties: MemoryStateFile;
  readonly peers: MemoryStateFile;
  readonly receipts: MemoryStateFile;
  readonly owed: MemoryStateFile;
}

const THREADS = 2;

export class SimulatedDoin {
  readonly sim: Simulation;
  readonly genesis: Genesis;
  readonly names: readonly string[];
  readonly #domains: LoadedDomains;
  readonly #wires: MemoryNetwork;
  readonly #ports = new Map<string, NetworkPort>();
  readonly #taskMs: readonly [number, number];
  readonly #works: (name: string, domain: string) => boolean;
  readonly #answerBytes = new Map<string, number>();
  readonly #blobs = new Map<string, MemoryBlobStore>();

  private constructor(options: NetworkOptions, domains: LoadedDomains, genesis: Genesis) {
    this.sim = Simulation.create({ startMs: genesis.timestampMs, ...options });
    this.genesis = genesis;
    this.names = options.nodes;
    this.#domains = domains;
    this.#taskMs = options.taskMs ?? [300, 1_500];
    this.#works = options.works ?? (() => true);
    this.#wires = new MemoryNetwork({
      delayMs: [5, 50],
      ...options.wire,
      seed: this.sim.random.stream('network').uint32(),
      schedule: (delayMs, callback) => this.sim.schedule(delayMs, callback),
    });
    this.sim.useNetwork({
      partition: (groups) => this.#wires.partition(groups.map((names) => names.map(peerOf))),
      heal: () => this.#wires.heal(),
      ended: (node, role) => {
        if (role === 'gossip') void this.#ports.get(node)?.stop();
      },
    });
    for (const name of this.names) this.sim.addNode(name, this.#actors(name));
  }

  static async create(options: NetworkOptions): Promise<SimulatedDoin> {
    const { works = () => true, moreDomains = [] } = options;
    const usual = makeGenesis(options.nodes, {
      parameters: { challenge: LOCAL_PARAMETERS.challenge, ...options.parameters },
    });
    const domains = [...usual.domains, ...moreDomains];
    const evaluates = (name: string) =>
      domains.map(({ domainId }) => domainId).filter((domainId) => works(name, domainId));
    const members = usual.members.map((member, index) => ({
      ...member,
      evaluates: evaluates(options.nodes[index] ?? ''),
    }));
    const genesis = { ...usual, domains, members };
    const network = new SimulatedDoin(options, await loadDomains(genesis.domains), genesis);
    await network.sim.start();
    return network;
  }

  status(name: string): Promise<ChainStatus> {
    return this.sim.ask(name, chain.getStatus, {});
  }

  async heads(): Promise<readonly string[]> {
    const heads: string[] = [];
    for (const name of this.names) {
      if (this.sim.node(name).isUp) heads.push((await this.status(name)).hash);
    }
    return heads;
  }

  /** The state root that the node's head block commits to. */
  async stateRoot(name: string): Promise<string> {
    const { hash } = await this.status(name);
    const { view } = await this.sim.ask(name, chain.getBlockView, { hash });
    if (view === null) throw new Error(`${name} has no block yet`);
    return view.block.header.stateRoot;
  }

  /** What peers answered the node, in bytes, by the name of the protocol. */
  answerBytes(name: string, protocol: string): number {
    return this.#answerBytes.get(`${name} ${protocol}`) ?? 0;
  }

  /** Hashes of the blobs that the node has. */
  async blobs(name: string): Promise<readonly string[]> {
    return ((await this.#blobs.get(name)?.list()) ?? []).map(({ hash }) => hash);
  }

  /** Ends all searches and lets the chain run dry, so that heads can be compared; false when they differ then. */
  async calm(forMs: number): Promise<boolean> {
    for (const name of this.names) if (this.sim.node(name).isUp) this.sim.node(name).tell(optimizer.pause, {});
    await this.sim.run({ forMs });
    return new Set(await this.heads()).size === 1;
  }

  #countAnswers(name: string, port: NetworkPort): void {
    const request = port.request.bind(port);
    port.request = async (peerId, path, bytes, limits) => {
      const answer = await request(peerId, path, bytes, limits);
      const [, , , protocol] = path.split('/');
      this.#answerBytes.set(`${name} ${protocol}`, this.answerBytes(name, protocol ?? '') + answer.length);
      return answer;
    };
  }

  #actors(name: string): readonly SimulatedActor[] {
    const { secretSeed, publicKey: nodeId } = keyOf(name);
    const { genesis } = this;
    const { chainId } = genesis;
    const domains = genesis.domains.filter(({ domainId }) => this.#works(name, domainId));
    const disk: Disk = {
      blocks: new MemoryBlocks(),
      blobs: new MemoryBlobStore(),
      state: new MemoryStateFile(),
      duties: new MemoryStateFile(),
      peers: new MemoryStateFile(),
      receipts: new MemoryStateFile(),
      owed: new MemoryStateFile(),
    };
    this.#blobs.set(name, disk.blobs);
    const createBlobStore = () => disk.blobs;
    const openStore = async (_file: string, hash: string) => MemoryBlockStore.open(hash, disk.blocks);
    const createPort: Parameters<typeof createGossipActor>[0]['createPort'] = (options) => {
      const port = this.#wires.createPort(options);
      this.#ports.set(name, port);
      this.#countAnswers(name, port);
      return port;
    };
    const pool = { domains: this.#domains, taskMs: this.#taskMs };
    const domainIds = domains.map(({ domainId }) => domainId);
    return [
      simulated(createChainActor({ openStore, openDuties: () => disk.duties }), {
        databaseFile: 'chain',
        dutiesFile: 'duties',
        genesis,
        secretSeed,
      }),
      simulated(createGossipActor({ createPort, createBlobStore, openPeers: () => disk.peers }), {
        chainId,
        genesisHash: genesisHash(genesis),
        privateSeed: secretSeed,
        listen: [],
        bootstrapPeers: this.names.filter((other) => other !== name).map((other) => `/memory/0/p2p/${peerOf(other)}`),
        mdns: false,
        dht: false,
        relay: 'off',
        peerExchange: true,
        peersFile: 'peers',
        startAtSnapshot: false,
        blobFolder: 'blobs',
        domains: domainIds,
      }),
      simulated(quorumActor, {
        nodeId,
        evaluates: domains.map((spec) => ({ domainId: spec.domainId, specHash: domainHash(spec) })),
      }),
      simulated(reputationActor, { halfLifeMs: genesis.parameters.reputation.halfLifeMs }),
      simulated(
        createTaskQueueActor({ createPool: ({ threads }, ctx) => new SimulatedPool(ctx, { ...pool, threads }) }),
        { threads: THREADS, niceIncrement: 0, domains, specHashes: {} },
      ),
      simulated(
        createEvaluatorActor({ createBlobStore, openState: (file) => (file === 'owed' ? disk.owed : disk.receipts) }),
        {
          blobFolder: 'blobs',
          chainId,
          secretSeed,
          receiptsFile: 'receipts',
          owedFile: 'owed',
          inference: { domains: domainIds, serve: true, priceUnits: 100_000 },
        },
      ),
      simulated(createOptimizerActor({ openState: () => disk.state, createBlobStore }), {
        nodeId,
        chainId,
        stateFile: 'optimizer',
        blobFolder: 'blobs',
        parallel: THREADS,
        domains: domains.map((spec) => ({
          spec,
          optimizer: 'ga' as const,
          populationSize: 10,
          optimizationPatience: 20,
          earlyPatience: 3,
          maxEpochs: 1,
          targetPerformance: null,
        })),
      }),
    ];
  }
}

export function peerOf(name: string): string {
  return peerIdOf(keyOf(name).publicKey);
}
