/**
 * Who may propose when. Time is cut into slots from the genesis on; in each slot the eligible members are ranked by a
 * draw from the beacon, weighted by reputation, and rank r may propose from r x rankDelay after the slot's start.
 */
import { fromHex, toUtf8, uint64Bytes } from '../../runtime/codec/bytes.js';
import { hash, hashBytes } from '../../runtime/crypto/hash.js';
import { vrfOutput } from '../../runtime/crypto/vrf.js';
import { reputationAt } from './execution.js';
import type { Genesis } from './genesis.js';
import { memberIds } from './state/members.js';
import { GLOBALS, type State } from './state/state.js';
import type { NodeId } from './types.js';

export function slotAt(genesis: Genesis, timestampMs: number): number {
  return Math.trunc((timestampMs - genesis.timestampMs) / genesis.parameters.slotMs);
}

export function slotStartMs(genesis: Genesis, slot: number): number {
  return genesis.timestampMs + slot * genesis.parameters.slotMs;
}

/** From this moment to the end of the slot a proposer of this rank may propose. */
export function opensAtMs(genesis: Genesis, slot: number, rank: number): number {
  return slotStartMs(genesis, slot) + rank * genesis.parameters.rankDelayMs;
}

/** How many ranks fit into one slot. */
export function ranksPerSlot(genesis: Genesis): number {
  const { slotMs, rankDelayMs } = genesis.parameters;
  return Math.trunc((slotMs - 1) / rankDelayMs) + 1;
}

export interface WeightedMember {
  readonly node: NodeId;
  /** Reputation, micro. */
  readonly weight: number;
}

/**
 * Who acts for the chain in this state: everybody with the minimum reputation at the state's own block time. When nobody
 * has it (a small network that slept for weeks), the founding members do, so that no chain is ever stuck.
 */
export function eligibleMembers(state: State, genesis: Genesis): readonly WeightedMember[] {
  const known = eligible.get(state);
  if (known?.genesis === genesis) return known.members;
  const members = findEligible(state, genesis);
  eligible.set(state, { genesis, members });
  return members;
}

/** One state is asked for every slot that nobody uses, when a header comes and when its block is applied. */
const eligible = new WeakMap<State, { readonly genesis: Genesis; readonly members: readonly WeightedMember[] }>();

function findEligible(state: State, genesis: Genesis): readonly WeightedMember[] {
  const { timestampMs } = state.require(GLOBALS);
  const { minimumMicro } = genesis.parameters.reputation;
  const members = memberIds(state)
    .map((node) => ({ node, weight: reputationAt(state, node, timestampMs, genesis) }))
    .filter(({ weight }) => weight >= minimumMicro);
  if (members.length > 0) return members;
  return genesis.members.map(({ nodeId }) => ({ node: nodeId, weight: 1 })).sort((a, b) => (a.node < b.node ? -1 : 1));
}

/** The proposers of a slot on top of this state, best rank first. */
export function proposersOf(state: State, genesis: Genesis, slot: number): readonly NodeId[] {
  const { beacon } = state.require(GLOBALS);
  return weightedOrder(eligibleMembers(state, genesis), beacon, slot, ranksPerSlot(genesis));
}

/** Who may propose in a slot with this rank. Those after it need not be drawn. */
export function proposerAt(state: State, genesis: Genesis, slot: number, rank: number): NodeId | undefined {
  if (rank >= ranksPerSlot(genesis)) return undefined;
  const { beacon } = state.require(GLOBALS);
  return weightedOrder(eligibleMembers(state, genesis), beacon, slot, rank + 1)[rank];
}

/**
 * Draws without replacement: each draw picks a point on the remaining total weight. The hash is taken as a fraction of
 * it, not as a remainder: every millisecond that a proposer puts into his block changes the total a little, and a
 * remainder would be another one each time, for him to choose who comes next.
 */
function weightedOrder(
  candidates: readonly WeightedMember[],
  beacon: string,
  slot: number,
  count: number,
): readonly NodeId[] {
  const remaining = [...candidates];
  const order: NodeId[] = [];
  let total = remaining.reduce((sum, { weight }) => sum + BigInt(weight), 0n);
  while (remaining.length > 0 && order.length < count) {
    const digest = hash('doin/rank', [fromHex(beacon), uint64Bytes(slot), uint64Bytes(order.length)]);
    let point = (BigInt(`0x${digest}`) * total) >> 256n;
    const picked = remaining.findIndex(({ weight }) => {
      point -= BigInt(weight);
      return point < 0n;
    });
    const [winner] = remaining.splice(picked, 1);
    if (winner === undefined) throw new Error('a point on the total weight belongs to somebody');
    total -= BigInt(winner.weight);
    order.push(winner.node);
  }
  return order;
}

/** What the proposer of a slot on top of this state proves his VRF on: nothing in it is for him to choose. */
export function vrfInput(state: State, genesis: Genesis, slot: number): Uint8Array {
  return vrfInputAfter(state.require(GLOBALS).beacon, genesis.chainId, slot);
}

export function vrfInputAfter(beacon: string, chainId: string, slot: number): Uint8Array {
  return hashBytes('doin/vrf-input', [toUtf8(chainId), fromHex(beacon), uint64Bytes(slot)]);
}

/**
 * The next beacon: the VRF output of the proposer, chained. Nobody knows it before the block is there, and the
 * proposer has one per slot, whatever he puts into his block: he can only leave the slot to somebody else. Null when
 * the proof does not decode.
 */
export function nextBeacon(beacon: string, vrfProof: string): string | null {
  const output = vrfOutput(vrfProof);
  return output === null ? null : hash('doin/beacon', [fromHex(beacon), fromHex(output)]);
}
