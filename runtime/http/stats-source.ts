/** The pages of the tracker: experiments, rounds, optimae of the chain, exports. */
import { tracker } from '../../actors/tracker/messages.js';
import { exportStatistics } from '../stats/export.js';
import { PAGE_TIMEOUT, type PageRequest, type SourceFacts, type StatusSource } from './node-view.js';
import type { AskPort } from './port.js';

type StatsPages = Pick<
  StatusSource,
  'experiments' | 'stats' | 'statsExperiments' | 'statsRounds' | 'chainMetrics' | 'exportStats'
>;

export function statsPages(system: AskPort, facts: Pick<SourceFacts, 'olapFile'>): StatsPages {
  return {
    async experiments() {
      const { experiments } = await system.ask(tracker.getExperiments, {}, PAGE_TIMEOUT);
      return {
        experiments: experiments.map((experiment) => ({
          experiment_id: experiment.experimentId,
          domain_id: experiment.domainId,
          total_rounds: experiment.totalRounds,
          best_performance: experiment.bestPerformance,
          converged: experiment.converged,
          elapsed_seconds: experiment.elapsedSeconds,
        })),
      };
    },

    stats: (domainId) => system.ask(tracker.getDomains, { domainId }, PAGE_TIMEOUT),

    async statsExperiments(page) {
      const { experiments, summaries } = await system.ask(tracker.getExperimentRows, oneMore(page), PAGE_TIMEOUT);
      const part = pageOf(experiments, page, (row) => row.experiment_id);
      return { experiments: part.rows, summaries: summaries.slice(0, page.limit), next: part.next };
    },

    async statsRounds(experimentId, page) {
      const { rounds } = await system.ask(tracker.getRounds, { experimentId, ...oneMore(page) }, PAGE_TIMEOUT);
      if (rounds === null) return null;
      const part = pageOf(rounds, page, (row) => row.round_id);
      return { rounds: part.rows, next: part.next };
    },

    async chainMetrics(domainId, page) {
      const { optimae } = await system.ask(tracker.getChainOptimae, { domainId, ...oneMore(page) }, PAGE_TIMEOUT);
      const part = pageOf(optimae, page, (row) => row.optimae_id);
      return { metrics: part.rows, count: part.rows.length, next: part.next };
    },

    async exportStats(format, table) {
      await system.ask(tracker.flush, {}, PAGE_TIMEOUT);
      return exportStatistics(facts.olapFile, format, table);
    },
  };
}

/** One row beyond the page says whether there is a next one. */
function oneMore({ after, limit }: PageRequest): PageRequest {
  return { after, limit: limit + 1 };
}

function pageOf<R>(
  rows: readonly R[],
  { limit }: PageRequest,
  idOf: (row: R) => string,
): { readonly rows: readonly R[]; readonly next: string | null } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { rows: shown, next: rows.length > limit && last !== undefined ? idOf(last) : null };
}
