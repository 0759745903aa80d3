/**
 * The gossip actor: the node's only door to the network. It moves bytes, asks the chain what to think of them, and
 * keeps score of peers; it judges nothing of consensus itself.
 *
 * Owns: connections, peer conduct, topics, request/response, catch-up, blobs on the wire.
 */
import { publicKeyOf } from '../../runtime/crypto/peer-id.js';
import { DoinError, errorMessage } from '../../runtime/errors.js';
import { type BlobStore, FileBlobStore } from '../../runtime/storage/blob-store.js';
import { JsonStateFile, type StateFile } from '../../runtime/storage/state-file.js';
import { type ActorContext, defineActor } from '../../runtime/system/actor.js';
import { chain } from '../chain/messages.js';
import type { InferenceRequest } from '../evaluator/inference.js';
import { evaluator } from '../evaluator/messages.js';
import { reputation } from '../reputation/messages.js';
import { dropIdleBlobs } from './blob-keeper.js';
import { BlobFetcher } from './blobs.js';
import { Discovery } from './discovery.js';
import { createLibp2pPort } from './libp2p-port.js';
import { gossip } from './messages.js';
import type { NetworkPort, PortListener, PortOptions, RelayMode } from './port.js';
import { SnapshotJoin } from './snapshot-join.js';
import { MAX_STANDING, Standing } from './standing.js';
import { StatusExchange } from './status.js';
import { Synchroniser } from './sync.js';
import { domainTopic, GossipTopics, topicsOf } from './topics.js';
import { MAX_IDS, type VersionRange, WIRE, Wire, withinBatch } from './wire.js';

export interface GossipOptions {
  readonly chainId: string;
  readonly genesisHash: string;
  /** 32-byte Ed25519 seed of the node's one key. */
  readonly privateSeed: Uint8Array;
  /** Multiaddrs, for example `/ip4/0.0.0.0/tcp/4001` and `/ip4/0.0.0.0/tcp/4002/ws`. */
  readonly listen: readonly string[];
  /** Multiaddrs that are kept connected; `/p2p/<id>` at the end is optional. */
  readonly bootstrapPeers: readonly string[];
  /** Find and be found on the local network. */
  readonly mdns: boolean;
  /** Find peers through a DHT of the chain. */
  readonly dht: boolean;
  readonly relay: RelayMode;
  /** Tell peers of others and be told. */
  readonly peerExchange: boolean;
  /** Where known peers are kept over a restart. */
  readonly peersFile: string;
  readonly blobFolder: string;
  /** An empty chain starts at a snapshot of a trusted block when some peer has one. */
  readonly startAtSnapshot: boolean;
  /** Domains whose blobs this node carries. */
  readonly domains: readonly string[];
}

export interface GossipModules {
  createPort(options: PortOptions): NetworkPort;
  createBlobStore(folder: string): BlobStore;
  openPeers(file: string): StateFile;
  /** Versions of the request/response protocols to speak; absent: this program's. */
  readonly versions?: VersionRange;
}

/** Messages lost while links were down are repaired by comparing notes with a random peer this often. */
const ANTI_ENTROPY_MS = 5_000;
/** Gossip subscriptions travel after the connection; what was published in between is fetched by a second look. */
const SECOND_LOOK_MS = 1_000;
const BLOB_CHECK_MS = 600_000;
/** The reputation actor has read the chain by then. */
const FIRST_STANDING_MS = 2_000;
const STANDING_INTERVAL_MS = 30_000;

export function createGossipActor(modules: GossipModules) {
  return defineActor({
    role: 'gossip',
    protocol: gossip,
    listensTo: [chain.transactionAccepted, chain.blockProduced],
    start: (ctx, options: GossipOptions) => startGossip(ctx, options, modules),
  });
}

export const gossipActor = createGossipActor({
  createPort: createLibp2pPort,
  createBlobStore: (folder) => new FileBlobStore(folder),
  openPeers: (file) => new JsonStateFile(file),
});

async function startGossip(ctx: ActorContext, options: GossipOptions, modules: GossipModules) {
  const network = assemble(ctx, options, modules);
  const { port, wire, discovery, status, synchroniser, topics, blobs } = network;
  await port.start();
  ctx.log.info('listening', { addresses: port.addresses().length });
  ctx.log.debug('reachable', { peerId: port.peerId, addresses: port.addresses() });
  await discovery.start(options.bootstrapPeers);
  const timers = [
    ctx.after(FIRST_STANDING_MS, () => refreshStanding(ctx, network.standing)),
    ctx.every(STANDING_INTERVAL_MS, () => refreshStanding(ctx, network.standing)),
    ctx.every(BLOB_CHECK_MS, () => dropIdleBlobs(ctx, network.store, options.domains)),
    ctx.every(ANTI_ENTROPY_MS, () => compareNotes(ctx, network, randomPeer(ctx, port))),
  ];

  return {
    handlers: {
      getPeers: () => ({
        peers: port.peers().map((peer) => ({ ...peer, height: status.tip(peer.peerId)?.height ?? null })),
        listening: port.addresses(),
        known: discovery.known,
        traffic: port.traffic(),
        refused: port.refused(),
      }),
      fetchBlob: async (
        { blob, domain }: { blob: { hash: string; sizeBytes: number }; domain: string },
        envelope: { readonly deadline?: number },
      ) => {
        requireCarried(options.domains, domain);
        const deadline = envelope.deadline ?? ctx.now() + (gossip.fetchBlob.options.timeoutMs ?? 0);
        return { found: await blobs.fetch(blob, domain, deadline) };
      },
      askInference: ({ peerId, request }: { peerId: string; request: InferenceRequest }) =>
        wire.ask(peerId, WIRE.inference, request),
      dial: ({ address }: { address: string }) => discovery.dial(address),
    },
    events: {
      'chain.transactionAccepted': ({ id, bytes, publish }: { id: string; bytes: Uint8Array; publish: boolean }) =>
        topics.transactionAccepted(id, bytes, publish),
      'chain.blockProduced': ({ announcement }: { announcement: Uint8Array }) => topics.blockProduced(announcement),
    },
    stop: async () => {
      for (const cancel of timers) cancel();
      await discovery.stop();
      await port.stop();
    },
    inspect: () => ({
      peerId: port.peerId,
      listening: port.addresses(),
      peers: port.peers().length,
      known: discovery.known,
      syncingWith: synchroniser.current,
      refused: port.refused(),
    }),
  };
}

interface Network {
  readonly port: NetworkPort;
  readonly discovery: Discovery;
  readonly standing: Standing;
  readonly wire: Wire;
  readonly status: StatusExchange;
  readonly synchroniser: Synchroniser;
  readonly join: SnapshotJoin;
  readonly topics: GossipTopics;
  readonly blobs: BlobFetcher;
  readonly store: BlobStore;
}

function assemble(ctx: ActorContext, options: GossipOptions, modules: GossipModules): Network {
  const { chainId, genesisHash } = options;
  const listener: PortListener = {
    connected: (peer) => {
      const { peerId, address, direction } = peer;
      ctx.emit(gossip.peerConnected, { peerId, address, direction });
      network.discovery.connected(peer);
      void compareNotes(ctx, network, peerId, true);
      ctx.after(SECOND_LOOK_MS, () => compareNotes(ctx, network, peerId));
    },
    disconnected: (peerId) => {
      network.status.forget(peerId);
      network.discovery.disconnected(peerId);
      network.wire.forget(peerId);
      network.synchroniser.disconnected(peerId);
      network.join.disconnected(peerId);
      ctx.emit(gossip.peerDisconnected, { peerId });
    },
    discovered: (address) => network.discovery.discovered(address),
  };
  const standing = new Standing();
  const port = modules.createPort({
    chainId,
    privateSeed: options.privateSeed,
    listen: options.listen,
    mdns: options.mdns,
    dht: options.dht,
    relay: options.relay,
    topics: Object.values(topicsOf(chainId)),
    membershipTopics: options.domains.map((domain) => domainTopic(chainId, domain)),
    listener,
    log: ctx.log,
    now: () => ctx.monotonic(),
    standing: (peerId) => standing.points(peerId),
  });
  const wire = new Wire(port, chainId, modules.versions);
  const onAhead = (peerId: string) => {
    network.join.peerAhead(peerId).catch((error: unknown) => {
      ctx.log.debug('not caught up with', { peerId, error: errorMessage(error) });
    });
  };
  const status = new StatusExchange({ ctx, port, wire, chainId, genesisHash, onAhead });
  const onUnknownParent = (peerId: string) => void compareNotes(ctx, network, peerId);
  const store = modules.createBlobStore(options.blobFolder);
  serveChain(ctx, wire);
  serveInference(ctx, wire);
  const network: Network = {
    port,
    wire,
    discovery: new Discovery({
      ctx,
      port,
      wire,
      file: modules.openPeers(options.peersFile),
      exchanges: options.peerExchange,
    }),
    standing,
    status,
    synchroniser: new Synchroniser({ ctx, port, wire, status }),
    join: new SnapshotJoin(
      { ctx, port, wire, onReady: (peerId) => network.synchroniser.request(peerId) },
      options.startAtSnapshot,
    ),
    topics: new GossipTopics({ ctx, port, wire, chainId, domains: options.domains, onUnknownParent }),
    blobs: new BlobFetcher({ ctx, port, wire, chainId, store }),
    store,
  };
  return network;
}

/** Hands out what the chain has to whoever asks within the limits. */
function serveChain(ctx: ActorContext, wire: Wire): void {
  wire.serve(WIRE.headers, async (request) => (await ctx.ask(chain.getHeadersAfter, request)).headers);
  wire.serve(WIRE.blocks, async ({ hashes }) => (await ctx.ask(chain.getBlocks, { hashes })).blocks);
  wire.serve(WIRE.transactions, async ({ ids }) => {
    const { transactions } = await ctx.ask(chain.getTransactions, { ids });
    return withinBatch(transactions, MAX_IDS);
  });
}

/** The key of the connection is who asks: nobody can ask in another's name, or with his payment. */
function serveInference(ctx: ActorContext, wire: Wire): void {
  wire.serve(WIRE.inference, async (request, peerId) => {
    const from = publicKeyOf(peerId);
    if (from === null) throw new DoinError({ code: 'invalid' }, `${peerId} names no key`);
    return ctx.ask(evaluator.answer, { from, request });
  });
}

/** Status first (it may start a sync, and shows that the peer is of our chain), then transactions that gossip lost. */
async function compareNotes(ctx: ActorContext, network: Network, peerId: string | null, isNew = false): Promise<void> {
  if (peerId === null || ctx.signal.aborted) return;
  try {
    await network.status.exchange(peerId);
    if (isNew) await network.discovery.exchange(peerId);
    await network.topics.repairTransactions(peerId);
  } catch (error) {
    ctx.log.debug('notes not compared', { peerId, error: errorMessage(error) });
  }
}

/** Without the reputation actor everybody stays a stranger a little longer. */
async function refreshStanding(ctx: ActorContext, standing: Standing): Promise<void> {
  try {
    standing.update((await ctx.ask(reputation.getTable, { limit: MAX_STANDING })).table);
  } catch (error) {
    ctx.log.debug('reputation not read', { error: errorMessage(error) });
  }
}

function randomPeer(ctx: ActorContext, port: NetworkPort): string | null {
  const peers = port.peers();
  const draw = new DataView(ctx.randomBytes(4).slice().buffer).getUint32(0);
  return peers[draw % Math.max(1, peers.length)]?.peerId ?? null;
}

function requireCarried(domains: readonly string[], domain: string): void {
  if (domains.includes(domain)) return;
  const carried = domains.join(', ') || 'none';
  throw new DoinError(
    { code: 'domain-not-carried', domain },
    `this node carries no blobs of domain ${JSON.stringify(domain)} (it carries: ${carried}); add it to domains`,
  );
}
