/** The optimizer actor: one search per domain, fed by the chain, saved after every step that matters. */

import { type BlobStore, FileBlobStore } from '../../runtime/storage/blob-store.js';
import { JsonStateFile, type StateFile } from '../../runtime/storage/state-file.js';
import { type ActorContext, defineActor } from '../../runtime/system/actor.js';
import { domainHash } from '../chain/genesis.js';
import { type BlockApplied, chain, type DomainView, type OpenOptimum } from '../chain/messages.js';
import { unlessChainRestarts } from '../chain/restarts.js';
import type { NodeId } from '../chain/types.js';
import { gossip } from '../gossip/messages.js';
import { taskQueue } from '../task-queue/messages.js';
import { DomainSearch, type SavedSearch } from './domain-search.js';
import type { DomainSettings } from './experiment.js';
import { optimizer } from './messages.js';

export interface OptimizerOptions {
  readonly nodeId: NodeId;
  readonly chainId: string;
  readonly stateFile: string;
  readonly blobFolder: string;
  /** Candidates in the pool of this machine at a time, over all domains. */
  readonly parallel: number;
  /** Searched in as soon as the chain has them, as they are defined here. */
  readonly domains: readonly DomainSettings[];
}

export interface OptimizerModules {
  openState(file: string): StateFile;
  createBlobStore(folder: string): BlobStore;
}

/** Asks of the start wait for a chain that replays its store. */
const STARTUP_TIMEOUT_MS = 600_000;

/** A strategy remembers every genome it asked: its state is written at this pace, not after every round. */
const SAVE_INTERVAL_MS = 2_000;
const RECONCILE_MS = 15_000;

export function createOptimizerActor(modules: OptimizerModules) {
  return defineActor({
    role: 'optimizer',
    protocol: optimizer,
    listensTo: [
      chain.blockApplied,
      chain.blocksReverted,
      gossip.peerConnected,
      gossip.peerDisconnected,
      taskQueue.capacityChanged,
    ],
    async start(ctx: ActorContext, options: OptimizerOptions) {
      const keeper = new SearchKeeper(ctx, options, modules);
      await keeper.load();
      ctx.every(RECONCILE_MS, () => keeper.reconcile().catch(unlessChainRestarts(ctx)));
      return {
        handlers: {
          getProgress: () => ({ domains: keeper.searches.map((search) => search.progress()) }),
          pause: () => keeper.pause(),
          resume: () => keeper.resume(),
        },
        events: {
          'chain.blockApplied': (block: BlockApplied) => keeper.apply(block),
          'chain.blocksReverted': () => keeper.reconcile(),
          'gossip.peerConnected': ({ peerId }) => {
            keeper.peers.add(peerId);
          },
          'gossip.peerDisconnected': ({ peerId }) => {
            keeper.peers.delete(peerId);
          },
          'task-queue.capacityChanged': ({ remoteSlots }) => keeper.widen(remoteSlots),
        },
        stop: () => keeper.saveNow(),
        inspect: () => keeper.searches.map((search) => search.progress()),
      };
    },
  });
}

class SearchKeeper {
  searches: readonly DomainSearch[] = [];
  readonly peers = new Set<string>();
  readonly #ctx: ActorContext;
  readonly #options: OptimizerOptions;
  readonly #file: StateFile;
  readonly #blobs: BlobStore;
  #height = 0;
  /** Candidates that workers on other machines can take besides. */
  #remoteSlots = 0;
  #paused = false;
  /** What is on disk of each domain's search, also of one that the chain does not have now. */
  #saved: Readonly<Record<string, SavedSearch | undefined>> = {};
  #scheduled: Promise<void> | null = null;
  #timer = false;

  constructor(ctx: ActorContext, options: OptimizerOptions, modules: OptimizerModules) {
    this.#ctx = ctx;
    this.#options = options;
    this.#file = modules.openState(options.stateFile);
    this.#blobs = modules.createBlobStore(options.blobFolder);
  }

  async load(): Promise<void> {
    this.#saved = ((await this.#file.load()) ?? {}) as Record<string, SavedSearch | undefined>;
    const status = await this.#ctx.ask(chain.getStatus, {}, { timeoutMs: STARTUP_TIMEOUT_MS });
    const { optimae } = await this.#ctx.ask(chain.getOpenOptimae, {}, { timeoutMs: STARTUP_TIMEOUT_MS });
    this.#height = status.height;
    await this.#follow(status.domains, optimae);
  }

  async apply(block: BlockApplied): Promise<void> {
    this.#height = block.height;
    for (const record of block.records) for (const search of this.searches) search.apply(record);
    if (block.records.some((record) => record.type === 'DOMAIN' && record.status === 'active')) await this.reconcile();
  }

  async reconcile(): Promise<void> {
    const status = await this.#ctx.ask(chain.getStatus, {});
    const { optimae } = await this.#ctx.ask(chain.getOpenOptimae, {});
    await this.#follow(status.domains, optimae);
    for (const search of this.searches) {
      const view = status.domains.find((domain) => domain.domainId === search.domainId);
      if (view !== undefined) search.reconcile(view, optimae);
    }
  }

  widen(remoteSlots: number): void {
    this.#remoteSlots = remoteSlots;
    for (const search of this.searches) search.supply();
  }

  pause(): void {
    this.#paused = true;
    for (const search of this.searches) search.pause();
  }

  resume(): void {
    this.#paused = false;
    for (const search of this.searches) search.resume();
  }

  /** Begins to search where the chain has a domain now, and ends it where a branch switch took one away. */
  async #follow(views: readonly DomainView[], optimae: readonly OpenOptimum[]): Promise<void> {
    const isOnChain = ({ spec }: DomainSettings) =>
      views.some(({ domainId, specHash }) => domainId === spec.domainId && specHash === domainHash(spec));
    const wanted = this.#options.domains.filter(isOnChain);
    const isWanted = ({ domainId }: DomainSearch) => wanted.some(({ spec }) => spec.domainId === domainId);
    const ended = this.searches.filter((search) => !isWanted(search));
    this.#saved = { ...this.#saved, ...savedOf(ended) };
    for (const search of ended) search.pause();
    this.searches = this.searches.filter(isWanted);
    const added = wanted.filter(({ spec }) => !this.searches.some(({ domainId }) => domainId === spec.domainId));
    const begun = added.flatMap((settings) => {
      const view = views.find(({ domainId }) => domainId === settings.spec.domainId);
      return view === undefined ? [] : [{ view, search: this.#searchFor(settings, view) }];
    });
    this.searches = [...this.searches, ...begun.map(({ search }) => search)];
    for (const { view, search } of begun) {
      if (this.#paused) search.pause();
      await search.begin(view, optimae);
    }
  }

  #searchFor(settings: DomainSettings, view: DomainView): DomainSearch {
    const { parallel, nodeId, chainId } = this.#options;
    const keeper = this;
    const environment = {
      nodeId,
      chainId,
      get parallel() {
        return Math.max(1, Math.trunc((parallel + keeper.#remoteSlots) / keeper.searches.length));
      },
      blobs: this.#blobs,
      save: () => this.save(),
      saveSoon: () => this.#saveSoon(),
      chainHeight: () => this.#height,
      peers: () => this.peers.size,
    };
    return new DomainSearch(this.#ctx, settings, environment, view, this.#saved[view.domainId] ?? null);
  }

  /** Joins a save that is about to happen; resolves when the state of now is on disk. */
  save(): Promise<void> {
    this.#scheduled ??= new Promise<void>((resolve, reject) => {
      this.#ctx.after(0, () => {
        this.#scheduled = null;
        this.saveNow().then(resolve, reject);
      });
    });
    return this.#scheduled;
  }

  #saveSoon(): void {
    if (this.#timer) return;
    this.#timer = true;
    this.#ctx.after(SAVE_INTERVAL_MS, () => {
      this.#timer = false;
      return this.saveNow();
    });
  }

  saveNow(): Promise<void> {
    const settled = this.#options.domains.map(({ spec }) => [spec.domainId, this.#saved[spec.domainId]] as const);
    return this.#file.save({ ...Object.fromEntries(settled), ...savedOf(this.searches) });
  }
}

function savedOf(searches: readonly DomainSearch[]): Readonly<Record<string, SavedSearch>> {
  return Object.fromEntries(searches.map((search) => [search.domainId, search.saved()]));
}

export const optimizerActor = createOptimizerActor({
  openState: (file) => new JsonStateFile(file),
  createBlobStore: (folder) => new FileBlobStore(folder),
});
