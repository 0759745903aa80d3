/**
 * The group of Edwards25519 over encoded points, in two makes that give the same bytes for the same arguments: that of
 * @noble/curves runs everywhere, libsodium's is many times faster and takes only what it is sure about. Points are
 * decoded strictly (RFC 8032 section 5.1.3); an operation on what is no canonical encoding of a point is null.
 * Scalars are 32 bytes, little-endian, below the group's order.
 */
import { mulAddUnsafe } from '@noble/curves/abstract/curve.js';
import type { EdwardsPoint } from '@noble/curves/abstract/edwards.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { toHex } from '../codec/bytes.js';
import { isSoundPoint, littleEndian } from './encodings.js';
import { type Sodium, sodium } from './sodium.js';

export interface EdwardsGroup {
  /** 8·P. */
  timesCofactor(point: Uint8Array): Uint8Array | null;
  /** s·B - c·P, in variable time. */
  baseMinus(s: Uint8Array, c: Uint8Array, point: Uint8Array): Uint8Array | null;
  /** s·P - c·Q, in variable time. */
  minus(s: Uint8Array, p: Uint8Array, c: Uint8Array, q: Uint8Array): Uint8Array | null;
  /** s·P for a secret s that is not 0. */
  secretTimes(s: Uint8Array, point: Uint8Array): Uint8Array | null;
  /** s·B for a secret s that is not 0. */
  secretTimesBase(s: Uint8Array): Uint8Array;
}

const { Point } = ed25519;

export const portableGroup: EdwardsGroup = {
  timesCofactor: (point) => decodePoint(point)?.clearCofactor().toBytes() ?? null,
  baseMinus(s, c, point) {
    const decoded = knownPoint(point);
    if (decoded === null) return null;
    // B has a table of its own.
    return Point.BASE.multiplyUnsafe(littleEndian(s))
      .subtract(decoded.multiplyUnsafe(littleEndian(c)))
      .toBytes();
  },
  minus(s, p, c, q) {
    const [one, other] = [decodePoint(p), decodePoint(q)];
    if (one === null || other === null) return null;
    // They share their doublings.
    return mulAddUnsafe(Point, [one, other.negate()], [littleEndian(s), littleEndian(c)]).toBytes();
  },
  secretTimes: (s, point) => decodePoint(point)?.multiply(littleEndian(s)).toBytes() ?? null,
  secretTimesBase: (s) => Point.BASE.multiply(littleEndian(s)).toBytes(),
};

/**
 * libsodium decodes less strictly in places and refuses more in others (the identity as a result, points outside the
 * prime subgroup): encodings are checked before, and what it refuses is left to the portable make.
 */
export function nativeGroup(library: Sodium): EdwardsGroup {
  const made = (operation: (result: Uint8Array) => void): Uint8Array | null => {
    const result = new Uint8Array(32);
    try {
      operation(result);
      return result;
    } catch {
      return null;
    }
  };
  const times = (scalar: Uint8Array, point: Uint8Array) =>
    isSoundPoint(toHex(point))
      ? made((result) => library.crypto_scalarmult_ed25519_noclamp(result, scalar, point))
      : null;
  const timesBase = (scalar: Uint8Array) =>
    made((result) => library.crypto_scalarmult_ed25519_base_noclamp(result, scalar));
  const difference = (p: Uint8Array | null, q: Uint8Array | null) =>
    p === null || q === null ? null : made((result) => library.crypto_core_ed25519_sub(result, p, q));
  return {
    timesCofactor(point) {
      if (!isSoundPoint(toHex(point))) return portableGroup.timesCofactor(point);
      return made((result) => {
        library.crypto_core_ed25519_add(result, point, point);
        library.crypto_core_ed25519_add(result, result, result);
        library.crypto_core_ed25519_add(result, result, result);
      });
    },
    baseMinus: (s, c, point) => difference(timesBase(s), times(c, point)) ?? portableGroup.baseMinus(s, c, point),
    minus: (s, p, c, q) => difference(times(s, p), times(c, q)) ?? portableGroup.minus(s, p, c, q),
    secretTimes: (s, point) => times(s, point) ?? portableGroup.secretTimes(s, point),
    secretTimesBase: (s) => timesBase(s) ?? portableGroup.secretTimesBase(s),
  };
}

let fastest: EdwardsGroup | undefined;

/** libsodium's where there is one. */
export function fastestGroup(): EdwardsGroup {
  const library = sodium();
  fastest ??= library === null ? portableGroup : nativeGroup(library);
  return fastest;
}

/** Null for what is no canonical encoding of a point. */
function decodePoint(bytes: Uint8Array): EdwardsPoint | null {
  try {
    return Point.fromBytes(bytes);
  } catch {
    return null;
  }
}

/** Decoded keys, oldest first: few members make all blocks. */
const points = new Map<string, EdwardsPoint>();
const POINTS_KEPT = 1024;

function knownPoint(bytes: Uint8Array): EdwardsPoint | null {
  const name = toHex(bytes);
  const known = points.get(name);
  if (known !== undefined) return known;
  const point = decodePoint(bytes);
  if (point === null) return null;
  const oldest = points.keys().next();
  if (points.size >= POINTS_KEPT && !oldest.done) points.delete(oldest.value);
  points.set(name, point);
  return point;
}
