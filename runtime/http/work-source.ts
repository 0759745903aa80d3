/** The pages of work in progress: seats, votes, the pool. */
import { chain, type OpenOptimum } from '../../actors/chain/messages.js';
import type { Seat } from '../../actors/chain/types.js';
import { quorum } from '../../actors/quorum/messages.js';
import { taskQueue } from '../../actors/task-queue/messages.js';
import { PAGE_TIMEOUT, performanceOf, type StatusSource } from './node-view.js';
import type { AskPort } from './port.js';
import type { PendingTasksJson } from './status.js';

type WorkPages = Pick<StatusSource, 'quorums' | 'pool' | 'pendingTasks'>;

export function workPages(system: AskPort): WorkPages {
  return {
    async pendingTasks(domains, limit) {
      const { optimae } = await system.ask(chain.getOpenOptimae, {}, PAGE_TIMEOUT);
      const tasks = optimae
        .filter(({ domain }) => domains === null || domains.includes(domain))
        .flatMap((optimum) =>
          optimum.seats.filter(({ status }) => status === 'open').map((seat) => task(optimum, seat)),
        );
      return { tasks: tasks.slice(0, limit), total_pending: tasks.length };
    },

    async quorums(limit) {
      const { quorums } = await system.ask(quorum.getQuorums, { limit }, PAGE_TIMEOUT);
      return {
        quorums: quorums.map((view) => ({
          optimum: view.optimum,
          domain_id: view.domain,
          optimizer: view.optimizer,
          reported: performanceOf(view.reportedNano),
          verdict: view.verdict,
          seats: view.seats.map((seat) => ({
            seat: seat.index,
            evaluator: seat.evaluator,
            status: seat.status,
            performance: performanceOf(seat.performanceNano),
            standard_error: performanceOf(seat.standardErrorNano),
            deadline_height: seat.deadlineHeight,
          })),
        })),
      };
    },

    async pool() {
      const { tasks, workers, completed, failed, remote } = await system.ask(taskQueue.getTasks, {}, PAGE_TIMEOUT);
      return {
        workers,
        completed,
        failed,
        remote_workers: remote.map(({ name, slots, leases, completed: done }) => ({
          worker: name,
          slots,
          tasks: leases,
          completed: done,
        })),
        tasks: tasks.map((task) => ({
          task_id: task.taskId,
          kind: task.kind,
          domain_id: task.domainId,
          priority: task.priority,
          status: task.status,
          queued_at_ms: task.queuedAtMs,
          started_at_ms: task.startedAtMs,
          epoch: task.progress?.epoch ?? null,
          max_epochs: task.progress?.maxEpochs ?? null,
          worker: task.worker,
        })),
      };
    },
  };
}

function task(
  { optimum, domain, optimizer, reportedNano }: OpenOptimum,
  seat: Seat,
): PendingTasksJson['tasks'][number] {
  return {
    id: `${optimum}:${seat.index}`,
    task_type: 'optimae_verification',
    domain_id: domain,
    status: 'pending',
    requester_id: optimizer,
    evaluator_id: seat.evaluator,
    optimae_id: optimum,
    seat: seat.index,
    duty: seat.duty,
    reported_performance: performanceOf(reportedNano),
    deadline_height: seat.deadlineHeight,
  };
}
