/**
 * The quorum's rules: how many seats, who gets them, when votes agree, and what a result is worth. Pure integers;
 * every node computes the same from the same state.
 */
import { fromHex, toUtf8 } from '../../runtime/codec/bytes.js';
import { hash } from '../../runtime/crypto/hash.js';
import { absolute, NANO_BIG } from '../../runtime/fixed/nano.js';

const SMALLEST_QUORUM = 3;
const LARGEST_QUORUM = 15;
const MAX_STANDBY = 16;

/** K = clamp(3 + floor(log2 n), 3, max(3, min(15, n div 2))), never more than there are candidates. */
export function quorumSize(candidates: number): number {
  if (candidates === 0) return 0;
  const upper = Math.max(SMALLEST_QUORUM, Math.min(LARGEST_QUORUM, Math.trunc(candidates / 2)));
  const wanted = SMALLEST_QUORUM + floorLog2(candidates);
  return Math.min(candidates, Math.max(SMALLEST_QUORUM, Math.min(upper, wanted)));
}

function floorLog2(value: number): number {
  return 31 - Math.clz32(value);
}

export interface SeatDraw {
  readonly seated: readonly string[];
  /** Replacements in the order they are called. */
  readonly standby: readonly string[];
}

/** Candidates in the order of H(beacon, optimum, evaluator): the first K sit, the next ones stand by. */
export function drawSeats(beacon: string, optimum: string, candidates: readonly string[]): SeatDraw {
  const ordered = candidates
    .map((evaluator) => ({
      evaluator,
      order: hash('doin/seat', [fromHex(beacon), fromHex(optimum), fromHex(evaluator)]),
    }))
    .sort((a, b) => (a.order < b.order ? -1 : 1))
    .map((entry) => entry.evaluator);
  const size = quorumSize(ordered.length);
  return { seated: ordered.slice(0, size), standby: ordered.slice(size, size + MAX_STANDBY) };
}

/** The evaluation data of one seat: unknown to the optimizer until his reveal is in a block. */
export function seatDataSeed(commitment: string, domain: string, evaluator: string, beacon: string): string {
  return hash('doin/data-seed', [fromHex(commitment), toUtf8(domain), fromHex(evaluator), fromHex(beacon)]);
}

/**
 * What a vote shows of all the evaluation's outputs. Salted with the voter's id, so that it is of no use to anybody
 * else: two evaluators of equal data would still publish different digests.
 */
export function traceDigestOf(evaluator: string, traceHash: string): string {
  return hash('doin/trace', [fromHex(evaluator), fromHex(traceHash)]);
}

export interface CastVote {
  readonly performanceNano: number;
  readonly standardErrorNano: number;
}

export interface Tally {
  readonly medianNano: number;
  readonly toleranceNano: number;
  /** One flag per vote, in the order given. */
  readonly agrees: readonly boolean[];
  readonly agreeing: number;
}

export interface Tolerance {
  /** Votes agree within this many standard errors. */
  readonly standardErrors: number;
  /** They never need to agree better than this. */
  readonly floorNano: number;
  /** No stated error counts more than this: what the domain declares as its largest. */
  readonly noiseNano: number;
}

/**
 * Median of the votes, and who is near enough to it. The tolerance follows the noise the voters themselves stated (the
 * median of their standard errors, so that one large claim cannot widen it), as far as the domain allows.
 *
 * At six standard errors no honest vote was off in 800,000 simulated quorums of 3 to 15; at four it is one quorum in 900,
 * because the distance of two noisy values is noisier than each.
 */
export function tally(votes: readonly CastVote[], { standardErrors, floorNano, noiseNano }: Tolerance): Tally {
  const medianNano = lowerMedian(votes.map((vote) => vote.performanceNano));
  const noise = Math.min(noiseNano, lowerMedian(votes.map((vote) => vote.standardErrorNano)));
  const toleranceNano = Math.max(floorNano, Math.min(standardErrors * noise, Number.MAX_SAFE_INTEGER));
  const agrees = votes.map((vote) => isWithin(vote.performanceNano, medianNano, toleranceNano));
  return { medianNano, toleranceNano, agrees, agreeing: agrees.filter(Boolean).length };
}

export function isWithin(performanceNano: number, medianNano: number, toleranceNano: number): boolean {
  return absolute(BigInt(performanceNano) - BigInt(medianNano)) <= BigInt(toleranceNano);
}

/** The middle value; of an even number, the lower of the two in the middle: always a value somebody measured. */
function lowerMedian(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[(sorted.length - 1) >> 1];
  if (middle === undefined) throw new RangeError('median of nothing');
  return middle;
}

/** Two thirds in integers: 2 of 3 suffice. */
export function quorumAgrees(agreeing: number, seats: number): boolean {
  return 3 * agreeing >= 2 * seats;
}

export interface IncentiveParameters {
  readonly toleranceNano: number;
  readonly floorNano: number;
  readonly bonusThresholdNano: number;
  readonly capNano: number;
}

/**
 * What fraction of an increment a result is worth, in nano, from the gap between claim and measurement relative to
 * the claim. As claimed: 1. Worse: falls linearly to the floor at the tolerance, then 0. Better: rises linearly to
 * the cap at the bonus threshold and stays there.
 *
 * `votesNano` is within what votes agree. A claim is refuted only by a gap that is larger: next to zero a tenth of the
 * claim is less than the noise of the measurement, and honest work would be punished by chance. So relative to claims
 * smaller than that, the gap counts as relative to what makes `votesNano` the tolerance.
 */
export function incentiveFractionNano(
  reportedNano: number,
  verifiedNano: number,
  direction: 'maximize' | 'minimize',
  parameters: IncentiveParameters,
  votesNano: number,
): bigint {
  const reported = BigInt(reportedNano);
  const shortfall = direction === 'maximize' ? reported - BigInt(verifiedNano) : BigInt(verifiedNano) - reported;
  const tolerance = BigInt(parameters.toleranceNano);
  const finest = (BigInt(votesNano) * NANO_BIG + tolerance - 1n) / tolerance;
  const scale = [absolute(reported), finest].reduce((a, b) => (a > b ? a : b), 1n);
  const relative = (shortfall * NANO_BIG) / scale;
  if (relative > tolerance) return 0n;
  if (relative >= 0n) return NANO_BIG - (relative * (NANO_BIG - BigInt(parameters.floorNano))) / tolerance;
  const surplus = -relative;
  const bonus = BigInt(parameters.bonusThresholdNano);
  const cap = BigInt(parameters.capNano);
  return surplus >= bonus ? cap : NANO_BIG + (surplus * (cap - NANO_BIG)) / bonus;
}
