import { isUnpaid } from '../base-fee.js';
import type { Execution } from '../execution.js';
import { LIMITS } from '../limits.js';
import { isGoodStamp, registrationHash } from '../stamp.js';
import { EVALUATES, EVALUATORS, withMember } from '../state/state.js';
import type { Fee, NodeId, TransactionBody } from '../types.js';
import type { Refusal } from './refusal.js';

type Registration = Extract<TransactionBody, { type: 'register-evaluator' }>;

/**
 * Replaces the list of domains a node evaluates. Seats still need the minimum reputation. It costs a fee or a stamp, or
 * new keys, which cost nothing, would fill the lists.
 */
export function applyRegistration(
  execution: Execution,
  sender: NodeId,
  { domains, stamp }: Registration,
  fee: Fee,
): Refusal | null {
  const wanted = [...new Set(domains)].sort();
  if (wanted.length !== domains.length || wanted.some((domain, index) => domain !== domains[index])) {
    return { code: 'domains-not-sorted' };
  }
  if (wanted.some((domain) => execution.domain(domain) === undefined)) return { code: 'unknown-domain' };
  const current = execution.state.get(EVALUATES, sender) ?? [];
  if (current.length === wanted.length && current.every((domain, index) => domain === wanted[index])) {
    return { code: 'already-registered' };
  }
  if (isUnpaid(fee) && !isStamped(execution, sender, wanted, stamp)) return { code: 'bad-stamp' };
  const full = wanted.some(
    (domain) =>
      !current.includes(domain) && execution.state.require(EVALUATORS, domain).length >= LIMITS.evaluatorsPerDomain,
  );
  if (full) return { code: 'too-many-evaluators', later: true };
  let { state } = execution;
  for (const domain of current) {
    state = state.set(
      EVALUATORS,
      domain,
      state.require(EVALUATORS, domain).filter((node) => node !== sender),
    );
  }
  for (const domain of wanted) {
    state = state.set(EVALUATORS, domain, withMember(state.require(EVALUATORS, domain), sender));
  }
  execution.state = state.set(EVALUATES, sender, wanted);
  return null;
}

function isStamped({ genesis }: Execution, sender: NodeId, domains: readonly string[], stamp: number | null): boolean {
  const { chainId, parameters } = genesis;
  const about = registrationHash(chainId, domains);
  return stamp !== null && isGoodStamp({ about, sender }, stamp, parameters.stake.stampBits);
}
