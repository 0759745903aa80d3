/** `/tasks/pending` and the pages of work in progress: seats that wait, the pool, searches. */
import { z } from 'zod';
import { count, domainId, hash, nodeId, timeMs } from './schema.js';

/**
 * A seat at an optimum is upstream's task: given to one evaluator by the chain. What remote workers claim of a node
 * (remote-tasks.ts) is the computation that its own seats and searches need.
 */
const seatTask = z.strictObject({
  id: z.string().describe('Optimum and seat; the same on every node.'),
  task_type: z.literal('optimae_verification'),
  domain_id: domainId,
  status: z.enum(['pending', 'completed', 'failed']),
  requester_id: nodeId.describe('The optimizer.'),
  evaluator_id: nodeId,
  optimae_id: hash,
  seat: count,
  duty: z.enum(['quorum', 'shadow', 'audit']),
  reported_performance: z.number().nullable(),
  deadline_height: count,
});

export const pendingTasksPage = z.strictObject({ tasks: z.array(seatTask), total_pending: count });

export const poolPage = z.strictObject({
  workers: count,
  completed: count,
  failed: count,
  remote_workers: z.array(
    z.strictObject({
      worker: z.string(),
      slots: count.describe('Tasks that it runs at a time.'),
      tasks: count.describe('That it has now.'),
      completed: count,
    }),
  ),
  tasks: z.array(
    z.strictObject({
      task_id: z.string(),
      kind: z.string(),
      domain_id: domainId,
      priority: z.string(),
      status: z.enum(['pending', 'running']),
      queued_at_ms: timeMs,
      started_at_ms: timeMs.nullable(),
      epoch: count.nullable(),
      max_epochs: count.nullable(),
      worker: z.string().nullable().describe('The remote worker that has it; null: this machine.'),
    }),
  ),
});

export const searchesPage = z.strictObject({
  experiments: z.array(
    z.strictObject({
      experiment_id: z.string(),
      domain_id: domainId,
      total_rounds: count,
      best_performance: z.number().nullable(),
      converged: z.boolean(),
      elapsed_seconds: z.number(),
    }),
  ),
});
