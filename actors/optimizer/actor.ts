/** The optimizer actor: one search per domain, fed by the chain, saved after every step that matters. */

import { type BlobStore, FileBlobStore } from '../../runtime/storage/blob-store.js';
import { JsonStateFile, type StateFile } from '../../runtime/storage/state-file.js';
import { type ActorContext, defineActor } from '../../runtime/system/actor.js';
import { type BlockApplied, chain } from '../chain/messages.js';
import { unlessChainRestarts } from '../chain/restarts.js';
import type { NodeId } from '../chain/types.js';
import { gossip } from '../gossip/messages.js';
import { DomainSearch, type SavedSearch } from './domain-search.js';
import type { DomainSettings } from './experiment.js';
import { optimizer } from './messages.js';

export interface OptimizerOptions {
  readonly nodeId: NodeId;
  readonly chainId: string;
  readonly stateFile: string;
  readonly blobFolder: string;
  /** Candidates in the pool at a time, over all domains. */
  readonly parallel: number;
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
    listensTo: [chain.blockApplied, chain.blocksReverted, gossip.peerConnected, gossip.peerDisconnected],
    async start(ctx: ActorContext, options: OptimizerOptions) {
      const keeper = new SearchKeeper(ctx, options, modules);
      await keeper.load();
      ctx.every(RECONCILE_MS, () => keeper.reconcile().catch(unlessChainRestarts(ctx)));
      return {
        handlers: {
          getProgress: () => ({ domains: keeper.searches.map((search) => search.progress()) }),
          pause: () => {
            for (const search of keeper.searches) search.pause();
          },
          resume: () => {
            for (const search of keeper.searches) search.resume();
          },
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
        },
        stop: () => keeper.saveNow(),
        inspect: () => keeper.searches.map((search) => search.progress()),
      };
    },
  });
}

class SearchKeeper {
  readonly searches: DomainSearch[] = [];
  readonly peers = new Set<string>();
  readonly #ctx: ActorContext;
  readonly #options: OptimizerOptions;
  readonly #file: StateFile;
  readonly #blobs: BlobStore;
  #height = 0;
  #scheduled: Promise<void> | null = null;
  #timer = false;

  constructor(ctx: ActorContext, options: OptimizerOptions, modules: OptimizerModules) {
    this.#ctx = ctx;
    this.#options = options;
    this.#file = modules.openState(options.stateFile);
    this.#blobs = modules.createBlobStore(options.blobFolder);
  }

  async load(): Promise<void> {
    const saved = ((await this.#file.load()) ?? {}) as Record<string, SavedSearch | undefined>;
    const status = await this.#ctx.ask(chain.getStatus, {}, { timeoutMs: STARTUP_TIMEOUT_MS });
    const { optimae } = await this.#ctx.ask(chain.getOpenOptimae, {}, { timeoutMs: STARTUP_TIMEOUT_MS });
    this.#height = status.height;
    const { domains, parallel, nodeId, chainId } = this.#options;
    for (const settings of domains) {
      const view = status.domains.find((domain) => domain.domainId === settings.spec.domainId);
      if (view === undefined) continue;
      const environment = {
        nodeId,
        chainId,
        parallel: Math.max(1, Math.trunc(parallel / domains.length)),
        blobs: this.#blobs,
        save: () => this.save(),
        saveSoon: () => this.#saveSoon(),
        chainHeight: () => this.#height,
        peers: () => this.peers.size,
      };
      const search = new DomainSearch(this.#ctx, settings, environment, view, saved[view.domainId] ?? null);
      this.searches.push(search);
      await search.begin(view, optimae);
    }
  }

  apply(block: BlockApplied): void {
    this.#height = block.height;
    for (const record of block.records) for (const search of this.searches) search.apply(record);
  }

  async reconcile(): Promise<void> {
    const status = await this.#ctx.ask(chain.getStatus, {});
    const { optimae } = await this.#ctx.ask(chain.getOpenOptimae, {});
    for (const search of this.searches) {
      const view = status.domains.find((domain) => domain.domainId === search.domainId);
      if (view !== undefined) search.reconcile(view, optimae);
    }
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
    return this.#file.save(Object.fromEntries(this.searches.map((search) => [search.domainId, search.saved()])));
  }
}

export const optimizerActor = createOptimizerActor({
  openState: (file) => new JsonStateFile(file),
  createBlobStore: (folder) => new FileBlobStore(folder),
});
