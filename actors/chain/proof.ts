/**
 * Proof blocks: when the pending verified work reaches the threshold, the block consumes it, mints the subsidy and
 * sets the next threshold. DESIGN section 5, rows "threshold" and "coin".
 */
import { clampBig, NANO_BIG } from '../../runtime/fixed/nano.js';
import { credit } from './coins.js';
import type { Execution } from './execution.js';
import type { ChainParameters } from './genesis.js';
import { type Globals, type PendingShares, SHARES } from './state/state.js';
import type { ChainRecord, NodeId } from './types.js';

type Payment = Extract<ChainRecord, { type: 'COINBASE' }>['payments'][number];

export const OPTIMIZER_PERCENT = 65n;
const EVALUATOR_PERCENT = 30n;
const EPOCH_PROOF_BLOCKS = 100;
/** Per block the threshold follows the average interval by at most 2 %. */
const BLOCK_STEP_NANO = 20_000_000n;
/** Both controllers together move it at most fourfold per epoch. */
const EPOCH_FACTOR = 4n;

/** Returns true when the block became a proof block. */
export function settleProof(execution: Execution): boolean {
  const globals = execution.globals();
  if (globals.pendingWorkNano === 0n || globals.pendingWorkNano < globals.thresholdNano) return false;
  const { parameters } = execution.genesis;
  const subsidyUnits = subsidy(globals, parameters);
  const shares = execution.state.require(SHARES);
  const payments = split(subsidyUnits, shares, execution.block.proposer);
  for (const payment of payments) credit(execution, payment.to, payment.amountUnits, { cause: 'reward' });
  execution.state = execution.state.set(SHARES, '', { optimizers: [], evaluators: [] });
  execution.updateGlobals({
    ...nextThreshold(globals, execution.block.timestampMs, parameters),
    proofBlocks: globals.proofBlocks + 1,
    pendingWorkNano: 0n,
    totalWorkNano: globals.totalWorkNano + globals.pendingWorkNano,
    supplyUnits: globals.supplyUnits + subsidyUnits,
  });
  execution.records.push({
    type: 'COINBASE',
    workNano: Number(globals.pendingWorkNano),
    thresholdNano: Number(globals.thresholdNano),
    subsidyUnits,
    payments,
  });
  return true;
}

/** Halves every `halvingProofBlocks`; never beyond the cap. */
export function subsidy(
  globals: Pick<Globals, 'proofBlocks' | 'supplyUnits'>,
  parameters: Pick<ChainParameters, 'blockSubsidyUnits' | 'halvingProofBlocks' | 'supplyCapUnits'>,
): number {
  const halvings = BigInt(Math.trunc(globals.proofBlocks / parameters.halvingProofBlocks));
  const nominal = Number(halvings >= 64n ? 0n : BigInt(parameters.blockSubsidyUnits) >> halvings);
  return Math.min(nominal, parameters.supplyCapUnits - globals.supplyUnits);
}

/** 65 % by effective increment, 30 % by agreed votes, all the rest (5 % and the remainders) to the proposer. Sums exact. */
export function split(subsidyUnits: number, shares: PendingShares, proposer: NodeId): readonly Payment[] {
  const total = BigInt(subsidyUnits);
  const optimizers = proportional(
    (total * OPTIMIZER_PERCENT) / 100n,
    shares.optimizers.map(({ node, workNano }) => ({ node, weight: workNano })),
    'optimizer',
  );
  const evaluators = proportional(
    (total * EVALUATOR_PERCENT) / 100n,
    shares.evaluators.map(({ node, votes }) => ({ node, weight: BigInt(votes) })),
    'evaluator',
  );
  const paid = [...optimizers, ...evaluators].reduce((sum, payment) => sum + payment.amountUnits, 0);
  const payments: Payment[] = [
    ...optimizers,
    ...evaluators,
    { to: proposer, amountUnits: subsidyUnits - paid, share: 'proposer' },
  ];
  return payments.filter((payment) => payment.amountUnits > 0);
}

function proportional(
  pool: bigint,
  weights: readonly { readonly node: NodeId; readonly weight: bigint }[],
  share: Payment['share'],
): Payment[] {
  const sum = weights.reduce((total, { weight }) => total + weight, 0n);
  if (sum === 0n) return [];
  return weights.map(({ node, weight }) => ({ to: node, amountUnits: Number((pool * weight) / sum), share }));
}

type ThresholdState = Pick<
  Globals,
  'thresholdNano' | 'emaIntervalMs' | 'lastProofMs' | 'epochStartMs' | 'epochStartThresholdNano'
>;

/** Proof blocks that come too fast raise the threshold, slow ones lower it. */
export function nextThreshold(
  globals: ThresholdState & Pick<Globals, 'proofBlocks'>,
  timestampMs: number,
  parameters: Pick<ChainParameters, 'targetProofIntervalMs' | 'minimumThresholdNano'>,
): ThresholdState {
  const target = BigInt(parameters.targetProofIntervalMs);
  const interval = BigInt(Math.max(1, timestampMs - globals.lastProofMs));
  const ema = (interval + 9n * BigInt(globals.emaIntervalMs)) / 10n;
  const drift = clampBig((target * NANO_BIG) / (ema === 0n ? 1n : ema) - NANO_BIG, -BLOCK_STEP_NANO, BLOCK_STEP_NANO);
  const stepped = (globals.thresholdNano * (NANO_BIG + drift)) / NANO_BIG;

  const epochEnds = (globals.proofBlocks + 1) % EPOCH_PROOF_BLOCKS === 0;
  const epochTarget = target * BigInt(EPOCH_PROOF_BLOCKS);
  const epochActual = BigInt(Math.max(1, timestampMs - globals.epochStartMs));
  const corrected = epochEnds ? (stepped * epochTarget) / epochActual : stepped;
  const floor = BigInt(parameters.minimumThresholdNano);
  const bounded = clampBig(
    corrected,
    globals.epochStartThresholdNano / EPOCH_FACTOR,
    globals.epochStartThresholdNano * EPOCH_FACTOR,
  );
  const thresholdNano = bounded < floor ? floor : bounded;
  return {
    thresholdNano,
    emaIntervalMs: Number(ema === 0n ? 1n : ema),
    lastProofMs: timestampMs,
    epochStartMs: epochEnds ? timestampMs : globals.epochStartMs,
    epochStartThresholdNano: epochEnds ? thresholdNano : globals.epochStartThresholdNano,
  };
}
