/**
 * Nonces and balances. A nonce may be used once; the last 64 below the highest may come in any order and may be left
 * out (the anti-replay window of RFC 4303 section 3.4.3). So a node's votes, reveals and transfers do not wait for
 * each other, and one that can never be included blocks nothing.
 */
import type { Account } from './state/state.js';

const WINDOW = 64;
const WINDOW_MASK = (1n << BigInt(WINDOW)) - 1n;
/** A jump further than this is refused, so that nobody can burn his own nonces by mistake. */
const LARGEST_JUMP = 1_000_000;

export function nonceIsFresh(account: Account, nonce: number): boolean {
  if (nonce > account.nonceHighest) return nonce - account.nonceHighest <= LARGEST_JUMP;
  const below = account.nonceHighest - nonce;
  return below > 0 && below <= WINDOW && (account.nonceWindow & (1n << BigInt(below - 1))) === 0n && nonce > 0;
}

/** Call only for a fresh nonce. */
export function withNonceUsed(account: Account, nonce: number): Account {
  if (nonce > account.nonceHighest) {
    const jump = nonce - account.nonceHighest;
    const moved = jump > WINDOW ? 0n : ((account.nonceWindow << 1n) | 1n) << BigInt(jump - 1);
    return { ...account, nonceHighest: nonce, nonceWindow: moved & WINDOW_MASK };
  }
  const bit = 1n << BigInt(account.nonceHighest - nonce - 1);
  return { ...account, nonceWindow: account.nonceWindow | bit };
}
