/** Makes this node's own blocks: is it our turn, is there a cause, and what goes in. */
import { encode } from '../../runtime/codec/canonical.js';
import type { KeyPair } from '../../runtime/crypto/ed25519.js';
import { vrfProve } from '../../runtime/crypto/vrf.js';
import type { Blockchain } from './blockchain.js';
import { announcementCodec, headerSigningBytes, transactionId } from './codec.js';
import type { Mempool } from './mempool.js';
import { opensAtMs, proposersOf, slotAt, vrfInput } from './schedule.js';
import { GLOBALS } from './state/state.js';
import { buildBlock, hasPendingWork, type Proposal } from './transition.js';
import type { Block, Hash } from './types.js';
import type { SignatureCheck } from './verifier.js';

/** What a proposal lacks is the proof, which takes milliseconds: made only when the turn is used. */
export type Turn = Omit<Proposal, 'vrfProof'>;

/** Our next turn in the current slot, or null when there is none or nothing to order. */
export function turnAt(chain: Blockchain, mempool: Mempool, self: string, nowMs: number): Turn | null {
  const { head, genesis } = chain;
  const globals = head.state.require(GLOBALS);
  if (mempool.causes === 0 && !hasPendingWork(head.state)) return null;
  const slot = slotAt(genesis, nowMs);
  if (slot <= globals.slot || nowMs <= globals.timestampMs) return null;
  const rank = proposersOf(head.state, genesis, slot).indexOf(self);
  if (rank < 0 || nowMs < opensAtMs(genesis, slot, rank)) return null;
  return { slot, rank, timestampMs: nowMs, proposer: self };
}

export interface Produced {
  readonly block: Block;
  readonly announcement: Uint8Array;
  readonly dropped: readonly Hash[];
}

/** Builds and signs a block on the head. Null when no candidate turned out valid and nothing is pending. */
export function produceBlock(
  chain: Blockchain,
  mempool: Mempool,
  keyPair: KeyPair,
  turn: Turn,
  verify: SignatureCheck,
): Produced | null {
  const { baseFeeUnits } = chain.head.state.require(GLOBALS);
  const candidates = mempool.candidates(baseFeeUnits, chain.genesis.parameters.fees.targetPlaces);
  const vrfProof = vrfProve(keyPair.secretSeed, vrfInput(chain.head.state, chain.genesis, turn.slot));
  const built = buildBlock(chain.head, { ...turn, vrfProof }, candidates, chain.genesis, verify);
  if (built === null) return null;
  const header = { ...built.header, signature: keyPair.sign(headerSigningBytes(built.header)) };
  const transactionIds = built.transactions.map(transactionId);
  return {
    block: { header, transactions: built.transactions },
    announcement: encode(announcementCodec, { header, transactionIds }),
    dropped: built.refused.filter(({ refusal }) => !refusal.later).map(({ transaction }) => transactionId(transaction)),
  };
}
