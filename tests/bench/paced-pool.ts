/**
 * The task queue of a node whose trainings take time but no cores: the domain's real work is done at once and its result
 * held back, so that many nodes of one machine behave as on machines of their own.
 */
import { createTaskQueueActor } from '../../actors/task-queue/actor.js';
import { builtInDomains } from '../../runtime/node/domains.js';
import { loadDomains, SimulatedPool } from '../kit/simulated-pool.js';

const TASK_MS = [2_000, 6_000] as const;

const domains = await loadDomains(builtInDomains.filter(({ domainId }) => domainId === 'quadratic'));

export const pacedTaskQueueActor = createTaskQueueActor({
  createPool: ({ threads }, ctx) => new SimulatedPool(ctx, { threads, domains, taskMs: TASK_MS }),
});
