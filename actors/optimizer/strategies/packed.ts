/**
 * Vectors inside of a saved state: hex of the doubles' bytes. Exact also for -0, NaN and the infinities, which JSON
 * loses, and half as long as decimal digits.
 */
import * as z from 'zod';
import { fromHex, toHex } from '../../../runtime/codec/bytes.js';

const BYTES = 8;
/** 64 million numbers: far beyond any search, and below what a hostile file could hurt with. */
const MAX_HEX_DIGITS = 1_073_741_824;

export function packFloats(values: Float64Array): string {
  const view = new DataView(new ArrayBuffer(values.length * BYTES));
  for (const [index, value] of values.entries()) view.setFloat64(index * BYTES, value, true);
  return toHex(new Uint8Array(view.buffer));
}

/** A saved vector; of exactly `length` numbers where that is given. */
export function packedFloats(length?: number) {
  return z
    .string()
    .max(MAX_HEX_DIGITS)
    .regex(/^([0-9a-f]{16})*$/)
    .transform(unpackFloats)
    .refine((values) => length === undefined || values.length === length, {
      error: 'has another number of dimensions',
    });
}

function unpackFloats(text: string): Float64Array {
  const bytes = fromHex(text);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float64Array.from({ length: bytes.length / BYTES }, (_, index) => view.getFloat64(index * BYTES, true));
}
