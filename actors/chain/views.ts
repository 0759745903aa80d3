/** What the chain tells others about its state, in the shapes of messages.ts. */

import { suggestedFee } from './base-fee.js';
import type { AppliedBlock } from './blockchain.js';
import { reputationAt, seatView } from './execution.js';
import { domainHash, type Genesis } from './genesis.js';
import type { BlockApplied, ChainStatus, DomainView, MemberView, OpenDispute, OpenOptimum } from './messages.js';
import { DEFINITION, DOMAINS } from './state/domains.js';
import { FINALITY } from './state/finality.js';
import { memberIds } from './state/members.js';
import { ACCOUNT, type DisputeState, DOMAIN, EVALUATES, GLOBALS, OPEN, OPTIMUM, type State } from './state/state.js';
import { hasPendingWork, type Tip } from './transition.js';
import type { NodeId } from './types.js';

/** The parts of a status that the state alone answers. */
export function statusOf(
  tip: Tip,
  genesis: Genesis,
  self: NodeId,
): Omit<ChainStatus, 'genesisHash' | 'mempool' | 'refused' | 'reorgs'> {
  const { state, hash } = tip;
  const globals = state.require(GLOBALS);
  return {
    chainId: genesis.chainId,
    height: globals.height,
    hash,
    justifiedHeight: state.require(FINALITY).justified.height,
    finalized: state.require(FINALITY).finalized,
    totalWorkNano: globals.totalWorkNano,
    timestampMs: globals.timestampMs,
    slotMs: genesis.parameters.slotMs,
    proofBlocks: globals.proofBlocks,
    thresholdNano: Number(globals.thresholdNano),
    pendingWorkNano: Number(globals.pendingWorkNano),
    supplyUnits: globals.supplyUnits,
    burnedUnits: globals.burnedUnits,
    lockedUnits: globals.lockedUnits,
    baseFeeUnits: globals.baseFeeUnits,
    suggestedFee: suggestedFee(globals.baseFeeUnits, genesis.parameters.fees),
    stakeUnits: genesis.parameters.stake.baseFees * globals.baseFeeUnits,
    stampBits: genesis.parameters.stake.stampBits,
    accepted: globals.accepted,
    optimae: {
      committed: globals.committed,
      revealed: globals.revealed,
      accepted: globals.accepted,
      rejected: globals.rejected,
    },
    domains: domainsOf(state),
    busy: hasPendingWork(state),
    self: memberOf(state, genesis, self),
  };
}

export function domainsOf(state: State): DomainView[] {
  return state.require(DOMAINS).map((id) => {
    const { spec } = state.require(DEFINITION, id);
    const { bestNano, champion, accepted } = state.require(DOMAIN, spec.domainId);
    const { domainId, metric, direction, baselineNano } = spec;
    return { domainId, specHash: domainHash(spec), metric, direction, baselineNano, bestNano, champion, accepted };
  });
}

export function membersOf(state: State, genesis: Genesis): MemberView[] {
  return memberIds(state).map((nodeId) => memberOf(state, genesis, nodeId));
}

function memberOf(state: State, genesis: Genesis, nodeId: NodeId): MemberView {
  return {
    nodeId,
    reputationMicro: reputationAt(state, nodeId, state.require(GLOBALS).timestampMs, genesis),
    balanceUnits: state.get(ACCOUNT, nodeId)?.balanceUnits ?? 0,
    evaluates: state.get(EVALUATES, nodeId) ?? [],
  };
}

export function openOptimaeOf(state: State): OpenOptimum[] {
  return state.require(OPEN).map((optimum) => {
    const { domain, optimizer, trainingSeed, reveal } = state.require(OPTIMUM, optimum);
    return {
      optimum,
      domain,
      optimizer,
      verification: state.require(DEFINITION, domain).spec.verification,
      phase: reveal === null ? 'committed' : reveal.window === null ? 'revealed' : 'window',
      trainingSeed,
      genome: reveal?.genome ?? null,
      blob: reveal?.blob ?? null,
      reportedNano: reveal?.reportedNano ?? null,
      seats: reveal?.seats.map(seatView) ?? [],
      provisionalNano: reveal?.window?.verifiedNano ?? null,
      disputes: (reveal?.disputes ?? []).flatMap(openDispute),
    };
  });
}

function openDispute({ seat, challenger, jury, decidedHeight }: DisputeState): OpenDispute[] {
  if (jury === null || decidedHeight !== null) return [];
  const awaited = jury.jurors.flatMap(({ node, answer }) => (answer === null ? [node] : []));
  return [{ seat, challenger, deadlineHeight: jury.deadlineHeight, awaited }];
}

export function appliedEvent({ block, hash, isProofBlock, records }: AppliedBlock): BlockApplied {
  const { height, parent, timestampMs, proposer } = block.header;
  return {
    height,
    hash,
    parent,
    timestampMs,
    proposer,
    isProofBlock,
    transactions: block.transactions.length,
    records,
  };
}
