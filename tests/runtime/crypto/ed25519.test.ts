import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js';
import test from 'ava';
import fc from 'fast-check';
import { fromHex, toHex, toUtf8 } from '../../../runtime/codec/bytes.js';
import { isAcceptableKey, keyPairFromSeed, verifySignature } from '../../../runtime/crypto/ed25519.js';
import { RFC_8032, SPECCHECK } from './ed25519-vectors.js';

const PRIME = (1n << 255n) - 19n;
const ORDER = (1n << 252n) + 27742317777372353535851937790883648493n;
const littleEndian = (value: bigint, length = 32) =>
  toHex(fromHex(value.toString(16).padStart(2 * length, '0')).reverse());
const numberOf = (hexText: string) => BigInt(`0x${toHex(fromHex(hexText).reverse())}`);

for (const { name, seed, publicKey, message, signature } of RFC_8032) {
  test(`RFC 8032 section 7.1 ${name}`, (t) => {
    const pair = keyPairFromSeed(fromHex(seed));
    t.is(pair.publicKey, publicKey);
    t.is(pair.sign(fromHex(message)), signature);
    t.true(verifySignature(publicKey, fromHex(message), signature));
    t.false(verifySignature(publicKey, Uint8Array.of(...fromHex(message), 0), signature));
  });
}

for (const [index, { why, accepted, message, publicKey, signature }] of SPECCHECK.entries()) {
  test(`speccheck ${index}, ${why}: ${accepted ? 'accepted' : 'refused'}`, (t) => {
    t.is(verifySignature(publicKey, fromHex(message), signature), accepted);
  });
}

test('the edge vectors tell our rule from ZIP 215', (t) => {
  // OpenSSL alone is no yardstick: its answer to the second vector changed between Node 20 and Node 24.
  t.true(
    SPECCHECK.some(
      ({ message, publicKey, signature, accepted }) =>
        ed25519.verify(fromHex(signature), fromHex(message), fromHex(publicKey)) !== accepted,
    ),
  );
});

const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });
const messages = fc.uint8Array({ maxLength: 200 });

test('keys and signatures are those of noble, and each accepts the other’s', (t) => {
  fc.assert(
    fc.property(seeds, messages, (seed, message) => {
      const pair = keyPairFromSeed(seed);
      t.is(pair.publicKey, toHex(ed25519.getPublicKey(seed)));
      t.is(pair.sign(message), toHex(ed25519.sign(message, seed)));
      t.true(isAcceptableKey(pair.publicKey));
      t.true(verifySignature(pair.publicKey, message, pair.sign(message)));
    }),
    { numRuns: 40, seed: 1 },
  );
});

test('no flipped bit of key, message or signature verifies, as noble says too', (t) => {
  fc.assert(
    fc.property(
      seeds,
      fc.uint8Array({ minLength: 1, maxLength: 40 }),
      fc.nat(2),
      fc.nat(),
      (seed, message, part, at) => {
        const pair = keyPairFromSeed(seed);
        const parts = [fromHex(pair.publicKey), message, fromHex(pair.sign(message))];
        const changed = parts.map((bytes, index) =>
          index === part
            ? bytes.with((at >> 3) % bytes.length, bytes[(at >> 3) % bytes.length]! ^ (1 << (at & 7)))
            : bytes,
        );
        const [key, body, signature] = changed as [Uint8Array, Uint8Array, Uint8Array];
        t.false(verifySignature(toHex(key), body, toHex(signature)));
        t.false(ed25519.verify(signature, body, key, { zip215: false }));
      },
    ),
    { numRuns: 100, seed: 2 },
  );
});

test('a signature with S replaced by S + L is refused', (t) => {
  fc.assert(
    fc.property(seeds, messages, (seed, message) => {
      const pair = keyPairFromSeed(seed);
      const signature = pair.sign(message);
      const moved = signature.slice(0, 64) + littleEndian(numberOf(signature.slice(64)) + ORDER);
      t.false(verifySignature(pair.publicKey, message, moved));
    }),
    { numRuns: 50, seed: 3 },
  );
});

/** All encodings of the eight points of small order: canonical, y + p, and x = 0 with the sign bit. */
function smallOrderEncodings(): string[] {
  const withSign = (value: bigint) => [value, value | (1n << 255n)];
  const ys = ED25519_TORSION_SUBGROUP.map((point) => BigInt.asUintN(255, numberOf(point)));
  const encodings = ys.flatMap((y) => [y, y + PRIME].filter((value) => value < 1n << 255n).flatMap(withSign));
  return [...new Set(encodings.map((value) => littleEndian(value)))];
}

test('every encoding of a small-order point is refused as a key, with the signature that would hold for any message', (t) => {
  const encodings = smallOrderEncodings();
  t.true(encodings.length >= 14);
  for (const key of encodings) {
    t.false(isAcceptableKey(key), key);
    t.false(verifySignature(key, toUtf8('anything'), `01${'00'.repeat(63)}`), key);
  }
});

test('y at or above the prime is refused as a key and as R', (t) => {
  const pair = keyPairFromSeed(new Uint8Array(32));
  const signature = pair.sign(toUtf8('m'));
  for (let offset = 0n; offset < 19n; offset += 1n) {
    const encoding = littleEndian(PRIME + offset);
    t.false(isAcceptableKey(encoding));
    t.false(verifySignature(pair.publicKey, toUtf8('m'), encoding + signature.slice(64)));
  }
});

test('a key is acceptable exactly when noble decodes it to a point that is not of small order', (t) => {
  let points = 0;
  fc.assert(
    fc.property(seeds, (bytes) => {
      let expected = true;
      try {
        expected = !ed25519.Point.fromBytes(bytes, false).isSmallOrder();
      } catch {
        expected = false;
      }
      if (expected) points += 1;
      t.is(isAcceptableKey(toHex(bytes)), expected, toHex(bytes));
    }),
    { numRuns: 200, seed: 4 },
  );
  t.true(points > 30 && points < 170, 'both kinds were tried');
});

test('text that is not lower-case hex of the right length is refused, not thrown at', (t) => {
  const { publicKey, message, signature } = RFC_8032[1];
  const body = fromHex(message);
  for (const key of [
    '',
    'zz',
    publicKey.toUpperCase(),
    publicKey.slice(2),
    `${publicKey}00`,
    `0x${publicKey.slice(2)}`,
  ]) {
    t.false(isAcceptableKey(key));
    t.false(verifySignature(key, body, signature));
  }
  for (const wrong of ['', signature.toUpperCase(), signature.slice(2), `${signature}00`]) {
    t.false(verifySignature(publicKey, body, wrong));
  }
  t.throws(() => keyPairFromSeed(new Uint8Array(31)), { instanceOf: RangeError });
});

test('an answer does not depend on what was verified before', (t) => {
  const { publicKey, message, signature } = RFC_8032[0];
  for (let index = 0; index < 5_000; index += 1) isAcceptableKey(littleEndian(BigInt(index + 2)));
  t.true(verifySignature(publicKey, fromHex(message), signature));
  t.false(verifySignature(publicKey, toUtf8('other'), signature));
});
