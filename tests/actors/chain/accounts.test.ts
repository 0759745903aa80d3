import test from 'ava';
import fc from 'fast-check';
import { nonceIsFresh, withNonceUsed } from '../../../actors/chain/accounts.js';
import { ACCOUNT, type Account, NEW_ACCOUNT } from '../../../actors/chain/state/state.js';
import { decode, encode } from '../../../runtime/codec/canonical.js';

/** What the window is to mean: used once, not more than 64 below the highest, no jump above a million. */
function mayUse(used: ReadonlySet<number>, nonce: number): boolean {
  const highest = Math.max(0, ...used);
  return nonce > 0 && !used.has(nonce) && nonce >= highest - 64 && nonce <= highest + 1_000_000;
}

test('a nonce is fresh exactly when a set of all used ones says so', (t) => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: -70, max: 6 }) },
    { weight: 2, arbitrary: fc.integer({ min: 60, max: 70 }) },
    { weight: 1, arbitrary: fc.constantFrom(-1_000, 999_999, 1_000_000, 1_000_001) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (moves) => {
      let account: Account = NEW_ACCOUNT;
      const used = new Set<number>();
      for (const move of moves) {
        const nonce = account.nonceHighest + move;
        t.is(nonceIsFresh(account, nonce), mayUse(used, nonce), `${nonce} after ${[...used].join(' ')}`);
        if (!mayUse(used, nonce)) continue;
        account = withNonceUsed(account, nonce);
        used.add(nonce);
        t.is(account.nonceHighest, Math.max(...used));
      }
      t.deepEqual(decode(ACCOUNT.codec, encode(ACCOUNT.codec, account)), account, 'fits its codec');
    }),
    { numRuns: 150, seed: 1 },
  );
});

test('the whole window can be used in any order, each nonce once', (t) => {
  let account = withNonceUsed(NEW_ACCOUNT, 100);
  const window = Array.from({ length: 64 }, (_, index) => 36 + ((index * 37) % 64));
  for (const nonce of window) {
    t.true(nonceIsFresh(account, nonce), `${nonce}`);
    account = withNonceUsed(account, nonce);
    t.false(nonceIsFresh(account, nonce), `${nonce} again`);
  }
  t.false(nonceIsFresh(account, 35));
  t.false(nonceIsFresh(account, 100));
  t.is(account.nonceWindow, (1n << 64n) - 1n);
});

test('using a nonce touches nothing else of the account', (t) => {
  t.is(withNonceUsed({ ...NEW_ACCOUNT, balanceUnits: 7 }, 3).balanceUnits, 7);
  t.false(nonceIsFresh(NEW_ACCOUNT, 0));
  t.false(nonceIsFresh(NEW_ACCOUNT, -1));
});
