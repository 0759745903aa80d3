/** What the commands need of the rest of the program. `main.ts` fills it in; the commands import no node code. */

import type { Environment } from '../../config/environment.js';
import type { ConfigOverrides } from '../../config/load.js';
import type { NodeConfig } from '../../config/schema.js';
import type { LocalDomainSpec } from '../../gpu-workers/types.js';
import type { EventPort } from '../http/port.js';
import type { NodeSummary, StatusJson } from '../http/status.js';
import type { PostgresSyncOptions } from '../stats/postgres/run.js';
import type { LogRecord } from '../system/logging.js';

export interface CliNode {
  readonly nodeId: string;
  readonly httpUrl: string;
  readonly p2pAddresses: readonly string[];
  readonly system: EventPort;
  status(): Promise<StatusJson>;
  /** Ends searching; what the chain still waits for is finished. */
  pauseOptimizer(): void;
  stop(): Promise<NodeSummary>;
  /** Settles when the node ends by itself: rejects with why. Absent: it never does. */
  readonly failed?: Promise<never>;
}

/** What came of doing accepted evaluations again. */
export interface ReplayReport {
  /** Votes that were compared, bit by bit. */
  readonly replayed: number;
  /** Of these: votes that are not what the evaluation gives. */
  readonly mismatches: number;
  /** Accepted optima whose weights are not in the data folder. */
  readonly withoutBlob: number;
  /** Accepted optima of domains whose votes are not bit-exact, or whose module is not this user's. */
  readonly notRepeatable: number;
}

export interface VerifyReport {
  readonly ok: boolean;
  readonly height: number;
  readonly tipHash: string;
  readonly proofBlocks: number;
  readonly accepted: number;
  /** Anchors that were compared with the chain; null when none were asked for. */
  readonly anchors: number | null;
  /** Null when it was not asked for, or the chain itself is not valid. */
  readonly replay: ReplayReport | null;
  /** Why the chain is not valid; null when it is. */
  readonly problem: string | null;
}

/** A state in a file. */
export interface SnapshotReport {
  readonly chainId: string;
  /** Of the block whose state it is. */
  readonly height: number;
  readonly hash: string;
  readonly stateRoot: string;
  readonly chunks: number;
  readonly sizeBytes: number;
}

export interface SnapshotCheck extends SnapshotReport {
  readonly ok: boolean;
  /** Of those that were asked, who has this very block. */
  readonly vouching: readonly string[];
  /** Null when the file is right, and nobody asked says otherwise. */
  readonly problem: string | null;
}

export interface DoctorFinding {
  readonly check: string;
  readonly level: 'ok' | 'warn' | 'fail';
  readonly found: string;
  readonly fix: string | null;
}

export interface DoctorReport {
  readonly findings: readonly DoctorFinding[];
  readonly advice: {
    readonly placement: Readonly<Record<string, readonly string[]>>;
    readonly threads: number;
    readonly memoryMb: number;
    readonly reason: string;
  };
}

export interface DevnetMember {
  readonly configFile: string;
  readonly dataDir: string;
}

export interface NodeHooks {
  /** Sentences for the user about the node's own life. */
  onEvent?(line: string): void;
  /** Log lines of the actors; left out, they go to standard error as JSON. */
  onLog?(record: LogRecord): void;
  /** Where to write what the node traces, in Chrome's trace-event format. */
  readonly traceFile?: string;
}

/** Each is loaded only when its command runs, so that `--help` and usage errors are quick. */
export interface CliModules {
  startNode(config: NodeConfig, hooks: NodeHooks): Promise<CliNode>;
  createDevnet(options: { nodes: number; dataDir: string }): Promise<readonly DevnetMember[]>;
  diagnose(config: NodeConfig): Promise<DoctorReport>;
  testDomain(
    target: string,
    cancelMs: number,
  ): AsyncIterable<{ readonly title: string; readonly problem: string | null; readonly seconds: number }>;
  newDomain(name: string): Promise<string>;
  /** A definition as network files have it, and the hash of what it was read from. */
  readDomain(target: string): Promise<{ readonly definition: unknown; readonly dataHash: string }>;
  syncPostgres(options: PostgresSyncOptions): Promise<void>;
  exportSnapshot(options: {
    dataDir: string;
    file: string;
    anchored: boolean;
    onBlock?(height: number, tipHeight: number): void;
    onChunk?(done: number, total: number): void;
  }): Promise<SnapshotReport>;
  checkSnapshot(options: {
    file: string;
    checkpoint: string;
    anchors?: NodeConfig['anchors'];
    onChunk?(done: number, total: number): void;
  }): Promise<SnapshotCheck>;
  /** By the hash under which a network knows them. */
  loadDefinitions(files: readonly string[]): Promise<ReadonlyMap<string, LocalDomainSpec>>;
  /** Resolves when it was ended; rejects when it cannot work for this node. */
  runWorker(options: RemoteWorkerOptions): Promise<void>;
  verifyChain(options: {
    dataDir: string;
    anchors?: NodeConfig['anchors'];
    replay?: { domains: readonly string[] };
    onProgress?(height: number, tipHeight: number): void;
    onReplayed?(done: number, total: number): void;
  }): Promise<VerifyReport>;
}

export type WorkerTask =
  | { readonly domainId: string; readonly kind: string; readonly state: 'started' | 'ended' }
  | {
      readonly domainId: string;
      readonly kind: string;
      readonly state: 'done';
      readonly performance: number;
      readonly seconds: number;
    };

export interface RemoteWorkerOptions {
  /** HTTP address of the node. */
  readonly url: string;
  readonly token: string;
  readonly name: string;
  readonly threads: number;
  readonly niceIncrement: number;
  /** Domains defined on this machine, by the hash of their definition. */
  readonly own: ReadonlyMap<string, LocalDomainSpec>;
  /** Ends the worker, which gives its tasks back first. */
  readonly signal: AbortSignal;
  say(event: { readonly type: 'connected' | 'warning'; readonly text: string }): void;
  onTask(task: WorkerTask): void;
}

export interface CliIo {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Variables that hold settings, usually process.env. */
  readonly environment: Environment;
  /** The process that started this one and speaks IPC with it; null when a person did. */
  readonly parent: NodeJS.Process | null;
  /** Path of the launcher, for commands that start further processes. */
  readonly launcher: string;
}

export type { ConfigOverrides };
