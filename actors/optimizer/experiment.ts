/** One run of one strategy on one domain: its identity, its rounds, and what of it survives a restart. */

import type { DomainSpec, Measurement } from '../../gpu-workers/types.js';
import { toHex, toUtf8 } from '../../runtime/codec/bytes.js';
import { hash } from '../../runtime/crypto/hash.js';
import { fromNano } from '../../runtime/fixed/nano.js';
import { decodeGenome, type Genome, type Space } from '../../runtime/genome/space.js';
import { domainHash } from '../chain/genesis.js';
import type { ExperimentClaim, Hash } from '../chain/types.js';
import type { Experiment, Round } from './messages.js';
import type { StrategyName } from './strategies/names.js';
import type { Candidate, Strategy } from './strategies/strategy.js';

export interface DomainSettings {
  readonly spec: DomainSpec;
  readonly optimizer: StrategyName;
  readonly populationSize: number;
  /** L2 patience in generations. */
  readonly optimizationPatience: number;
  /** L1 patience in epochs. */
  readonly earlyPatience: number;
  readonly maxEpochs: number;
  readonly targetPerformance: number | null;
}

/** The persistent part of an experiment. */
export interface ExperimentState {
  readonly experimentId: string;
  readonly seed: string;
  readonly startedAtMs: number;
  readonly rounds: number;
  readonly bestPerformance: number | null;
  readonly bestGenome: Genome | null;
}

export function newExperiment(randomBytes: (length: number) => Uint8Array, nowMs: number): ExperimentState {
  return {
    experimentId: toHex(randomBytes(8)),
    seed: toHex(randomBytes(32)),
    startedAtMs: nowMs,
    rounds: 0,
    bestPerformance: null,
    bestGenome: null,
  };
}

export function describeExperiment(state: ExperimentState, settings: DomainSettings): Experiment {
  const { spec } = settings;
  return {
    experimentId: state.experimentId,
    domainId: spec.domainId,
    metric: spec.metric,
    direction: spec.direction,
    optimizer: settings.optimizer,
    optimizationConfig: searchConfig(settings),
    parameterBounds: boundsOf(spec.space),
    targetPerformance: settings.targetPerformance,
    startedAtMs: state.startedAtMs,
  };
}

function searchConfig(settings: DomainSettings): Record<string, unknown> {
  const { optimizer, populationSize, optimizationPatience, earlyPatience, maxEpochs } = settings;
  return {
    optimizer,
    population_size: populationSize,
    optimization_patience: optimizationPatience,
    early_patience: earlyPatience,
    max_epochs: maxEpochs,
  };
}

function boundsOf(space: Space): Record<string, readonly (number | string)[]> {
  return Object.fromEntries(
    space.map((parameter) => {
      if (parameter.kind === 'categorical') return [parameter.name, parameter.choices];
      const bounds =
        parameter.kind === 'float'
          ? [fromNano(parameter.low), fromNano(parameter.high)]
          : [parameter.low, parameter.high];
      return [parameter.name, bounds];
    }),
  );
}

/** Hash of the search's configuration, so that others can group results by it. */
export function configHash(settings: DomainSettings): Hash {
  return hash('doin/config', [toUtf8(JSON.stringify(searchConfig(settings)))]);
}

export function claimOf(state: ExperimentState, settings: DomainSettings, nowMs: number): ExperimentClaim {
  return {
    experimentId: state.experimentId,
    roundNumber: state.rounds,
    timeToThisResultMs: Math.max(0, nowMs - state.startedAtMs),
    optimizationConfigHash: configHash(settings),
    dataHash: domainHash(settings.spec),
  };
}

export function beats(candidate: number, best: number | null, direction: 'maximize' | 'minimize'): boolean {
  if (best === null) return true;
  return direction === 'maximize' ? candidate > best : candidate < best;
}

/** The experiment after one more candidate was measured. */
export function withRound(
  state: ExperimentState,
  direction: 'maximize' | 'minimize',
  genome: Genome,
  performance: number,
): ExperimentState {
  const improved = beats(performance, state.bestPerformance, direction);
  return {
    ...state,
    rounds: state.rounds + 1,
    bestPerformance: improved ? performance : state.bestPerformance,
    bestGenome: improved ? genome : state.bestGenome,
  };
}

export function roundOf(
  after: ExperimentState,
  settings: DomainSettings,
  strategy: Strategy,
  run: {
    readonly candidate: Candidate;
    readonly measurement: Measurement;
    readonly epochs: number;
    readonly startedAtMs: number;
    readonly finishedAtMs: number;
    readonly isImprovement: boolean;
    readonly chainHeight: number;
    readonly peers: number;
  },
): Round {
  const { space } = settings.spec;
  const { candidate, measurement, ...rest } = run;
  const { generation, populationSize, noImproveGenerations } = strategy.statistics();
  return {
    ...rest,
    experimentId: after.experimentId,
    domainId: settings.spec.domainId,
    roundNumber: after.rounds,
    optimizer: settings.optimizer,
    genome: candidate.genome,
    parameters: decodeGenome(space, candidate.genome),
    performance: measurement.performance,
    standardError: measurement.standardError,
    bestPerformance: after.bestPerformance ?? measurement.performance,
    bestParameters: decodeGenome(space, after.bestGenome ?? candidate.genome),
    generation,
    populationSize,
    noImproveGenerations,
    migrant: candidate.migrant,
  };
}
