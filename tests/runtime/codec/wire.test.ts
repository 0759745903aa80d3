import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import fc from 'fast-check';
import {
  announcementCodec,
  blockCodec,
  decodeBlock,
  decodeTransaction,
  headerCodec,
  transactionCodec,
} from '../../../actors/chain/codec.js';
import { LIMITS } from '../../../actors/chain/limits.js';
import { toHex } from '../../../runtime/codec/bytes.js';
import { type Codec, decode, encode, tryDecode } from '../../../runtime/codec/canonical.js';
import { announcements, blocks, headers, mutations, transactions } from '../../kit/arbitraries.js';

const wire: readonly (readonly [string, Codec<unknown>, fc.Arbitrary<unknown>])[] = [
  ['transaction', transactionCodec as Codec<unknown>, transactions],
  ['header', headerCodec as Codec<unknown>, headers],
  ['block', blockCodec as Codec<unknown>, blocks],
  ['announcement', announcementCodec as Codec<unknown>, announcements],
];

for (const [name, codec, values] of wire) {
  test(`a ${name} survives encoding and decoding`, (t) => {
    fc.assert(
      fc.property(values, (value) => {
        return isDeepStrictEqual(decode(codec, encode(codec, value)), value);
      }),
      { numRuns: 300, seed: 1 },
    );
    t.pass();
  });

  test(`changed bytes of a ${name} are refused or are canonical for what they say`, (t) => {
    let accepted = 0;
    fc.assert(
      fc.property(values, fc.array(mutations, { minLength: 8, maxLength: 8 }), (value, changes) => {
        const original = encode(codec, value);
        return changes.every((mutate) => {
          const input = mutate(original);
          const result = tryDecode(codec, input);
          if (result.ok) accepted += 1;
          return !result.ok || toHex(encode(codec, result.value)) === toHex(input);
        });
      }),
      { numRuns: 500, seed: 2 },
    );
    t.true(accepted > 100, 'the property was not empty');
  });

  test(`random bytes are hardly ever a ${name}, and then canonical`, (t) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (input) => {
        const result = tryDecode(codec, input);
        return !result.ok || toHex(encode(codec, result.value)) === toHex(input);
      }),
      { numRuns: 1_000, seed: 3 },
    );
    t.pass();
  });

  test(`every prefix of a ${name} is refused`, (t) => {
    const [value] = fc.sample(values, { numRuns: 1, seed: 4 });
    const whole = encode(codec, value);
    for (let length = 0; length < whole.length; length += 1) t.false(tryDecode(codec, whole.subarray(0, length)).ok);
  });
}

test('a transaction or block above its size limit is refused before it is decoded', (t) => {
  const large = decodeTransaction(new Uint8Array(LIMITS.transactionBytes + 1));
  t.regex(large.ok ? '' : large.detail, /^transaction of/);
  const block = decodeBlock(new Uint8Array(LIMITS.blockBytes + 1));
  t.regex(block.ok ? '' : block.detail, /^block of/);
});

test('a block of more transactions than the limit is refused', (t) => {
  const [header] = fc.sample(headers, { numRuns: 1, seed: 5 });
  const [transaction] = fc.sample(transactions, { numRuns: 1, seed: 5 });
  const list = (length: number) => ({ header: header!, transactions: new Array(length).fill(transaction!) });
  t.throws(() => encode(blockCodec, list(LIMITS.transactionsPerBlock + 1)), { instanceOf: RangeError });
  t.notThrows(() => decode(blockCodec, encode(blockCodec, list(LIMITS.transactionsPerBlock))));
});
