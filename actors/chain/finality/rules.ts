/**
 * Casper FFG (Buterin and Griffith 2017) over reputation. Every `checkpointBlocks`-th block is a checkpoint. Members
 * attest links source -> target between them; a link that two thirds of the weight stand behind justifies its target,
 * and when the target is the very next checkpoint, the source is final.
 *
 * Weights are the reputations in the state of the newest final checkpoint. So two branches that go on from one final
 * checkpoint count with the same weights, and both can finalise only if at least a third of these signed twice: the
 * paper's proof holds to the unit. Where one branch finalised a further common checkpoint first, it holds up to what
 * reputations changed in between.
 *
 * Who attests nothing for `silentBlocks` blocks weighs half, for twice as many a quarter, and so on, until he attests
 * again: or members that left for good would stop finality for weeks. The price is the paper's as well: two halves
 * that do not see each other for more than a thousand blocks may finalise apart.
 */
import type { Execution } from '../execution.js';
import type { Genesis } from '../genesis.js';
import { eligibleMembers } from '../schedule.js';
import { ATTESTER, CANDIDATE, ELECTORATE, type Elector, FINALITY } from '../state/finality.js';
import { GLOBALS, type State } from '../state/state.js';
import type { Checkpoint, Hash } from '../types.js';

/** Checkpoints that wait for attestations at a time; while nothing is justified, the oldest makes room. */
const OPEN_CHECKPOINTS = 16;

/**
 * First thing in a block: when its parent is a checkpoint, enters it with its hash, which its own state could not
 * hold, and with the weights of its state.
 */
export function enterCheckpoint(execution: Execution, parent: Hash): void {
  const { state, genesis, block } = execution;
  const height = block.height - 1;
  if (height === 0 || height % genesis.parameters.finality.checkpointBlocks !== 0) return;
  const finality = state.require(FINALITY);
  const dropped = finality.candidates.find((other) => other !== finality.justified.height);
  const full = finality.candidates.length >= OPEN_CHECKPOINTS && dropped !== undefined;
  const candidates = [...finality.candidates.filter((other) => !full || other !== dropped), height];
  const room = full ? withoutCheckpoint(state, dropped) : state;
  execution.state = withElectorate(room, genesis, height)
    .set(CANDIDATE, String(height), { hash: parent, source: null, attesters: [] })
    .set(FINALITY, '', { ...finality, candidates });
}

/**
 * After a block's transactions: justifies and finalises what their attestations complete. Once for each checkpoint, not
 * for each attestation, as counting looks at everybody's weight.
 */
export function countAttestations(execution: Execution): void {
  const targets = [...execution.attested.values()].sort((a, b) => a.height - b.height);
  for (const target of targets) countBehind(execution, target);
}

function countBehind(execution: Execution, target: Checkpoint): void {
  const finality = execution.state.require(FINALITY);
  if (target.height <= finality.justified.height) return;
  const { source, attesters } = execution.state.require(CANDIDATE, String(target.height));
  if (source === null) return;
  const electorate = execution.state.require(ELECTORATE, String(finality.finalized.height));
  const standing = new Set(attesters);
  let total = 0n;
  let behind = 0n;
  for (const elector of electorate) {
    const weight = presentWeight(execution, elector);
    total += weight;
    if (standing.has(elector.node)) behind += weight;
  }
  if (3n * behind < 2n * total) return;
  execution.state = execution.state.set(FINALITY, '', { ...finality, justified: target });
  execution.records.push({ type: 'JUSTIFIED', height: target.height, hash: target.hash });
  const next = source.height + execution.genesis.parameters.finality.checkpointBlocks;
  if (next === target.height && source.height > finality.finalized.height) finalize(execution, source);
}

/** Last thing in a block. */
export function noteProof(execution: Execution): void {
  const finality = execution.state.require(FINALITY);
  execution.state = execution.state.set(FINALITY, '', { ...finality, lastProofHeight: execution.block.height });
}

/** True while the newest proof block waits for finality. */
export function hasUnfinalizedProof(state: State): boolean {
  const { lastProofHeight, finalized } = state.require(FINALITY);
  return lastProofHeight > finalized.height;
}

/** At least one unit, so that whoever comes back after everybody left can finalise again. */
function presentWeight(execution: Execution, { node, weightMicro }: Elector): bigint {
  const { activeHeight } = execution.state.require(ATTESTER, node);
  const silentFor = BigInt(execution.block.height - activeHeight);
  const weight = weightMicro >> (silentFor / BigInt(execution.genesis.parameters.finality.silentBlocks));
  return weight > 0n ? weight : 1n;
}

function finalize(execution: Execution, checkpoint: Checkpoint): void {
  const finality = execution.state.require(FINALITY);
  let state = execution.state.delete(ELECTORATE, String(finality.finalized.height));
  for (const height of finality.candidates) if (height < checkpoint.height) state = withoutCheckpoint(state, height);
  execution.state = state.delete(CANDIDATE, String(checkpoint.height)).set(FINALITY, '', {
    ...finality,
    finalized: checkpoint,
    candidates: finality.candidates.filter((height) => height > checkpoint.height),
  });
  execution.records.push({ type: 'FINALIZED', height: checkpoint.height, hash: checkpoint.hash });
}

function withoutCheckpoint(state: State, height: number): State {
  return state.delete(CANDIDATE, String(height)).delete(ELECTORATE, String(height));
}

function withElectorate(state: State, genesis: Genesis, height: number): State {
  const electorate = eligibleMembers(state, genesis).map(({ node, weight }) => ({ node, weightMicro: BigInt(weight) }));
  const activeHeight = state.require(GLOBALS).height;
  let result = state.set(ELECTORATE, String(height), electorate);
  for (const { node } of electorate) {
    if (result.get(ATTESTER, node) === undefined)
      result = result.set(ATTESTER, node, { targetHeight: 0, activeHeight });
  }
  return result;
}
