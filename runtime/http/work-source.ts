/** The pages of work in progress: seats, the pool. */
import { chain, type OpenOptimum } from '../../actors/chain/messages.js';
import type { Seat } from '../../actors/chain/types.js';
import { taskQueue } from '../../actors/task-queue/messages.js';
import { PAGE_TIMEOUT, performanceOf, type StatusSource } from './node-view.js';
import type { AskPort } from './port.js';
import type { PendingTasksJson } from './status.js';

type WorkPages = Pick<StatusSource, 'pool' | 'pendingTasks'>;

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
