/**
 * The byte level of canonical msgpack (https://github.com/msgpack/msgpack/blob/master/spec.md): integers, binaries,
 * strings and array headers in their shortest form, and a reader that refuses every other form.
 */

const INITIAL_CAPACITY = 256;

export class ByteWriter {
  #buffer = new Uint8Array(INITIAL_CAPACITY);
  #view = new DataView(this.#buffer.buffer);
  #length = 0;

  integer(value: bigint): void {
    if (value >= 0n) this.#unsigned(value);
    else this.#negative(value);
  }

  binary(value: Uint8Array): void {
    this.#sized(value.length, [
      [0xff, 0xc4, 1],
      [0xffff, 0xc5, 2],
      [0xffff_ffff, 0xc6, 4],
    ]);
    this.#append(value);
  }

  text(utf8: Uint8Array): void {
    if (utf8.length < 32) this.#byte(0xa0 | utf8.length);
    else {
      this.#sized(utf8.length, [
        [0xff, 0xd9, 1],
        [0xffff, 0xda, 2],
        [0xffff_ffff, 0xdb, 4],
      ]);
    }
    this.#append(utf8);
  }

  arrayHeader(length: number): void {
    if (length < 16) this.#byte(0x90 | length);
    else {
      this.#sized(length, [
        [0xffff, 0xdc, 2],
        [0xffff_ffff, 0xdd, 4],
      ]);
    }
  }

  finish(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }

  #unsigned(value: bigint): void {
    if (value < 0x80n) this.#byte(Number(value));
    else if (value <= 0xffn) this.#number(0xcc, 1, value);
    else if (value <= 0xffffn) this.#number(0xcd, 2, value);
    else if (value <= 0xffff_ffffn) this.#number(0xce, 4, value);
    else this.#number(0xcf, 8, value);
  }

  #negative(value: bigint): void {
    if (value >= -32n) this.#byte(Number(value) & 0xff);
    else if (value >= -0x80n) this.#number(0xd0, 1, value);
    else if (value >= -0x8000n) this.#number(0xd1, 2, value);
    else if (value >= -0x8000_0000n) this.#number(0xd2, 4, value);
    else this.#number(0xd3, 8, value);
  }

  #sized(length: number, forms: readonly (readonly [limit: number, marker: number, width: number])[]): void {
    const form = forms.find(([limit]) => length <= limit);
    if (form === undefined) throw new RangeError(`length ${length} does not fit msgpack`);
    this.#number(form[1], form[2], BigInt(length));
  }

  #number(marker: number, width: number, value: bigint): void {
    this.#byte(marker);
    this.#reserve(width);
    const bits = BigInt.asUintN(8 * width, value);
    if (width === 8) this.#view.setBigUint64(this.#length, bits);
    else if (width === 4) this.#view.setUint32(this.#length, Number(bits));
    else if (width === 2) this.#view.setUint16(this.#length, Number(bits));
    else this.#view.setUint8(this.#length, Number(bits));
    this.#length += width;
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length] = value;
    this.#length += 1;
  }

  #append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(extra: number): void {
    if (this.#length + extra <= this.#buffer.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#buffer.length, this.#length + extra));
    grown.set(this.#buffer);
    this.#buffer = grown;
    this.#view = new DataView(grown.buffer);
  }
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #refuse: (detail: string) => Error;
  #offset = 0;

  constructor(bytes: Uint8Array, refuse: (detail: string) => Error) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#refuse = refuse;
  }

  atEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  integer(): bigint {
    const marker = this.#byte();
    if (marker < 0x80) return BigInt(marker);
    if (marker >= 0xe0) return BigInt(marker - 0x100);
    if (marker >= 0xcc && marker <= 0xcf) return this.#unsigned(1 << (marker - 0xcc));
    if (marker >= 0xd0 && marker <= 0xd3) return this.#negative(1 << (marker - 0xd0));
    throw this.#refuse('expected an integer');
  }

  binary(minimum: number, maximum: number): Uint8Array {
    const marker = this.#byte();
    if (marker < 0xc4 || marker > 0xc6) throw this.#refuse('expected bytes');
    const length = this.#sized(1 << (marker - 0xc4), marker === 0xc4 ? 0 : marker === 0xc5 ? 0x100 : 0x1_0000);
    return this.#take(length, minimum, maximum).slice();
  }

  text(maximum: number): string {
    const marker = this.#byte();
    let length: number;
    if (marker >= 0xa0 && marker <= 0xbf) length = marker & 0x1f;
    else if (marker === 0xd9) length = this.#sized(1, 32);
    else if (marker === 0xda) length = this.#sized(2, 0x100);
    else if (marker === 0xdb) length = this.#sized(4, 0x1_0000);
    else throw this.#refuse('expected text');
    const raw = this.#take(length, 0, maximum);
    try {
      return UTF8.decode(raw);
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

  #unsigned(width: number): bigint {
    const value = this.#number(width, false);
    const smallest = width === 1 ? 0x80n : width === 2 ? 0x100n : width === 4 ? 0x1_0000n : 0x1_0000_0000n;
    if (value < smallest) throw this.#refuse('integer is not in its shortest form');
    return value;
  }

  #negative(width: number): bigint {
    const value = this.#number(width, true);
    const largest = width === 1 ? -33n : width === 2 ? -0x81n : width === 4 ? -0x8001n : -0x8000_0001n;
    if (value > largest) throw this.#refuse('integer is not in its shortest form');
    return value;
  }

  #sized(width: number, smallest: number): number {
    const length = Number(this.#number(width, false));
    if (length < smallest) throw this.#refuse('length is not in its shortest form');
    return length;
  }

  #number(width: number, signed: boolean): bigint {
    const at = this.#advance(width);
    switch (width) {
      case 1:
        return BigInt(signed ? this.#view.getInt8(at) : this.#view.getUint8(at));
      case 2:
        return BigInt(signed ? this.#view.getInt16(at) : this.#view.getUint16(at));
      case 4:
        return BigInt(signed ? this.#view.getInt32(at) : this.#view.getUint32(at));
      default:
        return signed ? this.#view.getBigInt64(at) : this.#view.getBigUint64(at);
    }
  }

  #take(length: number, minimum: number, maximum: number): Uint8Array {
    if (length < minimum || length > maximum) throw this.#refuse(`length ${length} outside ${minimum}..${maximum}`);
    const at = this.#advance(length);
    return this.#bytes.subarray(at, at + length);
  }

  #byte(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  #advance(count: number): number {
    const at = this.#offset;
    if (at + count > this.#bytes.length) throw this.#refuse('bytes are cut short');
    this.#offset = at + count;
    return at;
  }
}
