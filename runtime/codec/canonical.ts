/**
 * Canonical msgpack for everything that is hashed, signed or comes from a stranger (DESIGN section 4). A schema is
 * built from combinators; values are fixed-order arrays of integers, byte strings, UTF-8 strings and arrays.
 *
 * The decoder is driven by the schema: it checks type, length and depth before it allocates, and insists on the one
 * shortest encoding msgpack has for each value, so that bytes which decode at all are the bytes `encode` would give.
 * Floats, maps, booleans, nil and extensions do not exist here, and with them no NaN and no Infinity.
 */
import { DoinError } from '../errors.js';
import { ByteReader, ByteWriter } from './msgpack.js';

export interface Codec<T> {
  write(writer: ByteWriter, value: T): void;
  read(reader: ByteReader): T;
}
export type TypeOf<C> = C extends Codec<infer T> ? T : never;

/** Bytes that are not the canonical encoding of the schema. */
export type CodecError = DoinError<{ code: 'malformed'; detail: string }>;

export function malformed(detail: string): CodecError {
  return new DoinError({ code: 'malformed', detail }, `malformed bytes: ${detail}`);
}

/** Idle between two encodings. Codecs write to the writer they are given, so encodings do not nest. */
const shared = new ByteWriter();

export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  shared.clear();
  codec.write(shared, value);
  return shared.written(0);
}

/** Throws `malformed`; never returns part of the input or ignores trailing bytes. */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const reader = new ByteReader(bytes, malformed);
  const value = codec.read(reader);
  if (!reader.atEnd()) throw malformed('bytes follow the value');
  return value;
}

/** The value, or the reason it is refused. */
export function tryDecode<T>(
  codec: Codec<T>,
  bytes: Uint8Array,
): { ok: true; value: T } | { ok: false; detail: string } {
  try {
    return { ok: true, value: decode(codec, bytes) };
  } catch (error) {
    if (error instanceof DoinError && error.data.code === 'malformed') return { ok: false, detail: error.message };
    throw error;
  }
}

/** An integer within [low, high]; both bounds are safe integers. */
export function integer(low: number, high: number): Codec<number> {
  return {
    write(writer, value) {
      if (!Number.isSafeInteger(value) || value < low || value > high) {
        throw new RangeError(`${value} is not an integer in ${low}..${high}`);
      }
      writer.safeInteger(value);
    },
    read: (reader) => reader.safeInteger(low, high),
  };
}

export const u8 = integer(0, 255);
export const u32 = integer(0, 0xffff_ffff);
export const u53 = integer(0, Number.MAX_SAFE_INTEGER);
export const i54 = integer(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);

const U64_MAX = (1n << 64n) - 1n;

export const u64: Codec<bigint> = {
  write(writer, value) {
    if (value < 0n || value > U64_MAX) throw new RangeError(`${value} does not fit 64 bits without sign`);
    writer.integer(value);
  },
  read(reader) {
    const value = reader.integer();
    if (value < 0n) throw malformed('negative integer');
    return value;
  },
};

export function bytes(minimum: number, maximum: number): Codec<Uint8Array> {
  return {
    write(writer, value) {
      checkLength('bytes', value.length, minimum, maximum);
      writer.binary(value);
    },
    read: (reader) => reader.binary(minimum, maximum),
  };
}

/** Exactly `length` bytes, as lower-case hex outside. */
export function hex(length: number): Codec<string> {
  const pattern = new RegExp(`^[0-9a-f]{${2 * length}}$`);
  return {
    write(writer, value) {
      if (!pattern.test(value))
        throw new RangeError(`${JSON.stringify(value)} is not ${length} bytes of lower-case hex`);
      writer.binaryHex(value);
    },
    read: (reader) => reader.binaryHex(length),
  };
}

export const hash32 = hex(32);
export const signature64 = hex(64);
export const vrfProof80 = hex(80);

/** Well-formed UTF-8 of at most `maximumBytes`. */
export function text(maximumBytes: number): Codec<string> {
  return {
    write(writer, value) {
      if (!value.isWellFormed()) throw new RangeError('text holds a lone surrogate');
      const encoded = Buffer.from(value, 'utf8');
      checkLength('text', encoded.length, 0, maximumBytes);
      writer.text(encoded);
    },
    read: (reader) => reader.text(maximumBytes),
  };
}

export function array<T>(item: Codec<T>, maximum: number): Codec<readonly T[]> {
  return {
    write(writer, value) {
      checkLength('array', value.length, 0, maximum);
      writer.arrayHeader(value.length);
      for (const element of value) item.write(writer, element);
    },
    read(reader) {
      const length = reader.arrayHeader(0, maximum);
      const result: T[] = [];
      for (let index = 0; index < length; index += 1) result.push(item.read(reader));
      return result;
    },
  };
}

type Fields = Record<string, Codec<unknown>>;
type StructOf<F extends Fields> = { readonly [K in keyof F]: TypeOf<F[K]> };

/** Fields in the order written here. */
export function struct<F extends Fields>(fields: F): Codec<StructOf<F>> {
  const entries = Object.entries(fields);
  return {
    write(writer, value) {
      writer.arrayHeader(entries.length);
      for (const [name, codec] of entries) codec.write(writer, value[name]);
    },
    read(reader) {
      reader.arrayHeader(entries.length, entries.length);
      const result: Record<string, unknown> = {};
      for (const [name, codec] of entries) result[name] = codec.read(reader);
      return result as StructOf<F>;
    },
  };
}

/** A value that may be absent: an array of none or one. */
export function nullable<T>(codec: Codec<T>): Codec<T | null> {
  return {
    write(writer, value) {
      writer.arrayHeader(value === null ? 0 : 1);
      if (value !== null) codec.write(writer, value);
    },
    read: (reader) => (reader.arrayHeader(0, 1) === 0 ? null : codec.read(reader)),
  };
}

/**
 * Keeps the bytes of each value beside it: one that was decoded or encoded before is not encoded again. For values
 * that go into several hashes on their way; they must never change.
 */
export function remembered<T extends object>(codec: Codec<T>): Codec<T> {
  const known = new WeakMap<T, Uint8Array>();
  return {
    write(writer, value) {
      const bytes = known.get(value);
      if (bytes !== undefined) {
        writer.raw(bytes);
        return;
      }
      const start = writer.length;
      codec.write(writer, value);
      known.set(value, writer.written(start));
    },
    read(reader) {
      const start = reader.offset;
      const value = codec.read(reader);
      known.set(value, reader.since(start));
      return value;
    },
  };
}

type Variants = Record<string, readonly [tag: number, codec: Codec<unknown>]>;
type VariantOf<V extends Variants> = {
  readonly [K in keyof V]: { readonly type: K } & TypeOf<V[K][1]>;
}[keyof V];

/** A union told apart by `type`: an array of a small integer tag and the struct. */
export function variant<V extends Variants>(variants: V): Codec<VariantOf<V>> {
  const byTag = new Map(Object.entries(variants).map(([type, [tag, codec]]) => [tag, { type, codec }]));
  if (byTag.size !== Object.keys(variants).length) throw new RangeError('two variants share a tag');
  return {
    write(writer, value) {
      const entry = variants[value.type as string];
      if (entry === undefined) throw new RangeError(`unknown variant ${String(value.type)}`);
      writer.arrayHeader(2);
      u8.write(writer, entry[0]);
      entry[1].write(writer, value);
    },
    read(reader) {
      reader.arrayHeader(2, 2);
      const tag = u8.read(reader);
      const entry = byTag.get(tag);
      if (entry === undefined) throw malformed(`unknown variant ${tag}`);
      return { type: entry.type, ...(entry.codec.read(reader) as object) } as VariantOf<V>;
    },
  };
}

function checkLength(what: string, length: number, minimum: number, maximum: number): void {
  if (length < minimum || length > maximum) {
    throw new RangeError(`${what} of length ${length}; allowed are ${minimum}..${maximum}`);
  }
}
