/**
 * Which encodings of points and scalars of Edwards25519 count at all (RFC 8032 section 5.1.3): canonical ones only,
 * and points of small order are told by their encoding. Plain code, so that no library decides it. All in hex.
 */
import { fromHex, toHex } from '../codec/bytes.js';

const FIELD_PRIME = (1n << 255n) - 19n;
/** Order of the prime subgroup, RFC 8032 section 5.1. */
export const GROUP_ORDER = (1n << 252n) + 27742317777372353535851937790883648493n;
/** d of the curve equation -x² + y² = 1 + d·x²·y², RFC 8032 section 5.1. */
const CURVE_D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

/** y of a point of order 8; with its negative and 0, 1, -1 these are the y's of all eight points of small order. */
const ORDER_EIGHT_Y = littleEndian(fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'));
const SMALL_ORDER_Y = [0n, 1n, FIELD_PRIME - 1n, ORDER_EIGHT_Y, FIELD_PRIME - ORDER_EIGHT_Y];
/** Their encodings with either sign of x; "minus zero" (x = 0 with the sign bit set) is among them. */
const SMALL_ORDER_HEX = new Set(SMALL_ORDER_Y.flatMap((y) => [pointHex(y), pointHex(y | (1n << 255n))]));

/** Takes 64 hex digits: y below the prime, and not of small order. Nearly always decided by the last byte of y. */
export function isSoundPoint(point: string): boolean {
  if (SMALL_ORDER_HEX.has(point)) return false;
  const lastByte = Number.parseInt(point.slice(62), 16) & 0x7f;
  return lastByte < 0x7f || yCoordinate(point) < FIELD_PRIME;
}

/** S below the group's order, which is a little more than 2^252: nearly always decided by the last byte. */
export function isReducedScalar(scalar: string): boolean {
  const lastByte = Number.parseInt(scalar.slice(62), 16);
  return lastByte < 0x10 || (lastByte === 0x10 && littleEndian(fromHex(scalar)) < GROUP_ORDER);
}

/** Whether any x belongs to this y: x² = (y² - 1) / (d·y² + 1) has a root when numerator x denominator is a square. */
export function isOnCurve(point: string): boolean {
  const y = yCoordinate(point);
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

function yCoordinate(point: string): bigint {
  return BigInt.asUintN(255, littleEndian(fromHex(point)));
}

export function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(Uint8Array.from(bytes).reverse())}`);
}

function pointHex(encoded: bigint): string {
  return toHex(fromHex(encoded.toString(16).padStart(64, '0')).reverse());
}
