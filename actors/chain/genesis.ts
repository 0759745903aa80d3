/** The genesis: constants, domains and founding members of a chain, its hash, and the state everything starts from. */
import type { DomainSpec } from '../../gpu-workers/types.js';
import { toUtf8 } from '../../runtime/codec/bytes.js';
import { hash } from '../../runtime/crypto/hash.js';
import { DEFINITION, DOMAINS, PROPOSALS } from './state/domains.js';
import { ATTESTER, ELECTORATE, FINALITY } from './state/finality.js';
import { MEMBER_BYTES, withMemberEntry } from './state/members.js';
import { DOMAIN, EVALUATES, EVALUATORS, GLOBALS, OPEN, REPUTATION, SHARES, State, withMember } from './state/state.js';
import type { Hash, NodeId } from './types.js';

/** Constants of a chain. DESIGN section 5 gives the source of each default. */
export interface ChainParameters {
  readonly slotMs: number;
  /** A proposer of rank r may propose r times this after the slot's start. */
  readonly rankDelayMs: number;
  readonly targetProofIntervalMs: number;
  readonly initialThresholdNano: number;
  readonly minimumThresholdNano: number;
  readonly commitTtlMs: number;
  readonly seatDeadlineBlocks: number;
  /** Every so many blocks one is anchored in ledgers outside. */
  readonly anchorInterval: number;
  readonly maxOpenCommits: number;
  readonly blockSubsidyUnits: number;
  readonly halvingProofBlocks: number;
  readonly supplyCapUnits: number;
  readonly reputation: {
    readonly acceptedMicro: number;
    readonly agreedMicro: number;
    readonly rejectedMicro: number;
    readonly divergentMicro: number;
    readonly missedMicro: number;
    /** For two blocks of one slot, or attestations that contradict each other. */
    readonly doubleSignMicro: number;
    readonly halfLifeMs: number;
    readonly minimumMicro: number;
  };
  readonly incentive: {
    readonly toleranceNano: number;
    readonly floorNano: number;
    readonly bonusThresholdNano: number;
    readonly capNano: number;
  };
  readonly fees: {
    /** The base fee per place never falls below it. */
    readonly minimumBaseUnits: number;
    /** Places of a block at which the base fee rests; a block holds twice as many. */
    readonly targetPlaces: number;
  };
  /** What a commitment costs (closing.ts, stamp.ts). */
  readonly stake: {
    /** Locked, in base fees of its block. */
    readonly baseFees: number;
    /** Part of it that is burned when the claim is refuted or never revealed. */
    readonly burnPercent: number;
    /** Zero bits of the puzzle that stands in for it where there are no coins. */
    readonly stampBits: number;
  };
  /** Domain weights (weights.ts). */
  readonly weights: {
    readonly windowProofBlocks: number;
    /** Least share of paid inference a domain counts with. */
    readonly shareFloorNano: number;
    /** The mean increment counts up to this. */
    readonly meanIncrementCapNano: number;
    /** How much of the threshold one domain may fill at full value, where there are others. */
    readonly domainPartNano: number;
    /** Part of a payment for inference that is burned. */
    readonly inferenceBurnNano: number;
  };
  readonly challenge: {
    /** Blocks between the provisional verdict and the settlement. */
    readonly windowBlocks: number;
    /** Raw increment from which a gain is large. */
    readonly largeGainNano: number;
    /** Chance of each seat to be audited; 1e9 is always. The large one also where the verdict blames or divides. */
    readonly auditLargeNano: number;
    readonly auditSmallNano: number;
    readonly jurySize: number;
    /** Reputation that a challenger sets aside, and loses when the vote was true. */
    readonly bondMicro: number;
    /** Newcomers who measure on the side at each optimum. */
    readonly shadowSeats: number;
    /** How long a proven liar is drawn for nothing. */
    readonly banBlocks: number;
  };
  readonly finality: {
    /** Every so many blocks one is a checkpoint. */
    readonly checkpointBlocks: number;
    /** A checkpoint may be attested when so many blocks follow it. */
    readonly depthBlocks: number;
    /** Who attests nothing for so long weighs half, and half again for as long. */
    readonly silentBlocks: number;
  };
  /** Domains that are proposed after the genesis. */
  readonly domains: {
    readonly depositUnits: number;
    readonly votingMs: number;
    /** Part of the deposit that is burned when the vote fails. */
    readonly burnNano: number;
  };
  /** Payment channels for inference. */
  readonly channels: {
    /** How long a receipt may contradict what the payer says he owes. */
    readonly disputeBlocks: number;
    /** Of one payer at a time. */
    readonly maxOpen: number;
  };
  /** Votes agree within this many of their standard errors, between the domain's floor and its declared noise. */
  readonly toleranceStandardErrors: number;
}

export const DEFAULT_PARAMETERS: ChainParameters = {
  slotMs: 5_000,
  rankDelayMs: 1_250,
  targetProofIntervalMs: 600_000,
  initialThresholdNano: 1_000_000_000,
  minimumThresholdNano: 1_000_000,
  commitTtlMs: 600_000,
  seatDeadlineBlocks: 60,
  anchorInterval: 100,
  maxOpenCommits: 8,
  blockSubsidyUnits: 5_000_000_000,
  halvingProofBlocks: 210_000,
  supplyCapUnits: 2_100_000_000_000_000,
  reputation: {
    acceptedMicro: 1_000_000,
    agreedMicro: 400_000,
    rejectedMicro: 3_000_000,
    divergentMicro: 3_000_000,
    missedMicro: 1_000_000,
    doubleSignMicro: 10_000_000,
    halfLifeMs: 604_800_000,
    minimumMicro: 2_000_000,
  },
  incentive: {
    toleranceNano: 100_000_000,
    floorNano: 300_000_000,
    bonusThresholdNano: 50_000_000,
    capNano: 1_200_000_000,
  },
  fees: { minimumBaseUnits: 100_000, targetPlaces: 100 },
  // 2^22 hashes are some seconds of one core.
  stake: { baseFees: 5, burnPercent: 20, stampBits: 22 },
  domains: { depositUnits: 1_000_000_000, votingMs: 604_800_000, burnNano: 200_000_000 },
  channels: { disputeBlocks: 100, maxOpen: 32 },
  weights: {
    windowProofBlocks: 100,
    shareFloorNano: 100_000_000,
    meanIncrementCapNano: 2_000_000_000,
    domainPartNano: 500_000_000,
    inferenceBurnNano: 100_000_000,
  },
  challenge: {
    windowBlocks: 6,
    largeGainNano: 1_000_000_000,
    auditLargeNano: 1_000_000_000,
    // More than a sixth: five votes of agreement are what the seat's loss costs at least, so no copied vote pays.
    auditSmallNano: 200_000_000,
    jurySize: 21,
    bondMicro: 2_000_000,
    shadowSeats: 2,
    banBlocks: 100_000,
  },
  // A proof block is final after at most 2 x 8 + 6 + 2 blocks, two minutes of slots, and a hundred members send 12
  // attestations a block: a fifteenth of what fits.
  finality: { checkpointBlocks: 8, depthBlocks: 6, silentBlocks: 500 },
  toleranceStandardErrors: 6,
};

/** One machine or a handful on one desk: short slots, and work at a pace a person can watch. */
export const LOCAL_PARAMETERS: ChainParameters = {
  ...DEFAULT_PARAMETERS,
  slotMs: 1_000,
  rankDelayMs: 250,
  targetProofIntervalMs: 20_000,
  initialThresholdNano: 100_000_000,
  commitTtlMs: 120_000,
  // A handful of members: their attestations are cheap, and 16 slots to finality are what somebody waits for.
  finality: { checkpointBlocks: 4, depthBlocks: 6, silentBlocks: 500 },
  stake: { baseFees: 5, burnPercent: 20, stampBits: 12 },
};

export interface GenesisMember {
  readonly nodeId: NodeId;
  readonly reputationMicro: number;
  readonly evaluates: readonly string[];
}

export interface Genesis {
  readonly chainId: string;
  readonly timestampMs: number;
  /** Lets an optimizer without any other evaluator measure itself, at half strength. Never on public networks. */
  readonly solo: boolean;
  readonly parameters: ChainParameters;
  readonly domains: readonly DomainSpec[];
  readonly members: readonly GenesisMember[];
}

/** Covers every value of the genesis: JSON with sorted keys, which holds no floats (the schema refuses them). */
export function genesisHash(genesis: Genesis): Hash {
  return hash('doin/genesis', [toUtf8(stableJson(genesis))]);
}

/** JSON with the keys of every object sorted. */
export function stableJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stableJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${stableJson(item)}`).join(',')}}`;
}

/** What a result belongs to: the domain's data, space and limits as this chain defines them. */
export function domainHash(spec: DomainSpec): Hash {
  return hash('doin/domain', [toUtf8(stableJson(spec))]);
}

export function genesisState(genesis: Genesis): State {
  const { parameters } = genesis;
  let state = State.empty
    .set(GLOBALS, '', {
      height: 0,
      timestampMs: genesis.timestampMs,
      slot: 0,
      beacon: hash('doin/beacon', [toUtf8(genesisHash(genesis))]),
      thresholdNano: BigInt(parameters.initialThresholdNano),
      emaIntervalMs: parameters.targetProofIntervalMs,
      lastProofMs: genesis.timestampMs,
      epochStartMs: genesis.timestampMs,
      epochStartThresholdNano: BigInt(parameters.initialThresholdNano),
      proofBlocks: 0,
      pendingWorkNano: 0n,
      totalWorkNano: 0n,
      supplyUnits: 0,
      burnedUnits: 0,
      lockedUnits: 0,
      baseFeeUnits: parameters.fees.minimumBaseUnits,
      committed: 0,
      revealed: 0,
      accepted: 0,
      rejected: 0,
    })
    .set(OPEN, '', [])
    .set(PROPOSALS, '', [])
    .set(DOMAINS, '', genesis.domains.map(({ domainId }) => domainId).sort())
    .set(SHARES, '', { optimizers: [], evaluators: [] })
    .set(MEMBER_BYTES, '', []);
  for (const domain of genesis.domains) {
    state = state
      .set(DEFINITION, domain.domainId, { spec: domain, dataHash: null, proposal: null })
      .set(DOMAIN, domain.domainId, { bestNano: domain.baselineNano, accepted: 0, champion: null })
      .set(EVALUATORS, domain.domainId, []);
  }
  for (const member of genesis.members) {
    state = withMemberEntry(state, member.nodeId)
      .set(REPUTATION, member.nodeId, { scoreMicro: member.reputationMicro, updatedMs: genesis.timestampMs })
      .set(EVALUATES, member.nodeId, member.evaluates);
    for (const domain of member.evaluates) {
      state = state.set(EVALUATORS, domain, withMember(state.require(EVALUATORS, domain), member.nodeId));
    }
  }
  return withGenesisFinality(state, genesis);
}

/** The genesis is final. Its members are the first electorate: those with the minimum reputation, or all alike. */
function withGenesisFinality(state: State, genesis: Genesis): State {
  const { minimumMicro } = genesis.parameters.reputation;
  const strong = genesis.members.filter(({ reputationMicro }) => reputationMicro >= minimumMicro);
  const electorate = (strong.length > 0 ? strong : genesis.members)
    .map(({ nodeId, reputationMicro }) => ({
      node: nodeId,
      weightMicro: strong.length > 0 ? BigInt(reputationMicro) : 1n,
    }))
    .sort((a, b) => (a.node < b.node ? -1 : 1));
  const origin = { height: 0, hash: genesisHash(genesis) };
  let result = state
    .set(ELECTORATE, '0', electorate)
    .set(FINALITY, '', { justified: origin, finalized: origin, candidates: [], lastProofHeight: 0 });
  for (const { node } of electorate) result = result.set(ATTESTER, node, { targetHeight: 0, activeHeight: 0 });
  return result;
}
