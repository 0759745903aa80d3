/** Who earned what since the last proof block. */
import type { Execution } from './execution.js';
import { SHARES } from './state/state.js';
import type { NodeId } from './types.js';

/** One evaluation's worth of the evaluators' part: for a vote that agreed, a clean audit, a juror's answer. */
export function shareVote(execution: Execution, evaluator: NodeId): void {
  const shares = execution.state.require(SHARES);
  const votes = shares.evaluators.find((share) => share.node === evaluator)?.votes ?? 0;
  const others = shares.evaluators.filter((share) => share.node !== evaluator);
  const evaluators = [...others, { node: evaluator, votes: votes + 1 }].sort(byNode);
  execution.state = execution.state.set(SHARES, '', { ...shares, evaluators });
}

export function shareWork(execution: Execution, optimizer: NodeId, workNano: bigint): void {
  const shares = execution.state.require(SHARES);
  const before = shares.optimizers.find((share) => share.node === optimizer)?.workNano ?? 0n;
  const others = shares.optimizers.filter((share) => share.node !== optimizer);
  const optimizers = [...others, { node: optimizer, workNano: before + workNano }].sort(byNode);
  execution.state = execution.state.set(SHARES, '', { ...shares, optimizers });
}

function byNode(a: { readonly node: NodeId }, b: { readonly node: NodeId }): number {
  return a.node < b.node ? -1 : 1;
}
