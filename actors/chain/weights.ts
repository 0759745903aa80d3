/**
 * What work in a domain is worth (VUW, verified utility weight), from what the last proof blocks saw of it:
 *
 *   base x max(0.1, share of paid inference) x (1 + min(mean increment, 2)) x (1 synthetic, 0.5 not)
 *
 * Payments count by the part of them that is burned, so that paying oneself costs exactly what it counts. The share
 * is smoothed by a prior as large as what optimizers were minted in the window, spread evenly: while nobody pays, each
 * domain has the same share, and whoever washes payments through keys of his own to move it burns more than the moved
 * share of that mint (docs/economy.md has the sum). Pure integers; the window is bounded and kept incrementally.
 */
import type { DomainSpec } from '../../gpu-workers/types.js';
import { clampBig, NANO_BIG, ratioNano, scaleByNano } from '../../runtime/fixed/nano.js';
import type { Execution } from './execution.js';
import { OPTIMIZER_PERCENT, subsidy } from './proof.js';
import { DOMAINS } from './state/domains.js';
import { DOMAIN_USE, type DomainUse, NO_USE, type UseBucket } from './state/use.js';

const ALL_DOMAINS = '';
/** Work beyond a domain's part of the threshold counts this fraction. Not zero: a chain with one busy domain must move. */
const OVERFLOW_DIVISOR = 4n;
/** No single optimum weighs more than 10 000 units, so that the sums of 18 million of them fit 64 bits. */
const MAX_WORK_NANO = 10_000_000_000_000n;

/**
 * Takes an accepted increment into the books and returns the work it counts. `strengthNano` is the product of what
 * else scales it: reputation factor, incentive fraction, half for measuring oneself.
 */
export function takeWork(execution: Execution, spec: DomainSpec, rawNano: bigint, strengthNano: bigint): bigint {
  const weighted = scaleByNano(scaleByNano(rawNano, domainWeightNano(execution, spec)), strengthNano);
  const fullNano = clampBig(weighted, 0n, MAX_WORK_NANO);
  const workNano = withinPart(fullNano, pendingOf(execution, spec.domainId), partOfThreshold(execution));
  add(execution, spec.domainId, { accepted: 1, incrementNano: rawNano, workNano });
  return workNano;
}

/** Counts the burned part of a payment for inference in a domain. */
export function countPayment(execution: Execution, domainId: string, burnedUnits: number): void {
  add(execution, domainId, { burnedUnits });
}

/** Its smoothed share of what payments for inference burned, in nano. */
export function domainShareNano(execution: Execution, { domainId }: DomainSpec): bigint {
  const own = recentUse(execution, domainId);
  const all = recentUse(execution, ALL_DOMAINS);
  return shareNano(own.burnedUnits, all.burnedUnits, activeDomains(execution), priorUnits(execution));
}

/** The weight of a domain now, in nano; 1e9 = 1. */
export function domainWeightNano(execution: Execution, spec: DomainSpec): bigint {
  const { shareFloorNano, meanIncrementCapNano } = execution.genesis.parameters.weights;
  const own = recentUse(execution, spec.domainId);
  const share = domainShareNano(execution, spec);
  const mean = own.accepted === 0 ? 0n : own.incrementNano / BigInt(own.accepted);
  const interest = NANO_BIG + clampBig(mean, 0n, BigInt(meanIncrementCapNano));
  const floored = clampBig(share, BigInt(shareFloorNano), NANO_BIG);
  const weight = scaleByNano(scaleByNano(BigInt(spec.weightNano), floored), interest);
  return spec.synthetic ? weight : weight / 2n;
}

/** (own + prior / n) / (all + prior) for n domains: 1 / n while nobody pays, the plain share when many do. */
export function shareNano(ownUnits: number, allUnits: number, domains: number, priorUnits: bigint): bigint {
  const n = BigInt(Math.max(1, domains));
  return ratioNano(BigInt(ownUnits) * n + priorUnits, (BigInt(allUnits) + priorUnits) * n);
}

/** Up to the part in full, the rest by a quarter. */
export function withinPart(workNano: bigint, pendingNano: bigint, partNano: bigint | null): bigint {
  if (partNano === null) return workNano;
  const full = clampBig(partNano - pendingNano, 0n, workNano);
  return full + (workNano - full) / OVERFLOW_DIVISOR;
}

/** How much of the threshold one domain may fill at full value; null where there is no other to fill the rest. */
function partOfThreshold(execution: Execution): bigint | null {
  if (activeDomains(execution) < 2) return null;
  const { domainPartNano } = execution.genesis.parameters.weights;
  return scaleByNano(execution.globals().thresholdNano, BigInt(domainPartNano));
}

function pendingOf(execution: Execution, domainId: string): bigint {
  const last = execution.state.get(DOMAIN_USE, domainId)?.buckets.at(-1);
  return last?.proofBlocks === execution.globals().proofBlocks ? last.workNano : 0n;
}

function activeDomains(execution: Execution): number {
  return execution.state.require(DOMAINS).filter((id) => (execution.domain(id)?.weightNano ?? 0) > 0).length;
}

/** What optimizers are minted in a window at today's subsidy; at least one unit, so that a share always exists. */
function priorUnits(execution: Execution): bigint {
  const { parameters } = execution.genesis;
  const minted = BigInt(subsidy(execution.globals(), parameters)) * BigInt(parameters.weights.windowProofBlocks);
  const prior = (minted * OPTIMIZER_PERCENT) / 100n;
  return prior > 0n ? prior : 1n;
}

function recentUse(execution: Execution, domainId: string): DomainUse {
  const use = execution.state.get(DOMAIN_USE, domainId) ?? NO_USE;
  return withoutOld(use, execution.globals().proofBlocks - execution.genesis.parameters.weights.windowProofBlocks);
}

function add(execution: Execution, domainId: string, change: Partial<UseBucket>): void {
  for (const id of [domainId, ALL_DOMAINS]) {
    const use = withAdded(recentUse(execution, id), execution.globals().proofBlocks, change);
    execution.state = execution.state.set(DOMAIN_USE, id, use);
  }
}

/** Drops what happened before this many proof blocks, that one included. */
export function withoutOld(use: DomainUse, lastOld: number): DomainUse {
  const old = use.buckets.filter(({ proofBlocks }) => proofBlocks <= lastOld);
  return old.reduce((rest, bucket) => ({ buckets: rest.buckets.slice(1), ...sums(rest, bucket, -1) }), use);
}

/** Adds to the newest bucket, which it opens when a proof block lies between. */
export function withAdded(use: DomainUse, proofBlocks: number, change: Partial<UseBucket>): DomainUse {
  const added = { proofBlocks, ...EMPTY, ...change };
  const last = use.buckets.at(-1);
  const merged =
    last?.proofBlocks === proofBlocks ? { ...sums(last, added, 1), workNano: last.workNano + added.workNano } : added;
  const kept = last?.proofBlocks === proofBlocks ? use.buckets.slice(0, -1) : use.buckets;
  return { buckets: [...kept, { ...merged, proofBlocks }], ...sums(use, added, 1) };
}

const EMPTY = { burnedUnits: 0, accepted: 0, incrementNano: 0n, workNano: 0n };
type Sums = Pick<DomainUse, 'burnedUnits' | 'accepted' | 'incrementNano'>;

function sums(a: Sums, b: Sums, sign: 1 | -1): Sums {
  return {
    burnedUnits: a.burnedUnits + sign * b.burnedUnits,
    accepted: a.accepted + sign * b.accepted,
    incrementNano: a.incrementNano + BigInt(sign) * b.incrementNano,
  };
}
