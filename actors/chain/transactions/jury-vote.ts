import type { Execution } from '../execution.js';
import { OPTIMUM } from '../state/state.js';
import type { NodeId, TransactionBody } from '../types.js';
import type { Refusal } from './refusal.js';

type JuryVote = Extract<TransactionBody, { type: 'jury-vote' }>;

/** A juror's answer. The dispute is decided at the start of the next block (disputes.ts). */
export function applyJuryVote(execution: Execution, sender: NodeId, vote: JuryVote): Refusal | null {
  const optimum = execution.state.get(OPTIMUM, vote.optimum);
  if (optimum === undefined || optimum.reveal === null) return { code: 'unknown-optimum', later: true };
  const { reveal } = optimum;
  const index = reveal.disputes.findIndex((dispute) => dispute.seat === vote.seat && dispute.decidedHeight === null);
  const dispute = reveal.disputes[index];
  const jury = dispute?.jury;
  if (dispute === undefined || !jury) return { code: 'unknown-dispute', later: true };
  if (reveal.seats[vote.seat]?.dataSeed !== vote.dataSeed) return { code: 'wrong-data-seed' };
  const place = jury.jurors.findIndex(({ node }) => node === sender);
  const juror = jury.jurors[place];
  if (juror === undefined) return { code: 'not-a-juror' };
  if (juror.answer !== null) return { code: 'already-answered' };
  if (execution.block.height > jury.deadlineHeight) return { code: 'vote-too-late' };
  const jurors = jury.jurors.with(place, { node: sender, answer: { bits: vote.bits } });
  const disputes = reveal.disputes.with(index, { ...dispute, jury: { ...jury, jurors } });
  execution.state = execution.state.set(OPTIMUM, vote.optimum, { ...optimum, reveal: { ...reveal, disputes } });
  return null;
}
