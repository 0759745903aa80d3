/** One experiment as the tracker follows it: turns finished rounds into rows. Pure; the store keeps what it returns. */
import type { Experiment, Round } from '../optimizer/messages.js';
import type { ExperimentRow, RoundRow } from './rows.js';

/** Who runs the experiment, for its row. */
export interface NodeFacts {
  readonly nodeId: string;
  readonly hostname: string;
  readonly version: string;
}

/** What earlier rounds leave for later ones. Seconds count from the start of the experiment. */
export interface ExperimentProgress {
  readonly rounds: number;
  readonly bestPerformance: number | null;
  readonly secondsToBest: number | null;
  readonly secondsToTarget: number | null;
}

export const NO_PROGRESS: ExperimentProgress = {
  rounds: 0,
  bestPerformance: null,
  secondsToBest: null,
  secondsToTarget: null,
};

const iso = (timeMs: number) => new Date(timeMs).toISOString();

export function experimentRow(experiment: Experiment, node: NodeFacts): ExperimentRow {
  return {
    experiment_id: experiment.experimentId,
    domain_id: experiment.domainId,
    node_id: node.nodeId,
    hostname: node.hostname,
    optimizer_plugin: experiment.optimizer,
    performance_metric: experiment.metric,
    higher_is_better: experiment.direction === 'maximize' ? 1 : 0,
    optimization_config: JSON.stringify(experiment.optimizationConfig),
    param_bounds: JSON.stringify(experiment.parameterBounds),
    target_performance: experiment.targetPerformance,
    started_at: iso(experiment.startedAtMs),
    finished_at: null,
    converged: 0,
    doin_version: node.version,
  };
}

/** What stands where nothing is known yet. No announced experiment has an empty configuration. */
export const UNKNOWN_CONFIG = '{}';

/** What the tracker knows of a domain without its search. */
export interface DomainFacts {
  readonly metric: string;
  readonly direction: 'maximize' | 'minimize';
  readonly targetPerformance: number | null;
}

/**
 * The row of an experiment whose start this tracker did not hear of, from the first of its rounds that it did hear
 * of. It counts from the start of that round until the announcement comes and completes it.
 */
export function derivedExperimentRow(round: Round, domain: DomainFacts | undefined, node: NodeFacts): ExperimentRow {
  const row = experimentRow(
    {
      experimentId: round.experimentId,
      domainId: round.domainId,
      metric: domain?.metric ?? '',
      direction: domain?.direction ?? 'maximize',
      optimizer: round.optimizer,
      optimizationConfig: {},
      parameterBounds: {},
      targetPerformance: domain?.targetPerformance ?? null,
      startedAtMs: round.startedAtMs,
    },
    node,
  );
  return { ...row, optimization_config: UNKNOWN_CONFIG };
}

export function roundIdOf({ experimentId, roundNumber }: Pick<Round, 'experimentId' | 'roundNumber'>): string {
  return `${experimentId}:${roundNumber}`;
}

/** The row of one round, and the progress after it. */
export function trackRound(
  experiment: ExperimentRow,
  before: ExperimentProgress,
  round: Round,
): { readonly row: RoundRow; readonly progress: ExperimentProgress } {
  const elapsedSeconds = secondsBetween(Date.parse(experiment.started_at), round.finishedAtMs);
  const target = experiment.target_performance;
  const reached = target !== null && isAtLeast(round.bestPerformance, target, experiment.higher_is_better === 1);
  const progress: ExperimentProgress = {
    rounds: before.rounds + 1,
    bestPerformance: round.bestPerformance,
    secondsToBest: round.isImprovement ? elapsedSeconds : before.secondsToBest,
    secondsToTarget: before.secondsToTarget ?? (reached ? elapsedSeconds : null),
  };
  const row: RoundRow = {
    round_id: roundIdOf(round),
    experiment_id: round.experimentId,
    domain_id: round.domainId,
    round_number: round.roundNumber,
    timestamp_utc: iso(round.finishedAtMs),
    performance: round.performance,
    best_performance: round.bestPerformance,
    performance_delta: before.bestPerformance === null ? null : round.performance - before.bestPerformance,
    is_improvement: round.isImprovement ? 1 : 0,
    parameters: JSON.stringify(round.parameters),
    best_parameters: JSON.stringify(round.bestParameters),
    wall_clock_seconds: secondsBetween(round.startedAtMs, round.finishedAtMs),
    elapsed_seconds: elapsedSeconds,
    time_to_current_best_seconds: progress.secondsToBest,
    time_to_target_seconds: progress.secondsToTarget,
    chain_height: round.chainHeight,
    peers_count: round.peers,
    converged: progress.secondsToTarget === null ? 0 : 1,
    total_rounds: progress.rounds,
    generation: round.generation,
    population_size: round.populationSize,
    no_improve_counter: round.noImproveGenerations,
    standard_error: round.standardError,
    epochs: round.epochs,
    migrant: round.migrant ? 1 : 0,
  };
  return { row, progress };
}

function isAtLeast(value: number, target: number, higherIsBetter: boolean): boolean {
  return higherIsBetter ? value >= target : value <= target;
}

/** Milliseconds carry no more than three decimals; clocks that step back count as no time. */
function secondsBetween(fromMs: number, toMs: number): number {
  return Math.max(0, toMs - fromMs) / 1000;
}
