/**
 * ECVRF-EDWARDS25519-SHA512-TAI, RFC 9381: a proof that only the owner of an Ed25519 key can make, whose output is one
 * for each key and input, and looks random to everybody until the proof is shown. The key is the node's identity.
 *
 * Point arithmetic is that of @noble/curves. Verification works on public values and takes the fast, variable-time
 * ways; proving takes the constant-time ones. Encodings are decoded strictly (RFC 8032 section 5.1.3): non-canonical
 * points are refused, as are keys of small order (RFC 9381 section 5.4.5).
 */
import { createHash } from 'node:crypto';
import { mulAddUnsafe } from '@noble/curves/abstract/curve.js';
import type { EdwardsPoint } from '@noble/curves/abstract/edwards.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { concatBytes, fromHex, toHex } from '../codec/bytes.js';

/** RFC 9381 section 5.5: suite_string of ECVRF-EDWARDS25519-SHA512-TAI. */
const SUITE = 0x03;
const CHALLENGE_BYTES = 16;
const PROOF_HEX = /^[0-9a-f]{160}$/;
const KEY_HEX = /^[0-9a-f]{64}$/;

const { Point } = ed25519;
const ORDER = Point.Fn.ORDER;

/** The proof pi, 160 hex digits, of the key with this secret seed for an input. */
export function vrfProve(secretSeed: Uint8Array, input: Uint8Array): string {
  const { scalar, prefix, pointBytes } = ed25519.utils.getExtendedPublicKey(secretSeed);
  const base = hashToCurve(pointBytes, input);
  const baseBytes = base.toBytes();
  const gamma = base.multiply(scalar);
  const gammaBytes = gamma.toBytes();
  // Section 5.4.2.2: the nonce of RFC 8032, so that no random number can be bad.
  const nonce = littleEndian(sha512(prefix, baseBytes)) % ORDER;
  const challenge = challengeOf(
    pointBytes,
    baseBytes,
    gammaBytes,
    Point.BASE.multiply(nonce).toBytes(),
    base.multiply(nonce).toBytes(),
  );
  const response = (nonce + littleEndian(challenge) * scalar) % ORDER;
  return toHex(concatBytes(gammaBytes, challenge, Point.Fn.toBytes(response)));
}

/** Section 5.3, with validate_key. Anything malformed is false. */
export function vrfVerify(publicKey: string, input: Uint8Array, proof: string): boolean {
  const key = keyPoint(publicKey);
  const decoded = decodeProof(proof);
  if (key === null || decoded === null) return false;
  const { gamma, challenge, response } = decoded;
  const keyBytes = fromHex(publicKey);
  const base = hashToCurve(keyBytes, input);
  // U = s·B - c·Y and V = s·H - c·Gamma. B has a table of its own; H and Gamma share their doublings.
  const u = Point.BASE.multiplyUnsafe(response).subtract(key.multiplyUnsafe(challenge));
  const v = mulAddUnsafe(Point, [base, gamma.negate()], [response, challenge]);
  const expected = challengeOf(keyBytes, base.toBytes(), fromHex(proof.slice(0, 64)), u.toBytes(), v.toBytes());
  return littleEndian(expected) === challenge;
}

/**
 * The output beta, 128 hex digits, of a proof; null when it does not decode. Says nothing of whose proof it is: that
 * is `vrfVerify`'s.
 */
export function vrfOutput(proof: string): string | null {
  const known = outputs.get(proof);
  if (known !== undefined) return known;
  const decoded = decodeProof(proof);
  if (decoded === null) return null;
  const cleared = decoded.gamma.clearCofactor().toBytes();
  const output = toHex(sha512(Uint8Array.of(SUITE, 0x03), cleared, Uint8Array.of(0x00)));
  const oldest = outputs.keys().next();
  if (outputs.size >= OUTPUTS_KEPT && !oldest.done) outputs.delete(oldest.value);
  outputs.set(proof, output);
  return output;
}

/** By proof, oldest first: a block is looked at when it is checked ahead, when its header comes and when it is applied. */
const outputs = new Map<string, string>();
const OUTPUTS_KEPT = 1024;

/** Section 5.4.1.1: hashes with a counter until the result is a point, which every second one is. */
function hashToCurve(keyBytes: Uint8Array, input: Uint8Array): EdwardsPoint {
  for (let counter = 0; counter < 256; counter += 1) {
    const digest = sha512(Uint8Array.of(SUITE, 0x01), keyBytes, input, Uint8Array.of(counter, 0x00));
    const point = decodePoint(digest.subarray(0, 32))?.clearCofactor();
    if (point !== undefined && !point.is0()) return point;
  }
  throw new Error('no point in 256 tries: the chance is 2^-256');
}

/** Section 5.4.3: key, H, Gamma, U and V. */
function challengeOf(...points: readonly Uint8Array[]): Uint8Array {
  return sha512(Uint8Array.of(SUITE, 0x02), ...points, Uint8Array.of(0x00)).subarray(0, CHALLENGE_BYTES);
}

interface DecodedProof {
  readonly gamma: EdwardsPoint;
  readonly challenge: bigint;
  readonly response: bigint;
}

/** Section 5.4.4. */
function decodeProof(proof: string): DecodedProof | null {
  if (!PROOF_HEX.test(proof)) return null;
  const bytes = fromHex(proof);
  const gamma = decodePoint(bytes.subarray(0, 32));
  const response = littleEndian(bytes.subarray(48));
  if (gamma === null || response >= ORDER) return null;
  return { gamma, challenge: littleEndian(bytes.subarray(32, 48)), response };
}

/** Decoded keys, oldest first: few members make all blocks. */
const keys = new Map<string, EdwardsPoint>();
const KEYS_KEPT = 1024;

function keyPoint(publicKey: string): EdwardsPoint | null {
  const known = keys.get(publicKey);
  if (known !== undefined) return known;
  const point = KEY_HEX.test(publicKey) ? decodePoint(fromHex(publicKey)) : null;
  if (point === null || point.isSmallOrder()) return null;
  const oldest = keys.keys().next();
  if (keys.size >= KEYS_KEPT && !oldest.done) keys.delete(oldest.value);
  keys.set(publicKey, point);
  return point;
}

/** Null for what is no canonical encoding of a point. */
function decodePoint(bytes: Uint8Array): EdwardsPoint | null {
  try {
    return Point.fromBytes(bytes);
  } catch {
    return null;
  }
}

/** OpenSSL's is 40 times faster than one in JavaScript; a hash has no edge cases. */
function sha512(...parts: readonly Uint8Array[]): Uint8Array {
  const hasher = createHash('sha512');
  for (const part of parts) hasher.update(part);
  return hasher.digest();
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(Uint8Array.from(bytes).reverse())}`);
}
