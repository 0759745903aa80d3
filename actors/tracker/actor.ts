/**
 * The tracker: every round of this node's searches, from the first, as a CSV row and in a star schema, and every
 * optimum that the chain accepted, whoever found it. Nothing waits for it: rounds are collected for a moment and
 * written in one transaction. SQLite is written first; the CSV follows from it and is completed at the next start
 * if a crash came in between.
 */
import { errorMessage } from '../../runtime/errors.js';
import type { Space } from '../../runtime/genome/space.js';
import { CsvAppender } from '../../runtime/storage/csv-appender.js';
import { Database } from '../../runtime/storage/sqlite.js';
import { type ActorContext, defineActor } from '../../runtime/system/actor.js';
import { chain } from '../chain/messages.js';
import { type Experiment, optimizer, type Round } from '../optimizer/messages.js';
import { ChainFollower, PAGE } from './chain-optimae.js';
import { derivedExperimentRow, experimentRow, type NodeFacts } from './experiment.js';
import { tracker } from './messages.js';
import { OlapQueries } from './olap-queries.js';
import { OlapStore } from './olap-store.js';
import { RoundWriter } from './round-writer.js';
import { CSV_COLUMNS } from './schema.js';
import { TrialQueries } from './trials.js';

/** How long rounds are collected before they are written together. */
const BATCH_MS = 50;
/** More than this and the mailbox waits for the disk. */
const BATCH_ROUNDS = 500;

export interface TrackedDomain {
  readonly domainId: string;
  readonly metric: string;
  readonly direction: 'maximize' | 'minimize';
  readonly targetPerformance: number | null;
  /** With it, parameters of other nodes' optimae are stored by name instead of as bare genomes. */
  readonly space?: Space;
}

export interface TrackerOptions extends NodeFacts {
  readonly csvFile: string;
  readonly olapFile: string;
  readonly domains: readonly TrackedDomain[];
}

async function openStore(database: Database, options: TrackerOptions): Promise<OlapStore> {
  const store = new OlapStore(database, options.olapFile);
  await store.prepare(
    options.domains.map((domain) => ({
      domain_id: domain.domainId,
      domain_type: 'optimization',
      description: `${domain.direction} ${domain.metric}`,
      performance_metric: domain.metric,
      higher_is_better: domain.direction === 'maximize' ? 1 : 0,
      target_performance: domain.targetPerformance,
    })),
  );
  return store;
}

export const trackerActor = defineActor({
  role: 'tracker',
  protocol: tracker,
  listensTo: [
    optimizer.experimentStarted,
    optimizer.roundFinished,
    optimizer.converged,
    chain.blockApplied,
    chain.blocksReverted,
  ],
  async start(ctx: ActorContext, options: TrackerOptions) {
    const database = await Database.open(options.olapFile);
    const store = await openStore(database, options);
    const queries = new OlapQueries(database);
    const trials = new TrialQueries(database);
    const csv = await CsvAppender.open(options.csvFile, CSV_COLUMNS);
    if (csv.repairedBytes > 0) ctx.log.warn('dropped a torn last line of the CSV', { bytes: csv.repairedBytes });
    let derivedExperiments = 0;
    const writer = new RoundWriter(store, csv, (round) => {
      derivedExperiments += 1;
      const { experimentId, domainId, roundNumber } = round;
      ctx.log.warn('round of an experiment whose start was not heard', { experimentId, domainId, roundNumber });
      const domain = options.domains.find((candidate) => candidate.domainId === domainId);
      return derivedExperimentRow(round, domain, options);
    });
    await writer.completeCsv();
    const spaces = new Map(options.domains.flatMap(({ domainId, space }) => (space ? [[domainId, space]] : [])));
    const follower = new ChainFollower(
      {
        store,
        spaces,
        now: () => ctx.now(),
        readBlocks: async (fromHeight) => (await ctx.ask(chain.getApplied, { fromHeight, limit: PAGE })).blocks,
      },
      await store.getCursor(),
    );

    // A chain at rest tells of no block that would bring up what was missed.
    await follower.catchUp().catch((error: unknown) => {
      ctx.log.warn('the chain is read when its next block comes', { error: errorMessage(error) });
    });

    let timerRuns = false;
    const flushSoon = () => {
      if (timerRuns) return;
      timerRuns = true;
      ctx.after(BATCH_MS, async () => {
        timerRuns = false;
        await writer.flush();
      });
    };

    return {
      handlers: {
        getExperiments: async () => ({ experiments: await queries.summaries() }),
        getDomains: async ({ domainId }) => ({ domains: await queries.domains(domainId) }),
        getExperimentRows: (page) => queries.experiments(page),
        getRounds: async ({ experimentId, ...page }) => {
          await writer.flush();
          return {
            rounds: (await queries.hasExperiment(experimentId)) ? await queries.rounds(experimentId, page) : null,
          };
        },
        getChainOptimae: async ({ domainId, ...page }) => ({ optimae: await queries.chainOptimae(domainId, page) }),
        getTrials: async (query) => {
          await writer.flush();
          return trials.page(query);
        },
        getTrialSample: async ({ domainId, limit }) => {
          await writer.flush();
          return trials.sample(domainId, limit);
        },
        getAccepted: async ({ domainId, limit }) => ({ accepted: await trials.accepted(domainId, limit) }),
        flush: async () => {
          await writer.flush();
          return { rounds: await store.countRounds() };
        },
      },
      events: {
        'optimizer.experimentStarted': async (experiment: Experiment) => {
          await writer.flush();
          await store.addExperiment(experimentRow(experiment, options));
        },
        'optimizer.roundFinished': async (round: Round) => {
          writer.add(round);
          if (writer.waiting >= BATCH_ROUNDS) await writer.flush();
          else flushSoon();
        },
        'optimizer.converged': async ({ experimentId }) => {
          await writer.flush();
          await store.finishExperiment(experimentId, new Date(ctx.now()).toISOString());
        },
        'chain.blockApplied': (block) => follower.apply(block),
        'chain.blocksReverted': ({ hashes }) => follower.revert(hashes),
      },
      async stop() {
        try {
          await writer.flush();
        } catch (error) {
          ctx.log.error('rounds could not be written at stop', { lost: writer.waiting, error: errorMessage(error) });
          throw error;
        } finally {
          await csv.close();
          await store.close();
        }
      },
      inspect: () => ({ waiting: writer.waiting, derivedExperiments }),
    };
  },
});
