/** Runs the tracker's definition in this process against real files, with a context whose chain is a list of blocks. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Subject } from 'rxjs';
import type { BlockApplied } from '../../../actors/chain/messages.js';
import type { ChainRecord } from '../../../actors/chain/types.js';
import type { Experiment, Round } from '../../../actors/optimizer/messages.js';
import { type TrackerOptions, trackerActor } from '../../../actors/tracker/actor.js';
import type { ActorContext, Envelope } from '../../../runtime/system/actor.js';

const HASH = '00'.repeat(32);
const envelope = {} as Envelope;

export function newOptions(): TrackerOptions {
  const folder = mkdtempSync(join(tmpdir(), 'doin-tracker-'));
  return {
    csvFile: join(folder, 'experiments.csv'),
    olapFile: join(folder, 'olap.db'),
    nodeId: 'aa'.repeat(32),
    hostname: 'host',
    version: '0.1.0',
    domains: [
      {
        domainId: 'digits',
        metric: 'accuracy',
        direction: 'maximize',
        targetPerformance: 0.9,
        space: [{ name: 'rate', kind: 'float', low: 0, high: 1_000_000_000 }],
      },
    ],
  };
}

export interface TrackerRun {
  readonly warnings: string[];
  /** What `chain.getApplied` answers, by height. */
  readonly blocks: Map<number, BlockApplied>;
  /** Number of blocks the tracker asked for. */
  asked(): number;
  started(experiment: Experiment): Promise<void>;
  round(round: Round): Promise<void>;
  converged(experimentId: string): Promise<void>;
  applied(block: BlockApplied): Promise<void>;
  reverted(hashes: readonly string[]): Promise<void>;
  flush(): Promise<number>;
  experiments(): Promise<readonly unknown[]>;
  stop(): Promise<void>;
}

/** `canonical`: what the chain has already. */
export async function startTracker(
  options: TrackerOptions,
  canonical: readonly BlockApplied[] = [],
): Promise<TrackerRun> {
  const warnings: string[] = [];
  const blocks = new Map(canonical.map((known) => [known.height, known]));
  const timers = new Set<NodeJS.Timeout>();
  let asked = 0;
  const context: ActorContext = {
    role: 'tracker',
    log: { debug() {}, info() {}, warn: (message) => void warnings.push(message), error() {} },
    signal: new AbortController().signal,
    messages: new Subject<Envelope>(),
    now: () => 1_700_000_100_000,
    monotonic: () => performance.now(),
    randomBytes: (length) => new Uint8Array(length),
    after(delayMs, callback) {
      const timer = setTimeout(callback, delayMs);
      timers.add(timer);
      return () => clearTimeout(timer);
    },
    every: () => () => undefined,
    tell() {},
    canSend: () => true,
    ready: () => Promise.resolve(),
    async ask(_reference, request) {
      asked += 1;
      const { fromHeight, limit } = request as { fromHeight: number; limit: number };
      const found = [...blocks.values()].filter(({ height }) => height >= fromHeight);
      return { blocks: found.sort((a, b) => a.height - b.height).slice(0, limit) } as never;
    },
    emit() {},
  };
  const { handlers, events, stop } = await trackerActor.start(context, options);
  return {
    warnings,
    blocks,
    asked: () => asked,
    started: async (experiment) => events['optimizer.experimentStarted'](experiment, envelope),
    round: async (round) => events['optimizer.roundFinished'](round, envelope),
    converged: async (experimentId) =>
      events['optimizer.converged']({ domainId: 'digits', experimentId, reason: 'patience' }, envelope),
    async applied(block) {
      blocks.set(block.height, block);
      await events['chain.blockApplied'](block, envelope);
    },
    async reverted(hashes) {
      for (const block of [...blocks.values()]) if (hashes.includes(block.hash)) blocks.delete(block.height);
      await events['chain.blocksReverted']({ hashes, height: 0 }, envelope);
    },
    flush: async () => (await handlers.flush({}, envelope)).rounds,
    experiments: async () => (await handlers.getExperiments({}, envelope)).experiments,
    async stop() {
      for (const timer of timers) clearTimeout(timer);
      await stop?.();
    },
  };
}

export const experiment: Experiment = {
  experimentId: 'experiment-1',
  domainId: 'digits',
  metric: 'accuracy',
  direction: 'maximize',
  optimizer: 'ga',
  optimizationConfig: { optimization_patience: 10, population_size: 12 },
  parameterBounds: { rate: [0, 1] },
  targetPerformance: 0.9,
  startedAtMs: 1_700_000_000_000,
};

export function roundNumber(number: number, performance: number, best: number, isImprovement: boolean): Round {
  const finishedAtMs = experiment.startedAtMs + number * 1000;
  return {
    experimentId: experiment.experimentId,
    domainId: 'digits',
    roundNumber: number,
    startedAtMs: finishedAtMs - 400,
    finishedAtMs,
    optimizer: 'ga',
    genome: [5],
    parameters: { rate: 0.5, note: 'a "quoted", text' },
    performance,
    standardError: 0.01,
    bestPerformance: best,
    bestParameters: { rate: 0.5 },
    isImprovement,
    epochs: 7,
    generation: 1,
    populationSize: 12,
    noImproveGenerations: 0,
    chainHeight: number,
    peers: 2,
    migrant: false,
  };
}

function acceptedRecord(optimum: string): ChainRecord {
  return {
    type: 'OPTIMAE_ACCEPTED',
    optimum,
    domain: 'digits',
    optimizer: 'dd'.repeat(32),
    genome: [250_000_000],
    blob: null,
    reportedNano: 950_000_000,
    verifiedNano: 940_000_000,
    previousBestNano: 900_000_000,
    rawIncrementNano: 40_000_000,
    effectiveIncrementNano: 20_000_000,
    rewardFractionNano: 1_000_000_000,
    seats: 3,
    agreeing: 2,
    votes: [],
    experiment: {
      experimentId: 'other-node',
      roundNumber: 4,
      timeToThisResultMs: 1500,
      optimizationConfigHash: HASH,
      dataHash: HASH,
    },
  };
}

/** A block that accepts the named optima. Its hash is its name. */
export function block(height: number, hash: string, parent: string, optimae: readonly string[] = []): BlockApplied {
  const records = optimae.map(acceptedRecord);
  const timestampMs = 1_700_000_000_000 + height * 1000;
  return { height, hash, parent, timestampMs, proposer: HASH, isProofBlock: false, transactions: 0, records };
}
