import type { Execution } from '../execution.js';
import { isProven, offenceId } from '../finality/slashing.js';
import { OFFENCE } from '../state/finality.js';
import type { NodeId, TransactionBody } from '../types.js';
import type { SignatureCheck } from '../verifier.js';
import type { Refusal } from './refusal.js';

type Evidence = Extract<TransactionBody, { type: 'evidence' }>;

/**
 * Punishes who signed against himself, once for each offence. The reporter gets nothing: a reward would be paid out of
 * nothing, or make it pay to report oneself under another name. Who has no reputation cannot lose any, and fills no
 * state with offences.
 */
export function applyEvidence(
  execution: Execution,
  sender: NodeId,
  { offender, offence }: Evidence,
  verify: SignatureCheck,
): Refusal | null {
  const id = offenceId(offence, offender);
  if (execution.state.get(OFFENCE, id) !== undefined) return { code: 'already-punished' };
  if (execution.reputationMicro(offender) === 0) return { code: 'nothing-to-lose' };
  if (!isProven(offence, offender, execution.genesis.chainId, verify)) return { code: 'no-offence' };
  execution.state = execution.state.set(OFFENCE, id, execution.block.height);
  execution.changeReputation(offender, -execution.genesis.parameters.reputation.doubleSignMicro);
  execution.records.push({ type: 'OFFENCE', node: offender, offence: offence.type, reporter: sender });
  return null;
}
