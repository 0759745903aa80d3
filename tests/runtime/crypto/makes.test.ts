/** What libsodium computes here and what runs everywhere must never differ: a difference would split the chain. */
import { createHash } from 'node:crypto';
import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js';
import test from 'ava';
import fc from 'fast-check';
import { fromHex, toHex } from '../../../runtime/codec/bytes.js';
import {
  isAcceptableKey,
  keyPairFromSeed,
  opensslEquation,
  type SignatureEquation,
  sodiumCurveCheck,
  sodiumEquation,
  verifySignature,
} from '../../../runtime/crypto/ed25519.js';
import { isOnCurve } from '../../../runtime/crypto/encodings.js';
import { type EdwardsGroup, nativeGroup, portableGroup } from '../../../runtime/crypto/group.js';
import { sodium } from '../../../runtime/crypto/sodium.js';
import { outputOf, vrfProve, vrfVerify } from '../../../runtime/crypto/vrf.js';

const { Point } = ed25519;
const ORDER = Point.Fn.ORDER;
const PRIME = (1n << 255n) - 19n;
const bytesOf = (value: bigint) => fromHex(value.toString(16).padStart(64, '0')).reverse();

/** Where there is no libsodium there is nothing to compare. */
const library = sodium();
const native: EdwardsGroup = library === null ? portableGroup : nativeGroup(library);
const sodiumHolds: SignatureEquation = library === null ? opensslEquation : sodiumEquation(library);

const scalars = fc.oneof(
  fc.bigInt({ min: 0n, max: ORDER - 1n }),
  fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
  fc.constantFrom(0n, 1n, 2n, 8n, ORDER - 1n),
);
const torsion = fc.constantFrom(...ED25519_TORSION_SUBGROUP).map((hex) => Point.fromHex(hex));
/** Points of the prime subgroup, of small order, and sums of both. */
const points = fc.oneof(
  fc.bigInt({ min: 1n, max: ORDER - 1n }).map((scalar) => Point.BASE.multiplyUnsafe(scalar)),
  torsion,
  fc
    .tuple(fc.bigInt({ min: 1n, max: ORDER - 1n }), torsion)
    .map(([scalar, small]) => Point.BASE.multiplyUnsafe(scalar).add(small)),
);
/** Encodings of these, random ones (half of them on the curve), and those that are not canonical. */
const encodings = fc.oneof(
  points.map((point) => point.toBytes()),
  fc.uint8Array({ minLength: 32, maxLength: 32 }),
  fc
    .tuple(fc.bigInt({ min: 0n, max: 18n }), fc.boolean())
    .map(([over, sign]) => bytesOf((PRIME + over) | (sign ? 1n << 255n : 0n))),
  fc.constantFrom(0n, 1n, PRIME - 1n).map((y) => bytesOf(y | (1n << 255n))),
);

test('8·P', (t) => {
  fc.assert(
    fc.property(encodings, (point) => {
      t.deepEqual(native.timesCofactor(point), portableGroup.timesCofactor(point), toHex(point));
    }),
    { numRuns: 2_000, seed: 1 },
  );
});

test('s·B - c·P', (t) => {
  fc.assert(
    fc.property(scalars, scalars, encodings, (s, c, point) => {
      const [one, other] = [bytesOf(s), bytesOf(c)];
      t.deepEqual(native.baseMinus(one, other, point), portableGroup.baseMinus(one, other, point), `${s} ${c}`);
    }),
    { numRuns: 400, seed: 2 },
  );
});

test('s·P - c·Q', (t) => {
  fc.assert(
    fc.property(scalars, encodings, scalars, encodings, (s, p, c, q) => {
      const [one, other] = [bytesOf(s), bytesOf(c)];
      t.deepEqual(native.minus(one, p, other, q), portableGroup.minus(one, p, other, q), `${s} ${c}`);
    }),
    { numRuns: 400, seed: 3 },
  );
});

test('what cancels is the identity', (t) => {
  const point = Point.BASE.multiply(7n).toBytes();
  const five = bytesOf(5n);
  for (const group of [native, portableGroup]) {
    t.deepEqual(group.minus(five, point, five, point), Point.ZERO.toBytes());
    t.deepEqual(group.baseMinus(bytesOf(35n), five, point), Point.ZERO.toBytes());
  }
});

test('multiples by secrets, and the proofs made of them', (t) => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: ORDER - 1n }), encodings, fc.uint8Array({ maxLength: 40 }), (s, p, input) => {
      const scalar = bytesOf(s);
      t.deepEqual(native.secretTimesBase(scalar), portableGroup.secretTimesBase(scalar));
      t.deepEqual(native.secretTimes(scalar, p), portableGroup.secretTimes(scalar, p));
      t.is(vrfProve(scalar, input, native), vrfProve(scalar, input, portableGroup));
    }),
    { numRuns: 40, seed: 4 },
  );
});

test('proofs, changed in every way', (t) => {
  let held = 0;
  const changes = fc.array(fc.tuple(fc.nat(79), fc.nat(255)), { maxLength: 2 });
  const replaced = fc.option(encodings, { nil: null, freq: 1 });
  fc.assert(
    fc.property(fc.nat(3), fc.nat(20), changes, replaced, replaced, (who, input, changed, gamma, key) => {
      const seed = new Uint8Array(32).fill(who);
      const alpha = Uint8Array.of(input);
      const bytes = fromHex(vrfProve(seed, alpha, native));
      for (const [at, value] of changed) bytes[at] = value;
      if (gamma !== null) bytes.set(gamma);
      const proof = toHex(bytes);
      const publicKey = key === null ? keyPairFromSeed(seed).publicKey : toHex(key);
      const holds = vrfVerify(publicKey, alpha, proof, native);
      t.is(vrfVerify(publicKey, alpha, proof, portableGroup), holds);
      t.is(outputOf(proof, native), outputOf(proof, portableGroup));
      if (holds) held += 1;
    }),
    { numRuns: 300, seed: 5 },
  );
  t.true(held > 10, 'good ones were among them');
});

/** k of the equation, RFC 8032 section 5.1.7, as 64 bytes. */
function challenge(...parts: readonly Uint8Array[]): Uint8Array {
  const hasher = createHash('sha512');
  for (const part of parts) hasher.update(part);
  return new Uint8Array(hasher.digest());
}

test('signatures by keys and points with a part of small order, and changed ones', (t) => {
  let [held, mixed] = [0, 0];
  const nonces = fc.bigInt({ min: 1n, max: ORDER - 1n });
  const changes = fc.option(fc.tuple(fc.nat(63), fc.nat(255)), { nil: null });
  const message = Uint8Array.of(1, 2, 3);
  fc.assert(
    fc.property(nonces, nonces, torsion, torsion, changes, (secret, nonce, inKey, inR, change) => {
      const key = Point.BASE.multiplyUnsafe(secret).add(inKey);
      const r = Point.BASE.multiplyUnsafe(nonce).add(inR).toBytes();
      const k = ed25519.Point.Fn.create(BigInt(`0x${toHex(challenge(r, key.toBytes(), message).reverse())}`));
      const signature = Uint8Array.of(...r, ...bytesOf((nonce + k * secret) % ORDER));
      if (change !== null) signature[change[0]] = change[1];
      const claim = [toHex(key.toBytes()), message, toHex(signature)] as const;
      const holds = verifySignature(...claim, sodiumHolds);
      t.is(verifySignature(...claim, opensslEquation), holds);
      if (holds) held += 1;
      if (holds && !inKey.is0()) mixed += 1;
    }),
    { numRuns: 2_000, seed: 6 },
  );
  t.true(held > 20 && mixed > 5, 'good ones were among them, also under keys outside the prime subgroup');
});

test('signatures under every encoding', (t) => {
  const message = Uint8Array.of(1, 2, 3);
  fc.assert(
    fc.property(encodings, encodings, fc.oneof(scalars, fc.constant(ORDER)), (key, r, s) => {
      const claim = [toHex(key), message, toHex(Uint8Array.of(...r, ...bytesOf(s)))] as const;
      t.is(verifySignature(...claim, sodiumHolds), verifySignature(...claim, opensslEquation));
    }),
    { numRuns: 2_000, seed: 7 },
  );
});

test('which keys are acceptable', (t) => {
  const check = library === null ? isOnCurve : sodiumCurveCheck(library);
  fc.assert(
    fc.property(encodings, (key) => {
      t.is(isAcceptableKey(toHex(key), check), isAcceptableKey(toHex(key), isOnCurve), toHex(key));
    }),
    { numRuns: 3_000, seed: 8 },
  );
});
