/** The events a person wants to see, as JSON: what `/events` streams and what the terminal prints. */
import { chain } from '../../actors/chain/messages.js';
import type { ChainRecord } from '../../actors/chain/types.js';
import { gossip } from '../../actors/gossip/messages.js';
import { optimizer } from '../../actors/optimizer/messages.js';
import { quorum } from '../../actors/quorum/messages.js';
import { taskQueue } from '../../actors/task-queue/messages.js';
import { NANO } from '../genome/space.js';
import type { EventPort } from './port.js';

interface Timed {
  /** Milliseconds since the epoch, when this process saw it. */
  readonly at: number;
}

export type NodeEvent = Timed &
  (
    | {
        readonly event: 'blockApplied';
        readonly height: number;
        readonly hash: string;
        readonly proposer: string;
        readonly proof: boolean;
        readonly transactions: number;
      }
    | { readonly event: 'blocksReverted'; readonly count: number }
    | {
        readonly event: 'optimumRevealed';
        readonly optimum: string;
        readonly domain_id: string;
        readonly optimizer: string;
        readonly reported: number;
      }
    | {
        readonly event: 'optimumAccepted';
        readonly optimum: string;
        readonly domain_id: string;
        readonly optimizer: string;
        readonly reported: number;
        readonly verified: number;
        readonly seats: number;
        readonly agreeing: number;
      }
    | {
        readonly event: 'optimumRejected';
        readonly optimum: string;
        readonly domain_id: string;
        readonly optimizer: string;
        readonly reason: string;
      }
    | {
        readonly event: 'verdictProvisional';
        readonly optimum: string;
        readonly domain_id: string;
        readonly optimizer: string;
        /** Null when it will be rejected. */
        readonly verified: number | null;
        readonly settles_at_height: number;
      }
    | {
        readonly event: 'voteChallenged';
        readonly optimum: string;
        readonly domain_id: string;
        readonly seat: number;
        readonly evaluator: string;
        readonly challenger: string;
      }
    | {
        readonly event: 'voteJudged';
        readonly optimum: string;
        readonly domain_id: string;
        readonly seat: number;
        readonly evaluator: string;
        readonly challenger: string;
        /** `false-vote`: the evaluator lied, and is slashed and banned. */
        readonly outcome: 'false-vote' | 'true-vote' | 'undecided';
      }
    /** A node signed against itself. */
    | { readonly event: 'offence'; readonly node_id: string; readonly offence: string }
    | { readonly event: 'finalized'; readonly height: number; readonly hash: string }
    | {
        readonly event: 'roundFinished';
        readonly domain_id: string;
        readonly round: number;
        readonly performance: number;
        readonly best: number;
        readonly improvement: boolean;
      }
    | { readonly event: 'converged'; readonly domain_id: string; readonly reason: string }
    | {
        readonly event: 'championAdopted' | 'committed';
        readonly domain_id: string;
        readonly optimum: string;
        readonly performance: number;
      }
    | {
        readonly event: 'benchmarked';
        readonly domain_id: string;
        readonly performance: number;
        readonly beside: Readonly<Record<string, number>>;
      }
    | { readonly event: 'seatTaken'; readonly domain_id: string; readonly optimum: string; readonly seat: number }
    | {
        readonly event: 'voteCast';
        readonly domain_id: string;
        readonly optimum: string;
        readonly seat: number;
        readonly performance: number;
      }
    | {
        readonly event: 'seatFailed';
        readonly domain_id: string;
        readonly optimum: string;
        readonly seat: number;
        readonly reason: string;
      }
    | { readonly event: 'peerConnected'; readonly peer_id: string; readonly address: string }
    | { readonly event: 'peerDisconnected'; readonly peer_id: string }
    | {
        readonly event: 'syncProgress';
        readonly peer_id: string;
        readonly height: number;
        readonly target_height: number;
      }
    | {
        readonly event: 'trainingProgress';
        readonly domain_id: string;
        readonly task_id: string;
        readonly epoch: number;
        readonly max_epochs: number;
        readonly loss: number;
      }
  );

type Untimed<E> = E extends unknown ? Omit<E, 'at'> : never;

function recordEvent(record: ChainRecord): Untimed<NodeEvent> | null {
  switch (record.type) {
    case 'REVEALED':
      return { event: 'optimumRevealed', ...optimumOf(record), reported: record.reportedNano / NANO };
    case 'PROVISIONAL': {
      const verified = record.verifiedNano === null ? null : record.verifiedNano / NANO;
      const settles = record.settlesAtHeight;
      return { event: 'verdictProvisional', ...optimumOf(record), verified, settles_at_height: settles };
    }
    case 'CHALLENGED': {
      const { optimum, domain, seat, evaluator, challenger } = record;
      return { event: 'voteChallenged', optimum, domain_id: domain, seat, evaluator, challenger };
    }
    case 'JUDGED': {
      const { optimum, domain, seat, evaluator, challenger, outcome } = record;
      return { event: 'voteJudged', optimum, domain_id: domain, seat, evaluator, challenger, outcome };
    }
    case 'OPTIMAE_ACCEPTED':
      return {
        event: 'optimumAccepted',
        ...optimumOf(record),
        reported: record.reportedNano / NANO,
        verified: record.verifiedNano / NANO,
        seats: record.seats,
        agreeing: record.agreeing,
      };
    case 'OPTIMAE_REJECTED':
      return { event: 'optimumRejected', ...optimumOf(record), reason: record.reason };
    case 'OFFENCE':
      return { event: 'offence', node_id: record.node, offence: record.offence };
    case 'FINALIZED':
      return { event: 'finalized', height: record.height, hash: record.hash };
    default:
      return null;
  }
}

function optimumOf({ optimum, domain, optimizer }: { optimum: string; domain: string; optimizer: string }) {
  return { optimum, domain_id: domain, optimizer };
}

/** Calls `listener` for everything that happens from now on. The returned function ends it. */
export function subscribeToNodeEvents(system: EventPort, listener: (event: NodeEvent) => void): () => void {
  const send = (event: Untimed<NodeEvent>) => listener({ ...event, at: Date.now() } as NodeEvent);
  const cancels = [
    system.on(chain.blockApplied, (block) => {
      const { height, hash, proposer, transactions } = block;
      send({ event: 'blockApplied', height, hash, proposer, proof: block.isProofBlock, transactions });
      for (const record of block.records) {
        const event = recordEvent(record);
        if (event !== null) send(event);
      }
    }),
    system.on(chain.blocksReverted, ({ hashes }) => send({ event: 'blocksReverted', count: hashes.length })),
    system.on(optimizer.roundFinished, (round) =>
      send({
        event: 'roundFinished',
        domain_id: round.domainId,
        round: round.roundNumber,
        performance: round.performance,
        best: round.bestPerformance,
        improvement: round.isImprovement,
      }),
    ),
    system.on(optimizer.converged, ({ domainId, reason }) => send({ event: 'converged', domain_id: domainId, reason })),
    system.on(optimizer.committed, ({ domainId, optimum, performance }) =>
      send({ event: 'committed', domain_id: domainId, optimum, performance }),
    ),
    system.on(optimizer.championAdopted, ({ domainId, optimum, performance }) =>
      send({ event: 'championAdopted', domain_id: domainId, optimum, performance }),
    ),
    system.on(optimizer.benchmarked, ({ domainId, performance, beside }) =>
      send({ event: 'benchmarked', domain_id: domainId, performance, beside }),
    ),
    system.on(quorum.seatTaken, ({ domain, optimum, seat }) =>
      send({ event: 'seatTaken', domain_id: domain, optimum, seat }),
    ),
    system.on(quorum.voteCast, ({ domain, optimum, seat, performanceNano }) =>
      send({ event: 'voteCast', domain_id: domain, optimum, seat, performance: performanceNano / NANO }),
    ),
    system.on(quorum.seatFailed, ({ domain, optimum, seat, reason }) =>
      send({ event: 'seatFailed', domain_id: domain, optimum, seat, reason }),
    ),
    system.on(gossip.peerConnected, ({ peerId, address }) =>
      send({ event: 'peerConnected', peer_id: peerId, address }),
    ),
    system.on(gossip.peerDisconnected, ({ peerId }) => send({ event: 'peerDisconnected', peer_id: peerId })),
    system.on(gossip.syncProgress, ({ peerId, height, targetHeight }) =>
      send({ event: 'syncProgress', peer_id: peerId, height, target_height: targetHeight }),
    ),
    system.on(taskQueue.progress, ({ taskId, domainId, progress }) =>
      send({
        event: 'trainingProgress',
        domain_id: domainId,
        task_id: taskId,
        epoch: progress.epoch,
        max_epochs: progress.maxEpochs,
        loss: progress.loss,
      }),
    ),
  ];
  return () => {
    for (const cancel of cancels) cancel();
  };
}
