/**
 * The byte level of canonical msgpack (https://github.com/msgpack/msgpack/blob/master/spec.md): integers, binaries,
 * strings and array headers in their shortest form, and a reader that refuses every other form.
 */

const INITIAL_CAPACITY = 4_096;
/** A writer that is used again holds on to no more than this. */
const KEPT_CAPACITY = 1024 * 1024;
const U32 = 0x1_0000_0000;

export class ByteWriter {
  #buffer = Buffer.allocUnsafe(INITIAL_CAPACITY);
  #length = 0;

  /** Any 64-bit integer. */
  integer(value: bigint): void {
    if (value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)) {
      this.safeInteger(Number(value));
    } else {
      this.#byte(value >= 0n ? 0xcf : 0xd3);
      this.#reserve(8);
      this.#length = this.#buffer.writeBigUInt64BE(BigInt.asUintN(64, value), this.#length);
    }
  }

  /** The same for a safe integer, without bigints on the way: nearly all of them are short. */
  safeInteger(value: number): void {
    if (value >= 0) {
      if (value < 0x80) this.#byte(value);
      else this.#unsigned(value, 0xcc);
    } else if (value >= -32) this.#byte(value & 0xff);
    else if (value >= -0x80) this.#marked(0xd0, 1, value & 0xff);
    else if (value >= -0x8000) this.#marked(0xd1, 2, value & 0xffff);
    else if (value >= -0x8000_0000) this.#marked(0xd2, 4, value >>> 0);
    else this.#marked64(0xd3, value);
  }

  binary(value: Uint8Array): void {
    this.#unsigned(value.length, 0xc4);
    this.raw(value);
  }

  /** A binary given as hex digits, which the caller has checked. */
  binaryHex(digits: string): void {
    this.#unsigned(digits.length >> 1, 0xc4);
    this.#reserve(digits.length >> 1);
    this.#length += this.#buffer.write(digits, this.#length, 'hex');
  }

  text(utf8: Uint8Array): void {
    if (utf8.length < 32) this.#byte(0xa0 | utf8.length);
    else this.#unsigned(utf8.length, 0xd9);
    this.raw(utf8);
  }

  arrayHeader(length: number): void {
    if (length < 16) this.#byte(0x90 | length);
    else if (length <= 0xffff) this.#marked(0xdc, 2, length);
    else this.#marked(0xdd, 4, checked(length));
  }

  /** Bytes that are an encoded value already. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Where the next value begins, for `written`. */
  get length(): number {
    return this.#length;
  }

  /** A copy of what was written since a length of before. */
  written(since: number): Uint8Array {
    return new Uint8Array(this.#buffer.subarray(since, this.#length));
  }

  /** Makes the writer as new, so that it can be used again. */
  clear(): void {
    this.#length = 0;
    if (this.#buffer.length > KEPT_CAPACITY) this.#buffer = Buffer.allocUnsafe(INITIAL_CAPACITY);
  }

  /** The shortest of the four widths; their markers follow each other, and lengths have the first three. */
  #unsigned(value: number, marker: number): void {
    if (value <= 0xff) this.#marked(marker, 1, value);
    else if (value <= 0xffff) this.#marked(marker + 1, 2, value);
    else if (value < U32) this.#marked(marker + 2, 4, value);
    else if (marker === 0xcc) this.#marked64(0xcf, value);
    else throw new RangeError(`length ${value} does not fit msgpack`);
  }

  #marked(marker: number, width: number, bits: number): void {
    this.#byte(marker);
    this.#reserve(width);
    this.#length = this.#buffer.writeUIntBE(bits, this.#length, width);
  }

  /** Two's complement of a safe integer beyond 32 bits. */
  #marked64(marker: number, value: number): void {
    const high = Math.floor(value / U32);
    this.#marked(marker, 4, high >>> 0);
    this.#reserve(4);
    this.#length = this.#buffer.writeUInt32BE(value - high * U32, this.#length);
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length] = value;
    this.#length += 1;
  }

  #reserve(extra: number): void {
    if (this.#length + extra <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.#length + extra));
    grown.set(this.#buffer);
    this.#buffer = grown;
  }
}

function checked(length: number): number {
  if (length >= U32) throw new RangeError(`length ${length} does not fit msgpack`);
  return length;
}

/** What fits a narrower form is refused: by width of 1, 2 and 4 bytes. */
const SMALLEST = [0x80, 0x100, 0x1_0000];
const LARGEST_NEGATIVE = [-33, -0x81, -0x8001];
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class ByteReader {
  readonly #bytes: Buffer;
  readonly #refuse: (detail: string) => Error;
  #offset = 0;

  constructor(bytes: Uint8Array, refuse: (detail: string) => Error) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#refuse = refuse;
  }

  atEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  /** Where the next value begins, for `since`. */
  get offset(): number {
    return this.#offset;
  }

  /** A copy of what was read since an offset of before. */
  since(offset: number): Uint8Array {
    return new Uint8Array(this.#bytes.subarray(offset, this.#offset));
  }

  integer(): bigint {
    const marker = this.#bytes[this.#offset];
    if (marker !== 0xcf && marker !== 0xd3) return BigInt(this.#short());
    const at = this.#advance(9) + 1;
    const value = marker === 0xcf ? this.#bytes.readBigUInt64BE(at) : this.#bytes.readBigInt64BE(at);
    if (marker === 0xcf ? value < BigInt(U32) : value >= -0x8000_0000n) throw this.#notShortest();
    return value;
  }

  /** An integer in a range of safe integers. */
  safeInteger(low: number, high: number): number {
    const marker = this.#bytes[this.#offset];
    const wide = marker === 0xcf || marker === 0xd3;
    const value = wide ? this.integer() : this.#short();
    if (value < low || value > high) throw this.#refuse(`integer outside ${low}..${high}`);
    return Number(value);
  }

  binary(minimum: number, maximum: number): Uint8Array {
    const { at, length } = this.#binary(minimum, maximum);
    return new Uint8Array(this.#bytes.subarray(at, at + length));
  }

  /** A binary of exactly this many bytes, as lower-case hex. */
  binaryHex(size: number): string {
    const { at, length } = this.#binary(size, size);
    return this.#bytes.toString('hex', at, at + length);
  }

  text(maximum: number): string {
    const marker = this.#byte();
    let length: number;
    if (marker >= 0xa0 && marker <= 0xbf) length = marker & 0x1f;
    else if (marker === 0xd9) length = this.#sized(1, 32);
    else if (marker === 0xda) length = this.#sized(2, 0x100);
    else if (marker === 0xdb) length = this.#sized(4, 0x1_0000);
    else throw this.#refuse('expected text');
    const at = this.#take(length, 0, maximum);
    try {
      return UTF8.decode(this.#bytes.subarray(at, at + length));
    } catch {
      throw this.#refuse('text is not UTF-8');
    }
  }

  arrayHeader(minimum: number, maximum: number): number {
    const marker = this.#byte();
    let length: number;
    if (marker >= 0x90 && marker <= 0x9f) length = marker & 0x0f;
    else if (marker === 0xdc) length = this.#sized(2, 16);
    else if (marker === 0xdd) length = this.#sized(4, 0x1_0000);
    else throw this.#refuse('expected an array');
    if (length < minimum || length > maximum) throw this.#refuse(`array length outside ${minimum}..${maximum}`);
    // Every element takes at least one byte: a header cannot announce more than the input holds.
    if (length > this.#bytes.length - this.#offset) throw this.#refuse('array is cut short');
    return length;
  }

  #binary(minimum: number, maximum: number): { at: number; length: number } {
    const marker = this.#byte();
    if (marker < 0xc4 || marker > 0xc6) throw this.#refuse('expected bytes');
    const length = this.#sized(1 << (marker - 0xc4), marker === 0xc4 ? 0 : marker === 0xc5 ? 0x100 : 0x1_0000);
    return { at: this.#take(length, minimum, maximum), length };
  }

  /** An integer of at most 32 bits. */
  #short(): number {
    const marker = this.#byte();
    if (marker < 0x80) return marker;
    if (marker >= 0xe0) return marker - 0x100;
    if (marker >= 0xcc && marker <= 0xce) return this.#sized(1 << (marker - 0xcc), SMALLEST[marker - 0xcc] ?? 0);
    if (marker < 0xd0 || marker > 0xd2) throw this.#refuse('expected an integer');
    const width = 1 << (marker - 0xd0);
    const at = this.#advance(width);
    const value = this.#bytes.readIntBE(at, width);
    if (value > (LARGEST_NEGATIVE[marker - 0xd0] ?? 0)) throw this.#notShortest();
    return value;
  }

  #sized(width: number, smallest: number): number {
    const at = this.#advance(width);
    const value = this.#bytes.readUIntBE(at, width);
    if (value < smallest) throw this.#notShortest();
    return value;
  }

  #notShortest(): Error {
    return this.#refuse('number is not in its shortest form');
  }

  /** Where these bytes begin. */
  #take(length: number, minimum: number, maximum: number): number {
    if (length < minimum || length > maximum) throw this.#refuse(`length ${length} outside ${minimum}..${maximum}`);
    return this.#advance(length);
  }

  #byte(): number {
    return this.#bytes[this.#advance(1)] ?? 0;
  }

  #advance(count: number): number {
    const at = this.#offset;
    if (at + count > this.#bytes.length) throw this.#refuse('bytes are cut short');
    this.#offset = at + count;
    return at;
  }
}
