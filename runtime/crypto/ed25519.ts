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
const SMALL_ORDER_Y = [0n, 1n, FIELD_PRIME - 1n, ORDER_EIGHT_Y, FIELD_PRIME - ORDER_EIGHT_Y];
/** Their encodings with either sign of x; "minus zero" (x = 0 with the sign bit set) is among them. */
const SMALL_ORDER_HEX = new Set(SMALL_ORDER_Y.flatMap((y) => [pointHex(y), pointHex(y | (1n << 255n))]));

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
/** Length of the SubjectPublicKeyInfo wrapping before a raw Ed25519 key, RFC 8410 section 4. */
const SPKI_PREFIX_BYTES = 12;

export function keyPairFromSeed(secretSeed: Uint8Array): KeyPair {
  if (secretSeed.length !== 32) throw new RangeError(`a secret seed has 32 bytes, not ${secretSeed.length}`);
  const der = Buffer.concat([PKCS8_PREFIX, secretSeed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return {
    secretSeed,
    publicKey: toHex(spki.subarray(SPKI_PREFIX_BYTES)),
    sign: (message) => signRaw(null, message, privateKey).toString('hex'),
  };
}

/** True for keys that may own anything: canonical encoding of a point that is not of small order. */
export function isAcceptableKey(publicKey: string): boolean {
  return KEY_HEX.test(publicKey) && isSoundPoint(publicKey) && isOnCurve(yCoordinate(fromHex(publicKey)));
}

export function verifySignature(publicKey: string, message: Uint8Array, signature: string): boolean {
  const key = keyFor(publicKey, signature);
  return key !== null && verifyRaw(null, message, key, Buffer.from(signature, 'hex'));
}

/** The parsed key, or null when encodings alone make the signature bad. */
function keyFor(publicKey: string, signature: string): KeyObject | null {
  if (!SIGNATURE_HEX.test(signature)) return null;
  // Node 20's OpenSSL takes an R of small order, Node 24's does not; no honest signer ever makes one.
  if (!isSoundPoint(signature.slice(0, 64)) || !isReducedScalar(signature.slice(64))) return null;
  return keyObject(publicKey);
}

/** Parsed keys, oldest first: parsing costs a part of a verification, and a few members send nearly everything. */
const cache = new Map<string, KeyObject>();
const CACHE_SIZE = 4096;

function keyObject(publicKey: string): KeyObject | null {
  const cached = cache.get(publicKey);
  if (cached !== undefined) return cached;
  if (!KEY_HEX.test(publicKey) || !isSoundPoint(publicKey)) return null;
  // As a JWK (RFC 8037), which Node parses several times faster than DER.
  const x = Buffer.from(publicKey, 'hex').toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  const oldest = cache.keys().next();
  if (cache.size >= CACHE_SIZE && !oldest.done) cache.delete(oldest.value);
  cache.set(publicKey, key);
  return key;
}

/** Takes 64 hex digits: y below the prime, and not of small order. Nearly always decided by the last byte of y. */
function isSoundPoint(point: string): boolean {
  if (SMALL_ORDER_HEX.has(point)) return false;
  const lastByte = Number.parseInt(point.slice(62), 16) & 0x7f;
  return lastByte < 0x7f || yCoordinate(fromHex(point)) < FIELD_PRIME;
}

/** S below the group's order, which is a little more than 2^252: nearly always decided by the last byte. */
function isReducedScalar(scalar: string): boolean {
  const lastByte = Number.parseInt(scalar.slice(62), 16);
  return lastByte < 0x10 || (lastByte === 0x10 && littleEndian(fromHex(scalar)) < GROUP_ORDER);
}

/**
 * Whether any x belongs to this y: x² = (y² - 1) / (d·y² + 1) has a root when numerator x denominator is a square.
 * Verification leaves this to OpenSSL, which refuses such a key itself.
 */
function isOnCurve(y: bigint): boolean {
  const square = (y * y) % FIELD_PRIME;
  return isSquare(((square + FIELD_PRIME - 1n) * (CURVE_D * square + 1n)) % FIELD_PRIME);
}

/** Jacobi symbol (Cohen 1993, algorithm 1.4.10): some hundred short steps where Euler's criterion takes 500 products. */
function isSquare(value: bigint): boolean {
  let a = value;
  let n = FIELD_PRIME;
  let positive = true;
  while (a !== 0n) {
    let zeros = 0n;
    while (((a >> zeros) & 1n) === 0n) zeros += 1n;
    a >>= zeros;
    const residue = Number(n & 7n);
    if ((zeros & 1n) === 1n && (residue === 3 || residue === 5)) positive = !positive;
    if ((residue & 3) === 3 && (a & 3n) === 3n) positive = !positive;
    [a, n] = [n % a, a];
  }
  return n === 1n && positive;
}

function yCoordinate(bytes: Uint8Array): bigint {
  return BigInt.asUintN(255, littleEndian(bytes));
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(Uint8Array.from(bytes).reverse())}`);
}

function pointHex(encoded: bigint): string {
  return toHex(fromHex(encoded.toString(16).padStart(64, '0')).reverse());
}
