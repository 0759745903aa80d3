import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import test from 'ava';
import fc from 'fast-check';
import { concatBytes, fromHex, toHex, toUtf8 } from '../../../runtime/codec/bytes.js';
import { keyPairFromSeed } from '../../../runtime/crypto/ed25519.js';
import { vrfOutput, vrfProve, vrfVerify } from '../../../runtime/crypto/vrf.js';

/** RFC 9381 appendix B.3, examples 16 to 18; in example 17 the second try of hash_to_curve is the first point. */
const RFC_9381 = [
  {
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    input: '',
    proof:
      '8657106690b5526245a92b003bb079ccd1a92130477671f6fc01ad16f26f723f26f8a57ccaed74ee1b190bed1f479d9727d2d0f9b005a6e456a35d4fb0daab1268a1b0db10836d9826a528ca76567805',
    output:
      '90cf1df3b703cce59e2a35b925d411164068269d7b2d29f3301c03dd757876ff66b71dda49d2de59d03450451af026798e8f81cd2e333de5cdf4f3e140fdd8ae',
  },
  {
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    input: '72',
    proof:
      'f3141cd382dc42909d19ec5110469e4feae18300e94f304590abdced48aed5933bf0864a62558b3ed7f2fea45c92a465301b3bbf5e3e54ddf2d935be3b67926da3ef39226bbc355bdc9850112c8f4b02',
    output:
      'eb4440665d3891d668e7e0fcaf587f1b4bd7fbfe99d0eb2211ccec90496310eb5e33821bc613efb94db5e5b54c70a848a0bef4553a41befc57663b56373a5031',
  },
  {
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    input: 'af82',
    proof:
      '9bc0f79119cc5604bf02d23b4caede71393cedfbb191434dd016d30177ccbf8096bb474e53895c362d8628ee9f9ea3c0e52c7a5c691b6c18c9979866568add7a2d41b00b05081ed0f58ee5e31b3a970e',
    output:
      '645427e5d00c62a23fb703732fa5d892940935942101e456ecca7bb217c61c452118fec1219202a0edcf038bb6373241578be7217ba85a2687f7a0310b2df19f',
  },
] as const;

const { Point } = ed25519;
const ORDER = Point.Fn.ORDER;
const littleEndian = (bytes: Uint8Array) => BigInt(`0x${toHex(Uint8Array.from(bytes).reverse())}`);
const bytesOf = (value: bigint) => fromHex(value.toString(16).padStart(64, '0')).reverse();
const [vector] = RFC_9381;
const input = fromHex(vector.input);

for (const [index, { seed, publicKey, input: alpha, proof, output }] of RFC_9381.entries()) {
  test(`RFC 9381 appendix B.3 example ${16 + index}`, (t) => {
    t.is(keyPairFromSeed(fromHex(seed)).publicKey, publicKey);
    t.is(vrfProve(fromHex(seed), fromHex(alpha)), proof);
    t.true(vrfVerify(publicKey, fromHex(alpha), proof));
    t.is(vrfOutput(proof), output);
    t.false(vrfVerify(publicKey, Uint8Array.of(...fromHex(alpha), 0), proof));
    t.false(vrfVerify(RFC_9381[(index + 1) % 3]!.publicKey, fromHex(alpha), proof));
  });
}

test('a proof holds for its key and input, and for nothing that differs in a bit', (t) => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.uint8Array({ maxLength: 40 }),
      fc.nat(80 * 8 - 1),
      (seed, alpha, bit) => {
        const { publicKey } = keyPairFromSeed(seed);
        const proof = vrfProve(seed, alpha);
        t.true(vrfVerify(publicKey, alpha, proof));
        const bytes = fromHex(proof);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        t.false(vrfVerify(publicKey, alpha, toHex(bytes)), `bit ${bit}`);
      },
    ),
    { numRuns: 25, seed: 1 },
  );
});

test('every byte of a proof counts', (t) => {
  for (let at = 0; at < 80; at += 1) {
    const bytes = fromHex(vector.proof);
    bytes[at]! ^= 0x10;
    t.false(vrfVerify(vector.publicKey, input, toHex(bytes)), `byte ${at}`);
  }
});

test('what is not 80 bytes of lower-case hex is no proof', (t) => {
  for (const proof of [
    '',
    'zz',
    vector.proof.slice(2),
    `${vector.proof}00`,
    vector.proof.toUpperCase(),
    'g'.repeat(160),
  ]) {
    t.false(vrfVerify(vector.publicKey, input, proof));
    t.is(vrfOutput(proof), null);
  }
  t.false(vrfVerify(vector.publicKey.toUpperCase(), input, vector.proof));
  t.false(vrfVerify('', input, vector.proof));
});

test('a response at or above the group order is refused, although it stands for the same number', (t) => {
  const response = littleEndian(fromHex(vector.proof.slice(96)));
  const same = vector.proof.slice(0, 96) + toHex(bytesOf(response + ORDER));
  t.false(vrfVerify(vector.publicKey, input, same));
  t.is(vrfOutput(same), null);
});

test('a Gamma that is no canonical encoding of a point is refused', (t) => {
  const prime = (1n << 255n) - 19n;
  const bad = [...Array.from({ length: 19 }, (_, offset) => bytesOf(prime + BigInt(offset))), bytesOf(2n)];
  // x = 0 has no negative: y = 1 and y = -1 with the sign bit.
  for (const y of [1n, prime - 1n]) bad.push(bytesOf(y | (1n << 255n)));
  for (const gamma of bad) {
    const proof = toHex(gamma) + vector.proof.slice(64);
    t.is(vrfOutput(proof), null, toHex(gamma));
    t.false(vrfVerify(vector.publicKey, input, proof));
  }
});

/** A proof with everything chosen that the maker of a proof may choose; the secret goes with the key. */
function madeProof(
  keyBytes: Uint8Array,
  scalar: bigint,
  alpha: Uint8Array,
  choice: { readonly nonce: bigint; readonly torsion: string },
): string {
  let base = Point.ZERO;
  for (let counter = 0; base.is0(); counter += 1) {
    const digest = sha512(concatBytes(Uint8Array.of(3, 1), keyBytes, alpha, Uint8Array.of(counter, 0)));
    try {
      base = Point.fromBytes(digest.subarray(0, 32)).clearCofactor();
    } catch {
      // Not a point: the next counter.
    }
  }
  const gamma = base.multiplyUnsafe(scalar).add(Point.fromHex(choice.torsion)).toBytes();
  const u = Point.BASE.multiplyUnsafe(choice.nonce).toBytes();
  const v = base.multiplyUnsafe(choice.nonce).toBytes();
  const points = concatBytes(Uint8Array.of(3, 2), keyBytes, base.toBytes(), gamma, u, v, Uint8Array.of(0));
  const challenge = sha512(points).subarray(0, 16);
  const response = (choice.nonce + littleEndian(challenge) * scalar) % ORDER;
  return toHex(concatBytes(gamma, challenge, bytesOf(response)));
}

const [IDENTITY] = ED25519_TORSION_SUBGROUP as [string];

test('keys of small order are refused, with proofs that anybody could make for any input', (t) => {
  const alpha = toUtf8('any');
  for (const publicKey of ED25519_TORSION_SUBGROUP) {
    // The secret counts as 0. U = s·B - c·Y comes out as it was hashed whenever c hides the torsion of Y.
    for (let nonce = 2n; nonce < 42n; nonce += 1n) {
      const proof = madeProof(fromHex(publicKey), 0n, alpha, { nonce, torsion: IDENTITY });
      t.false(vrfVerify(publicKey, alpha, proof));
    }
  }
  t.false(vrfVerify(toHex(bytesOf((1n << 255n) - 19n)), alpha, vector.proof), 'y not below the prime');
});

test('the owner can make many proofs for one input, but all have one output', (t) => {
  const seed = fromHex(vector.seed);
  const alpha = toUtf8('one input');
  const { scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(seed);
  const output = vrfOutput(vrfProve(seed, alpha));
  const proofs = new Set<string>();
  for (let nonce = 2n; nonce < 40n; nonce += 1n) {
    for (const torsion of [IDENTITY, ED25519_TORSION_SUBGROUP[Number(nonce % 8n)]!]) {
      const proof = madeProof(pointBytes, scalar, alpha, { nonce, torsion });
      // A moved Gamma passes when the challenge happens to hide the torsion; the output clears it.
      if (!vrfVerify(vector.publicKey, alpha, proof)) continue;
      proofs.add(proof);
      t.is(vrfOutput(proof), output);
    }
  }
  t.true(proofs.size > 38, 'some with a moved Gamma among them');
});
