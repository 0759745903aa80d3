import test from 'ava';
import fc from 'fast-check';
import { formatCoins, parseCoins, UNITS_PER_COIN } from '../../../runtime/fixed/coins.js';

test('amounts are read to the unit', (t) => {
  t.is(parseCoins('1'), UNITS_PER_COIN);
  t.is(parseCoins('0.00000001'), 1);
  t.is(parseCoins('12.3'), 1_230_000_000);
  // 0.29 x 1e8 is 28999999.999999996 as a float.
  t.is(parseCoins('0.29'), 29_000_000);
  t.is(parseCoins('21000000.00000001'), 2_100_000_000_000_001);
});

test('whatever is no decimal of at most eight digits, or leaves the safe integers, is refused', (t) => {
  for (const text of [
    '',
    ' 1',
    '1.',
    '.5',
    '-1',
    '+1',
    '1e3',
    '1,5',
    '0x10',
    'NaN',
    'Infinity',
    '1.000000001',
    '１',
    '90071992.547409930',
  ]) {
    t.is(parseCoins(text), null, text);
  }
  t.is(parseCoins('90071992.54740991'), Number.MAX_SAFE_INTEGER);
  t.is(parseCoins('90071992.54740992'), null);
});

test('every amount written is the same amount read', (t) => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (units) => {
      t.is(parseCoins(formatCoins(units)), units);
    }),
  );
  t.is(formatCoins(-150), '-0.00000150');
});
