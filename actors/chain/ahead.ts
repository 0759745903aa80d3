/**
 * Verifies a list of blocks ahead of applying them, on other cores. What it finds good goes into the memory of the
 * verifier; what it does not, the rules check themselves when the block's turn comes. So it can only save time: no
 * answer of the rules depends on it.
 */
import type { Claim } from '../../runtime/crypto/verify-pool.js';
import { headerHash, headerSigningBytes, transactionSigningBytes } from './codec.js';
import { nextBeacon, vrfInputAfter } from './schedule.js';
import { GLOBALS } from './state/state.js';
import type { Tip } from './transition.js';
import type { Block } from './types.js';
import type { RememberingVerifier } from './verifier.js';

/** Who checks claims elsewhere: one answer each. */
export interface ClaimPool {
  check(claims: readonly Claim[]): Promise<readonly boolean[]>;
  close(): Promise<void>;
}

/** Blocks under way at a time: enough to keep every core busy, and little work lost to a liar's batch. */
const WINDOW = 32;
/** Claims that go to a thread together, or the way there would cost more than small blocks do. */
const CLAIMS_TOGETHER = 24;

/** Resolves when the block at this index of the list has been looked at. */
export type Ready = (index: number) => Promise<void>;

export function verifyAhead(
  parent: Tip,
  blocks: readonly Block[],
  chainId: string,
  verifier: RememberingVerifier,
  pool: ClaimPool,
): Ready {
  const started: Promise<void>[] = [];
  let before: string | null = parent.state.require(GLOBALS).beacon;
  let expectedParent = parent.hash;
  const claimsOfNext = (block: Block): Claim[] => {
    const beacon = before;
    // A block out of line would need a beacon that is not known yet.
    before =
      beacon === null || block.header.parent !== expectedParent ? null : nextBeacon(beacon, block.header.vrfProof);
    if (beacon === null || before === null) return [];
    expectedParent = headerHash(block.header);
    return claimsOf(block, chainId, beacon).filter((claim) => !verifier.knows(claim));
  };
  const check = async (claims: readonly Claim[]): Promise<void> => {
    const good = await pool.check(claims);
    for (const [index, claim] of claims.entries()) if (good[index] === true) verifier.remember(claim);
  };
  /** The next blocks, as many as make a message worth its way. */
  const startSome = (): void => {
    const claims: Claim[] = [];
    const first = started.length;
    let next = first;
    for (const block of blocks.slice(first)) {
      if (claims.length >= CLAIMS_TOGETHER) break;
      claims.push(...claimsOfNext(block));
      next += 1;
    }
    const checked = check(claims);
    for (let at = first; at < next; at += 1) started.push(checked);
  };
  return async (index) => {
    while (started.length < Math.min(blocks.length, index + WINDOW)) startSome();
    await started[index];
  };
}

/** What takes longest to check about a block on top of this beacon. */
function claimsOf({ header, transactions }: Block, chainId: string, beacon: string): Claim[] {
  return [
    {
      kind: 'vrf',
      publicKey: header.proposer,
      message: vrfInputAfter(beacon, chainId, header.slot),
      proof: header.vrfProof,
    },
    { kind: 'signature', publicKey: header.proposer, message: headerSigningBytes(header), proof: header.signature },
    ...transactions.map(
      (transaction): Claim => ({
        kind: 'signature',
        publicKey: transaction.sender,
        message: transactionSigningBytes(chainId, transaction),
        proof: transaction.signature,
      }),
    ),
  ];
}
