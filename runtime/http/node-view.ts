/** What the HTTP server shows of a node, and what it needs to be told for that. */

import { UNITS_PER_COIN } from '../fixed/coins.js';
import { fromNano } from '../fixed/nano.js';
import type { ExportedFile, ExportFormat } from '../stats/export.js';
import type { OlapTable } from '../stats/olap-file.js';
import type { DeadLetter } from '../system/dead-letters.js';
import type { ActorStatus } from '../system/status.js';
import type { NodeEvent } from './events.js';
import type {
  BlockJson,
  ChainMetricsJson,
  ChainStatusJson,
  ExperimentsJson,
  FeesJson,
  HealthJson,
  PeersJson,
  PendingTasksJson,
  PoolJson,
  StatsExperimentsJson,
  StatsJson,
  StatsRoundsJson,
  StatusJson,
} from './status.js';

/** A page answers within this; an actor that takes longer is reported as unavailable. */
const PAGE_TIMEOUT_MS = 2000;
export const PAGE_TIMEOUT = { timeoutMs: PAGE_TIMEOUT_MS };

/** Of what reads much, or acts. */
export const LONG_TIMEOUT = { timeoutMs: 5_000 };

/** For displays; amounts that somebody may send are written exactly (runtime/fixed/coins.ts). */
export function coinsOf(units: number): number {
  return units / UNITS_PER_COIN;
}

/** As it was measured, of what the chain keeps in integers. */
export function performanceOf(nano: number | null): number | null {
  return nano === null ? null : fromNano(nano);
}

/** A part of a list: what comes after a row by its id, null from the beginning. */
export interface PageRequest {
  readonly after: string | null;
  readonly limit: number;
}

/** Everything the HTTP server shows. */
export interface StatusSource {
  health(): Promise<HealthJson>;
  status(): Promise<StatusJson>;
  chainStatus(): Promise<ChainStatusJson>;
  /** Blocks `from`..`to`, both included. */
  blocks(from: number, to: number): Promise<readonly BlockJson[]>;
  /** By height or by hash; null when there is none. */
  block(which: { readonly height: number } | { readonly hash: string }): Promise<BlockJson | null>;
  fees(): Promise<FeesJson>;
  peers(): Promise<PeersJson>;
  /** Seats of these domains, or of all, that wait for their evaluator's vote. */
  pendingTasks(domains: readonly string[] | null, limit: number): Promise<PendingTasksJson>;
  pool(): Promise<PoolJson>;
  experiments(): Promise<ExperimentsJson>;
  stats(domainId: string | null): Promise<StatsJson>;
  statsExperiments(page: PageRequest): Promise<StatsExperimentsJson>;
  /** Null for an experiment that this node does not know. */
  statsRounds(experimentId: string, page: PageRequest): Promise<StatsRoundsJson | null>;
  chainMetrics(domainId: string | null, page: PageRequest): Promise<ChainMetricsJson>;
  exportStats(format: ExportFormat, table: OlapTable): Promise<ExportedFile>;
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
  /** The tracker's star schema, for exports. */
  readonly olapFile: string;
  /** Where each actor stands, from the actor system. */
  readonly actors: () => Promise<readonly ActorStatus[]>;
  /** Messages between them that nobody handled, oldest first, and how many there were in all. */
  readonly deadLetters: () => { readonly total: number; readonly letters: readonly DeadLetter[] };
}
