/**
 * ECVRF-EDWARDS25519-SHA512-TAI, RFC 9381: a proof that only the owner of an Ed25519 key can make, whose output is one
 * for each key and input, and looks random to everybody until the proof is shown. The key is the node's identity.
 *
 * Point arithmetic is that of group.ts. Verification works on public values and takes the fast, variable-time ways;
 * proving takes the constant-time ones. Keys of small order are refused (RFC 9381 section 5.4.5).
 */
import { createHash } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { concatBytes, equalBytes, fromHex, toHex } from '../codec/bytes.js';
import { GROUP_ORDER, isReducedScalar, isSoundPoint, littleEndian } from './encodings.js';
import { type EdwardsGroup, fastestGroup } from './group.js';

/** RFC 9381 section 5.5: suite_string of ECVRF-EDWARDS25519-SHA512-TAI. */
const SUITE = 0x03;
const CHALLENGE_BYTES = 16;
const PROOF_HEX = /^[0-9a-f]{160}$/;
const KEY_HEX = /^[0-9a-f]{64}$/;
const IDENTITY = ed25519.Point.ZERO.toBytes();

/** The proof pi, 160 hex digits, of the key with this secret seed for an input. */
export function vrfProve(secretSeed: Uint8Array, input: Uint8Array, group = fastestGroup()): string {
  const { scalar, prefix, pointBytes } = ed25519.utils.getExtendedPublicKey(secretSeed);
  const base = hashToCurve(group, pointBytes, input);
  const gamma = secretTimes(group, scalar, base);
  // Section 5.4.2.2: the nonce of RFC 8032, so that no random number can be bad.
  const nonce = littleEndian(sha512(prefix, base)) % GROUP_ORDER;
  const u = group.secretTimesBase(scalarBytes(nonce));
  const challenge = challengeOf(pointBytes, base, gamma, u, secretTimes(group, nonce, base));
  const response = (nonce + littleEndian(challenge) * scalar) % GROUP_ORDER;
  return toHex(concatBytes(gamma, challenge, scalarBytes(response)));
}

/** Section 5.3, with validate_key. Anything malformed is false. */
export function vrfVerify(publicKey: string, input: Uint8Array, proof: string, group = fastestGroup()): boolean {
  if (!KEY_HEX.test(publicKey) || !isSoundPoint(publicKey)) return false;
  const decoded = decodeProof(proof);
  if (decoded === null) return false;
  const { gamma, challenge, response } = decoded;
  const key = fromHex(publicKey);
  // U = s·B - c·Y and V = s·H - c·Gamma; null when Y or Gamma is no point.
  const u = group.baseMinus(response, challenge, key);
  if (u === null) return false;
  const base = hashToCurve(group, key, input);
  const v = group.minus(response, base, challenge, gamma);
  if (v === null) return false;
  return equalBytes(challengeOf(key, base, gamma, u, v), challenge.subarray(0, CHALLENGE_BYTES));
}

/**
 * The output beta, 128 hex digits, of a proof; null when it does not decode. Says nothing of whose proof it is: that
 * is `vrfVerify`'s.
 */
export function vrfOutput(proof: string): string | null {
  const known = outputs.get(proof);
  if (known !== undefined) return known;
  const output = outputOf(proof, fastestGroup());
  if (output === null) return null;
  const oldest = outputs.keys().next();
  if (outputs.size >= OUTPUTS_KEPT && !oldest.done) outputs.delete(oldest.value);
  outputs.set(proof, output);
  return output;
}

/** The same, computed each time. */
export function outputOf(proof: string, group: EdwardsGroup): string | null {
  const decoded = decodeProof(proof);
  const cleared = decoded === null ? null : group.timesCofactor(decoded.gamma);
  return cleared === null ? null : toHex(sha512(Uint8Array.of(SUITE, 0x03), cleared, Uint8Array.of(0x00)));
}

/** By proof, oldest first: a block is looked at when it is checked ahead, when its header comes and when it is applied. */
const outputs = new Map<string, string>();
const OUTPUTS_KEPT = 1024;

/** Section 5.4.1.1: hashes with a counter until the result is a point, which every second one is. */
function hashToCurve(group: EdwardsGroup, keyBytes: Uint8Array, input: Uint8Array): Uint8Array {
  for (let counter = 0; counter < 256; counter += 1) {
    const digest = sha512(Uint8Array.of(SUITE, 0x01), keyBytes, input, Uint8Array.of(counter, 0x00));
    const point = group.timesCofactor(digest.subarray(0, 32));
    if (point !== null && !equalBytes(point, IDENTITY)) return point;
  }
  throw new Error('no point in 256 tries: the chance is 2^-256');
}

/** Section 5.4.3: key, H, Gamma, U and V. */
function challengeOf(...points: readonly Uint8Array[]): Uint8Array {
  return sha512(Uint8Array.of(SUITE, 0x02), ...points, Uint8Array.of(0x00)).subarray(0, CHALLENGE_BYTES);
}

interface DecodedProof {
  /** As it was sent: whether it is a point at all, the group says. */
  readonly gamma: Uint8Array;
  readonly challenge: Uint8Array;
  readonly response: Uint8Array;
}

/** Section 5.4.4, but for Gamma. The challenge is widened to a scalar. */
function decodeProof(proof: string): DecodedProof | null {
  if (!PROOF_HEX.test(proof) || !isReducedScalar(proof.slice(96))) return null;
  const bytes = fromHex(proof);
  const challenge = new Uint8Array(32);
  challenge.set(bytes.subarray(32, 48));
  return { gamma: bytes.slice(0, 32), challenge, response: bytes.slice(48) };
}

function secretTimes(group: EdwardsGroup, scalar: bigint, point: Uint8Array): Uint8Array {
  const product = group.secretTimes(scalarBytes(scalar), point);
  if (product === null) throw new RangeError('not a point');
  return product;
}

function scalarBytes(scalar: bigint): Uint8Array {
  return ed25519.Point.Fn.toBytes(scalar);
}

/** OpenSSL's is 40 times faster than one in JavaScript; a hash has no edge cases. */
function sha512(...parts: readonly Uint8Array[]): Uint8Array {
  const hasher = createHash('sha512');
  for (const part of parts) hasher.update(part);
  return hasher.digest();
}
