/** What the dashboard asks for beside the pages that everybody uses: few rows of much, in the shape it draws them. */
import { type BranchesView, chain } from '../../actors/chain/messages.js';
import { type Moment, type QuorumView, quorum } from '../../actors/quorum/messages.js';
import { reputation } from '../../actors/reputation/messages.js';
import { MICRO } from '../../actors/reputation/rules.js';
import { type Trial, type TrialQuery, tracker } from '../../actors/tracker/messages.js';
import { peerIdOf } from '../crypto/peer-id.js';
import { coinsOf, LONG_TIMEOUT, performanceOf } from './node-view.js';
import type { AskPort } from './port.js';

/** More accepted optimae than this are not told apart in a plot. */
const ACCEPTED_SHOWN = 2_000;
const MEMBERS_SHOWN = 500;

/** Each answers plain JSON. */
export interface Explore {
  convergence(domainId: string, points: number): Promise<unknown>;
  trials(query: TrialQuery): Promise<unknown>;
  sample(domainId: string, limit: number): Promise<unknown>;
  optimae(limit: number): Promise<unknown>;
  members(): Promise<unknown>;
  incidents(limit: number): Promise<unknown>;
  branches(heights: number): Promise<unknown>;
}

export function createExplore(system: AskPort): Explore {
  return {
    async convergence(domainId, points) {
      const [sample, { accepted }] = await Promise.all([
        system.ask(tracker.getTrialSample, { domainId, limit: points }, LONG_TIMEOUT),
        system.ask(tracker.getAccepted, { domainId, limit: ACCEPTED_SHOWN }, LONG_TIMEOUT),
      ]);
      return {
        domain_id: domainId,
        total: sample.total,
        trials: sample.spread.map(pointJson),
        improvements: sample.improvements.map(pointJson),
        accepted: accepted.map(({ timestampMs, ...optimum }) => ({ ...optimum, timestamp_ms: timestampMs })),
      };
    },

    async trials(query) {
      const { trials, total } = await system.ask(tracker.getTrials, query, LONG_TIMEOUT);
      return { total, offset: query.offset, trials: trials.map(trialJson) };
    },

    async sample(domainId, limit) {
      const { total, spread, improvements } = await system.ask(
        tracker.getTrialSample,
        { domainId, limit },
        LONG_TIMEOUT,
      );
      return { total, trials: spread.map(trialJson), improvements: improvements.map(trialJson) };
    },

    async optimae(limit) {
      const [{ quorums }, status] = await Promise.all([
        system.ask(quorum.getQuorums, { limit }, LONG_TIMEOUT),
        system.ask(chain.getStatus, {}, LONG_TIMEOUT),
      ]);
      const { height } = status.finalized;
      return { chain_height: status.height, optimae: quorums.map((view) => optimumJson(view, height)) };
    },

    async members() {
      const [{ members }, { table }] = await Promise.all([
        system.ask(chain.getMembers, {}, LONG_TIMEOUT),
        system.ask(reputation.getTable, { limit: MEMBERS_SHOWN }, LONG_TIMEOUT),
      ]);
      const accounts = new Map(members.map((member) => [member.nodeId, member]));
      return {
        members: table.map((view) => ({
          node_id: view.nodeId,
          peer_id: peerIdOf(view.nodeId),
          reputation: view.reputationMicro / MICRO,
          balance: coinsOf(accounts.get(view.nodeId)?.balanceUnits ?? 0),
          evaluates: accounts.get(view.nodeId)?.evaluates ?? [],
          accepted_optimae: view.acceptedOptimae,
          rejected_optimae: view.rejectedOptimae,
          agreed_votes: view.agreedVotes,
          divergent_votes: view.divergentVotes,
          missed_seats: view.missedSeats,
        })),
      };
    },

    async incidents(limit) {
      const { incidents } = await system.ask(reputation.getIncidents, { limit }, LONG_TIMEOUT);
      return {
        incidents: incidents.map(({ node, reportedBy, timestampMs, domain, ...incident }) => ({
          ...incident,
          domain_id: domain,
          node_id: node,
          reported_by: reportedBy,
          timestamp_ms: timestampMs,
        })),
      };
    },

    async branches(heights) {
      return branchesJson(await system.ask(chain.getBranches, { heights }, LONG_TIMEOUT));
    },
  };
}

function pointJson({ roundNumber, timestampMs, performance }: Trial) {
  return { round: roundNumber, timestamp_ms: timestampMs, performance };
}

function trialJson(trial: Trial) {
  return {
    ...pointJson(trial),
    experiment_id: trial.experimentId,
    best_performance: trial.bestPerformance,
    standard_error: trial.standardError,
    improvement: trial.isImprovement,
    migrant: trial.migrant,
    epochs: trial.epochs,
    generation: trial.generation,
    seconds: trial.seconds,
    parameters: trial.parameters,
  };
}

const momentJson = (moment: Moment | null) =>
  moment === null ? null : { height: moment.height, timestamp_ms: moment.timestampMs };

function optimumJson(view: QuorumView, finalizedHeight: number) {
  const { committed, revealed, provisional, settled } = view.stations;
  return {
    optimum: view.optimum,
    domain_id: view.domain,
    optimizer: view.optimizer,
    reported: performanceOf(view.reportedNano),
    verified: performanceOf(view.verifiedNano),
    verdict: view.verdict,
    reason: view.reason,
    settles_at_height: view.settlesAtHeight,
    /** The block that settled it can no longer be undone. */
    final: settled !== null && settled.height <= finalizedHeight,
    committed: momentJson(committed),
    revealed: momentJson(revealed),
    provisional: momentJson(provisional),
    settled: momentJson(settled),
    seats: view.seats.map((seat) => ({
      seat: seat.index,
      duty: seat.duty,
      audits: seat.audits,
      evaluator: seat.evaluator,
      status: seat.status,
      performance: performanceOf(seat.performanceNano),
      standard_error: performanceOf(seat.standardErrorNano),
      deadline_height: seat.deadlineHeight,
    })),
    challenges: view.challenges.map(({ raised, judged, ...challenge }) => ({
      ...challenge,
      raised: momentJson(raised),
      judged: momentJson(judged),
    })),
  };
}

function branchesJson({ head, justifiedHeight, finalizedHeight, blocks }: BranchesView) {
  return {
    head,
    justified_height: justifiedHeight,
    finalized_height: finalizedHeight,
    blocks: blocks.map(({ isProofBlock, isCanonical, ...place }) => ({
      ...place,
      proof: isProofBlock,
      canonical: isCanonical,
    })),
  };
}
