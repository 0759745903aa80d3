/**
 * Ed25519 under one rule that every node applies alike: strict RFC 8032, cofactorless, canonical encodings only,
 * public keys and signature points R of small order refused.
 *
 * Implementations differ on malformed input ("Taming the many EdDSAs", Chalkias, Garillot, Nikolaenko 2020), which
 * would split a chain. So the encodings are checked here, in plain code, and only the equation `S·B = R + k·A` is left
 * to a library, libsodium or else OpenSSL: both compare R as bytes, and with S, A and R canonical nothing is left to
 * interpretation. `tests/runtime/crypto` pins the edge cases for both. Measured: libsodium takes half of OpenSSL's
 * time, and pure JavaScript several times as much.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign as signRaw, verify as verifyRaw } from 'node:crypto';
import { fromHex, toHex } from '../codec/bytes.js';
import { isOnCurve, isReducedScalar, isSoundPoint } from './encodings.js';
import { type Sodium, sodium } from './sodium.js';

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
export function isAcceptableKey(publicKey: string, onCurve = fastestCurveCheck()): boolean {
  return KEY_HEX.test(publicKey) && isSoundPoint(publicKey) && onCurve(publicKey);
}

/** Whether a sound encoding is that of a point: libsodium adds nothing but points. */
export function sodiumCurveCheck(library: Sodium): (publicKey: string) => boolean {
  return (publicKey) => {
    const bytes = Buffer.from(publicKey, 'hex');
    try {
      library.crypto_core_ed25519_add(bytes, bytes, bytes);
      return true;
    } catch {
      return false;
    }
  };
}

let curveCheck: ((publicKey: string) => boolean) | undefined;

function fastestCurveCheck(): (publicKey: string) => boolean {
  const library = sodium();
  curveCheck ??= library === null ? isOnCurve : sodiumCurveCheck(library);
  return curveCheck;
}

/** Whether `S·B = R + k·A`, for encodings that were checked; false when A or R is not on the curve. */
export type SignatureEquation = (publicKey: string, message: Uint8Array, signature: string) => boolean;

export function verifySignature(
  publicKey: string,
  message: Uint8Array,
  signature: string,
  equation = fastestEquation(),
): boolean {
  if (!SIGNATURE_HEX.test(signature) || !KEY_HEX.test(publicKey) || !isSoundPoint(publicKey)) return false;
  // Libraries differ on an R of small order, from one version to the next; no honest signer ever makes one.
  if (!isSoundPoint(signature.slice(0, 64)) || !isReducedScalar(signature.slice(64))) return false;
  return equation(publicKey, message, signature);
}

export const opensslEquation: SignatureEquation = (publicKey, message, signature) =>
  verifyRaw(null, message, keyObject(publicKey), Buffer.from(signature, 'hex'));

export function sodiumEquation(library: Sodium): SignatureEquation {
  return (publicKey, message, signature) =>
    library.crypto_sign_verify_detached(Buffer.from(signature, 'hex'), message, Buffer.from(publicKey, 'hex'));
}

let fastest: SignatureEquation | undefined;

function fastestEquation(): SignatureEquation {
  const library = sodium();
  fastest ??= library === null ? opensslEquation : sodiumEquation(library);
  return fastest;
}

/** Parsed keys, oldest first: parsing costs a part of a verification, and a few members send nearly everything. */
const cache = new Map<string, KeyObject>();
const CACHE_SIZE = 4096;

function keyObject(publicKey: string): KeyObject {
  const cached = cache.get(publicKey);
  if (cached !== undefined) return cached;
  // As a JWK (RFC 8037), which Node parses several times faster than DER.
  const x = Buffer.from(publicKey, 'hex').toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  const oldest = cache.keys().next();
  if (cache.size >= CACHE_SIZE && !oldest.done) cache.delete(oldest.value);
  cache.set(publicKey, key);
  return key;
}
