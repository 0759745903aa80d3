/** How an optimum leaves the list of open ones, and what becomes of its stake. */
import { burnLocked, unlock } from './coins.js';
import type { Execution } from './execution.js';
import { OPEN, OPEN_COUNT, OPTIMUM, type OptimumState } from './state/state.js';
import type { Hash } from './types.js';

/** What a commitment in this block locks. */
export function stakeUnits(execution: Execution): number {
  return execution.genesis.parameters.stake.baseFees * execution.baseFeeUnits;
}

/** `forfeits`: a part of the stake is burned, the rest goes back. */
export function closeOptimum(execution: Execution, id: Hash, optimum: OptimumState, forfeits: boolean): void {
  const { optimizer, stakeUnits: staked } = optimum;
  const open = execution.state.require(OPEN).filter((other) => other !== id);
  const count = execution.state.require(OPEN_COUNT, optimizer) - 1;
  const { state } = execution;
  execution.state = (count === 0 ? state.delete(OPEN_COUNT, optimizer) : state.set(OPEN_COUNT, optimizer, count))
    .set(OPEN, '', open)
    .delete(OPTIMUM, id);
  if (staked === 0) return;
  const burnedUnits = forfeits ? Math.trunc((staked * execution.genesis.parameters.stake.burnPercent) / 100) : 0;
  const returnedUnits = staked - burnedUnits;
  unlock(execution, optimizer, returnedUnits, { cause: 'stake' });
  burnLocked(execution, burnedUnits);
  execution.records.push({ type: 'STAKE', optimum: id, domain: optimum.domain, optimizer, returnedUnits, burnedUnits });
}

/** Never revealed: the seed it reserved was looked at and thrown away, which must not be free. */
export function expire(execution: Execution, id: Hash, optimum: OptimumState): void {
  closeOptimum(execution, id, optimum, true);
  execution.records.push({ type: 'COMMIT_EXPIRED', optimum: id, domain: optimum.domain, optimizer: optimum.optimizer });
}
