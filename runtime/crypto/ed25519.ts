/**
 * Ed25519 under one rule that every node applies alike: strict RFC 8032, cofactorless, canonical encodings only,
 * public keys and signature points R of small order refused.
 *
 * Implementations differ on malformed input ("Taming the many EdDSAs", Chalkias, Garillot, Nikolaenko 2020), which
 * would split a chain. So the encodings are checked here, in plain code, and the equation `S·B = R + k·A` is left to
 * OpenSSL (node:crypto), which compares R as bytes: with S, A and R canonical nothing is left to interpretation.
 * `tests/runtime/crypto` pins the edge cases. Chosen over pure JavaScript because it is several times faster.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign as signRaw, verify as verifyRaw } from 'node:crypto';
import { fromHex, toHex } from '../codec/bytes.js';

const FIELD_PRIME = (1n << 255n) - 19n;
/** Order of the prime subgroup, RFC 8032 section 5.1. */
const GROUP_ORDER = (1n << 252n) + 27742317777372353535851937790883648493n;
/** d of the curve equation -x² + y² = 1 + d·x²·y², RFC 8032 section 5.1. */
const CURVE_D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

/** y of a point of order 8; with its negative and 0, 1, -1 these are the y's of all eight points of small order. */
const ORDER_EIGHT_Y = littleEndian(fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'));
const SMALL_ORDER_Y = new Set([0n, 1n, FIELD_PRIME - 1n, ORDER_EIGHT_Y, FIELD_PRIME - ORDER_EIGHT_Y]);

const SIGNATURE_HEX = /^[0-9a-f]{128}$/;
const KEY_HEX = /^[0-9a-f]{64}$/;

export interface KeyPair {
  /** 32-byte secret seed (RFC 8032 section 5.1.5). */
  readonly secretSeed: Uint8Array;
  /** 64 hex digits. */
  readonly publicKey: string;
  sign(message: Uint8Array): string;
}

/** PKCS#8 wrapping of a raw Ed25519 seed, RFC 8410 section 7. */
const PKCS8_PREFIX = fromHex('302e020100300506032b657004220420');
/** SubjectPublicKeyInfo wrapping of a raw Ed25519 key, RFC 8410 section 4. */
const SPKI_PREFIX = fromHex('302a300506032b6570032100');

export function keyPairFromSeed(secretSeed: Uint8Array): KeyPair {
  if (secretSeed.length !== 32) throw new RangeError(`a secret seed has 32 bytes, not ${secretSeed.length}`);
  const der = Buffer.concat([PKCS8_PREFIX, secretSeed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return {
    secretSeed,
    publicKey: toHex(spki.subarray(SPKI_PREFIX.length)),
    sign: (message) => signRaw(null, message, privateKey).toString('hex'),
  };
}

/** True for keys that may own anything: canonical encoding of a point that is not of small order. */
export function isAcceptableKey(publicKey: string): boolean {
  return keyObject(publicKey) !== null && isOnCurve(yCoordinate(fromHex(publicKey)));
}

export function verifySignature(publicKey: string, message: Uint8Array, signature: string): boolean {
  if (!SIGNATURE_HEX.test(signature)) return false;
  const key = keyObject(publicKey);
  if (key === null) return false;
  const bytes = fromHex(signature);
  const scalar = littleEndian(bytes.subarray(32));
  const commitment = bytes.subarray(0, 32);
  if (scalar >= GROUP_ORDER || !isCanonicalPoint(commitment)) return false;
  // Node 20's OpenSSL takes an R of small order, Node 24's does not; no honest signer ever makes one.
  if (SMALL_ORDER_Y.has(yCoordinate(commitment))) return false;
  return verifyRaw(null, message, key, bytes);
}

/** Parsed keys, oldest first: parsing costs a third of a verification, and a few members send nearly everything. */
const cache = new Map<string, KeyObject>();
const CACHE_SIZE = 4096;

function keyObject(publicKey: string): KeyObject | null {
  const cached = cache.get(publicKey);
  if (cached !== undefined) return cached;
  if (!KEY_HEX.test(publicKey)) return null;
  const bytes = fromHex(publicKey);
  if (!isCanonicalPoint(bytes) || SMALL_ORDER_Y.has(yCoordinate(bytes))) return null;
  const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, bytes]), format: 'der', type: 'spki' });
  const oldest = cache.keys().next();
  if (cache.size >= CACHE_SIZE && !oldest.done) cache.delete(oldest.value);
  cache.set(publicKey, key);
  return key;
}

/** y below the prime, and no "minus zero": x = 0 (only for y = 1 and y = -1) with the sign bit set. */
function isCanonicalPoint(bytes: Uint8Array): boolean {
  const y = yCoordinate(bytes);
  const signBit = (bytes[31] ?? 0) >> 7;
  return y < FIELD_PRIME && !(signBit === 1 && (y === 1n || y === FIELD_PRIME - 1n));
}

/**
 * Whether any x belongs to this y: x² = (y² - 1) / (d·y² + 1) has a root when numerator x denominator is a square, by
 * Euler's criterion. Verification leaves this to OpenSSL, which refuses such a key itself.
 */
function isOnCurve(y: bigint): boolean {
  const square = (y * y) % FIELD_PRIME;
  let base = ((square - 1n) * (CURVE_D * square + 1n)) % FIELD_PRIME;
  let result = 1n;
  for (let exponent = (FIELD_PRIME - 1n) >> 1n; exponent > 0n; exponent >>= 1n) {
    if ((exponent & 1n) === 1n) result = (result * base) % FIELD_PRIME;
    base = (base * base) % FIELD_PRIME;
  }
  return result === 1n;
}

function yCoordinate(bytes: Uint8Array): bigint {
  return BigInt.asUintN(255, littleEndian(bytes));
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(Uint8Array.from(bytes).reverse())}`);
}
