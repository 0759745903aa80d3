/** Who may be drawn for what: seats, shadow seats, audits, juries. Bans are part of it. */
import type { Execution } from './execution.js';
import { EVALUATORS } from './state/state.js';
import type { NodeId } from './types.js';

/** Registered for the domain, with the minimum reputation, not banned. */
export function eligibleEvaluators(execution: Execution, domain: string): readonly NodeId[] {
  const { minimumMicro } = execution.genesis.parameters.reputation;
  return registered(execution, domain).filter((node) => execution.standingMicro(node) >= minimumMicro);
}

/**
 * Who may measure an optimum: everybody eligible but its optimizer. Where nobody is eligible any more (a network that
 * slept for weeks), the registered founders serve, so that reputation can be earned again. On a solo network, where
 * there is nobody else, the optimizer measures himself (and the result counts half).
 */
export function quorumCandidates(execution: Execution, domain: string, optimizer: NodeId): readonly NodeId[] {
  const eligible = eligibleEvaluators(execution, domain).filter((node) => node !== optimizer);
  if (eligible.length > 0) return eligible;
  const everybody = registered(execution, domain);
  const founders = new Set(execution.genesis.members.map((member) => member.nodeId));
  const serving = everybody.filter((node) => node !== optimizer && founders.has(node));
  if (serving.length > 0 || !execution.genesis.solo) return serving;
  return everybody.includes(optimizer) ? [optimizer] : [];
}

/** Registered, but without the minimum reputation: who may earn it on shadow seats. */
export function newcomers(execution: Execution, domain: string): readonly NodeId[] {
  const { minimumMicro } = execution.genesis.parameters.reputation;
  return registered(execution, domain).filter((node) => execution.standingMicro(node) < minimumMicro);
}

function registered(execution: Execution, domain: string): readonly NodeId[] {
  return execution.state.require(EVALUATORS, domain).filter((node) => !execution.isBanned(node));
}
