/**
 * Writes plain data as msgpack straight into the batch of a link. msgpackr reads it back on the other side; its own
 * writer makes a view per message and checks seven classes before it gets to Uint8Array (0.84 us for a message of
 * 100 bytes, this 0.25, Node 20). Objects of a shape seen before go as msgpackr records: their keys cross once.
 *
 * What is not a string, number, boolean, bigint, Uint8Array, array or plain object is left to msgpackr itself.
 */
import { Packr } from 'msgpackr';

/** Record ids are the bytes 0x40-0x7f. */
const RECORD_IDS = 64;
const FIRST_RECORD_ID = 0x40;
/** Objects with more keys are rather dictionaries; each would use up a record id for itself. */
const MOST_KEYS = 32;
/** Bound of the memory for shapes, whatever keys the payloads have. */
const MOST_SHAPE_NODES = 4096;
/** Up to this length a loop over the characters beats the call into the engine. */
const SHORT_STRING = 48;

const FIRST_BYTES = 16 * 1024;
/**
 * Up to this size a batch crosses as a string of a character a byte. It is 10-15 % faster over and back than a buffer
 * that is transferred (60 B to 4 KB, Node 20), and no buffer is allocated for it: V8 scavenges at each allocation of one
 * while 32 MiB of young ones live, which doubles the price of handing large binaries over in a row.
 */
const STRING_BYTES = 4 * 1024;
/** A buffer grown beyond this by a burst is given back after use. */
const KEPT_BYTES = 1024 * 1024;

/** For dates, maps, sets, errors, other typed arrays and bigints beyond 64 bits. */
const others = new Packr({ useRecords: false, useBigIntExtension: true });

/** Bytes as they cross to another thread. */
export type Batch = string | ArrayBuffer;

export function isBatch(posted: unknown): posted is Batch {
  return typeof posted === 'string' || posted instanceof ArrayBuffer;
}

export function bytesOf(batch: Batch): Uint8Array {
  if (typeof batch !== 'string') return new Uint8Array(batch);
  // As a plain Uint8Array: what msgpackr cuts out of a Buffer are Buffers.
  const { buffer, byteOffset, length } = Buffer.from(batch, 'latin1');
  return new Uint8Array(buffer, byteOffset, length);
}

/** A step in the tree of shapes: the keys from the root to here, in their order. */
interface ShapeNode {
  readonly keys: readonly string[];
  /** The step taken last: nearly always the one taken next. */
  lastKey: string;
  last: ShapeNode | null;
  readonly others: Map<string, ShapeNode>;
  /** Objects of exactly these keys met so far. One alone is not worth a record. */
  seen: number;
  /** 0 = not a record yet. */
  recordId: number;
}

function shapeNode(keys: readonly string[]): ShapeNode {
  return { keys, lastKey: '', last: null, others: new Map(), seen: 0, recordId: 0 };
}

export class Packer {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  #shapes = shapeNode([]);
  #shapeNodes = 1;
  #records = 0;
  /** Records first used by the item that is being written. */
  #announced: ShapeNode[] = [];

  get sizeBytes(): number {
    return this.#length;
  }

  /** The next reader knows no records yet. */
  forget(): void {
    this.#shapes = shapeNode([]);
    this.#shapeNodes = 1;
    this.#records = 0;
  }

  clear(): void {
    this.#length = 0;
  }

  /** Everything written since the last `take`. */
  take(): Batch {
    const length = this.#length;
    const batch =
      length <= STRING_BYTES ? this.#bytes.toString('latin1', 0, length) : this.#bytes.buffer.slice(0, length);
    this.#length = 0;
    if (this.#bytes.length > KEPT_BYTES) this.#grow(FIRST_BYTES);
    return batch;
  }

  /** Where the next item begins; for `undo`. */
  begin(): number {
    if (this.#announced.length > 0) this.#announced = [];
    return this.#length;
  }

  /** Takes back an item that could not be written to its end, so that both sides keep knowing the same records. */
  undo(start: number): void {
    this.#length = start;
    for (const node of this.#announced) node.recordId = 0;
    // Ids are given out in order, so the announced ones are the last.
    this.#records -= this.#announced.length;
    this.#announced = [];
  }

  arrayHeader(length: number): void {
    this.#reserve(5);
    if (length < 16) {
      this.#bytes[this.#length++] = 0x90 | length;
    } else {
      this.#bytes[this.#length++] = 0xdd;
      this.#view.setUint32(this.#length, length);
      this.#length += 4;
    }
  }

  value(value: unknown): void {
    switch (typeof value) {
      case 'string':
        this.string(value);
        return;
      case 'number':
        this.number(value);
        return;
      case 'object':
        this.#object(value);
        return;
      case 'boolean':
        this.#byte(value ? 0xc3 : 0xc2);
        return;
      case 'bigint':
        this.#bigint(value);
        return;
      case 'undefined':
        this.#reserve(3);
        this.#bytes[this.#length++] = 0xd4;
        this.#bytes[this.#length++] = 0;
        this.#bytes[this.#length++] = 0;
        return;
      default:
        throw new TypeError(`a ${typeof value} cannot be sent: payloads are plain data`);
    }
  }

  number(value: number): void {
    this.#reserve(9);
    const bytes = this.#bytes;
    if (value >>> 0 === value && !Object.is(value, -0)) {
      if (value < FIRST_RECORD_ID) {
        bytes[this.#length++] = value;
      } else if (value < 0x100) {
        bytes[this.#length++] = 0xcc;
        bytes[this.#length++] = value;
      } else {
        bytes[this.#length++] = 0xce;
        this.#view.setUint32(this.#length, value);
        this.#length += 4;
      }
    } else if (value >> 0 === value && value < 0) {
      if (value >= -0x20) {
        bytes[this.#length++] = 0x100 + value;
      } else {
        bytes[this.#length++] = 0xd2;
        this.#view.setInt32(this.#length, value);
        this.#length += 4;
      }
    } else {
      bytes[this.#length++] = 0xcb;
      this.#view.setFloat64(this.#length, value);
      this.#length += 8;
    }
  }

  string(value: string): void {
    const { length } = value;
    if (length < SHORT_STRING && this.#shortAscii(value, length)) return;
    // The header that the longest UTF-8 form would need; readers do not mind a longer one than necessary.
    const mostBytes = length * 3;
    this.#reserve(5 + mostBytes);
    const headerBytes = mostBytes < 0x100 ? 2 : mostBytes < 0x10000 ? 3 : 5;
    const start = this.#length + headerBytes;
    const written = this.#bytes.write(value, start, mostBytes, 'utf8');
    this.#lengthHeader(0xd9, headerBytes, written);
    this.#length = start + written;
  }

  #shortAscii(value: string, length: number): boolean {
    this.#reserve(2 + length);
    const bytes = this.#bytes;
    let at = this.#length;
    if (length < 32) {
      bytes[at++] = 0xa0 | length;
    } else {
      bytes[at++] = 0xd9;
      bytes[at++] = length;
    }
    for (let index = 0; index < length; index += 1) {
      const code = value.charCodeAt(index);
      if (code >= 0x80) return false;
      bytes[at++] = code;
    }
    this.#length = at;
    return true;
  }

  #object(value: object | null): void {
    if (value === null) {
      this.#byte(0xc0);
      return;
    }
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) {
      this.#plain(value as Record<string, unknown>);
    } else if (Array.isArray(value)) {
      this.arrayHeader(value.length);
      for (let index = 0; index < value.length; index += 1) this.value(value[index]);
    } else if (value instanceof Uint8Array) {
      this.#binary(value);
    } else {
      this.#raw(others.pack(value));
    }
  }

  #plain(value: Record<string, unknown>): void {
    let node: ShapeNode | null = this.#shapes;
    let count = 0;
    for (const key in value) {
      if (node !== null) node = node.lastKey === key && node.last !== null ? node.last : this.#step(node, key);
      count += 1;
    }
    if (node !== null && node.recordId > 0) {
      this.#byte(node.recordId);
    } else if (node === null || !this.#announce(node)) {
      this.#map(value, count);
      return;
    }
    for (const key in value) this.value(value[key]);
  }

  #map(value: Record<string, unknown>, count: number): void {
    this.#reserve(5);
    if (count < 16) {
      this.#bytes[this.#length++] = 0x80 | count;
    } else {
      this.#bytes[this.#length++] = 0xdf;
      this.#view.setUint32(this.#length, count);
      this.#length += 4;
    }
    for (const key in value) {
      this.string(key);
      this.value(value[key]);
    }
  }

  #step(node: ShapeNode, key: string): ShapeNode | null {
    let next = node.others.get(key);
    if (next === undefined) {
      if (this.#shapeNodes >= MOST_SHAPE_NODES || node.keys.length >= MOST_KEYS) return null;
      this.#shapeNodes += 1;
      next = shapeNode([...node.keys, key]);
      node.others.set(key, next);
    }
    node.lastKey = key;
    node.last = next;
    return next;
  }

  /** From the second object of a shape on, msgpackr's definition of a record: 0xd4 0x72 id, and the keys. */
  #announce(node: ShapeNode): boolean {
    node.seen += 1;
    if (node.seen < 2 || node.keys.length === 0 || this.#records === RECORD_IDS) return false;
    node.recordId = FIRST_RECORD_ID + this.#records;
    this.#records += 1;
    this.#announced.push(node);
    this.#reserve(3);
    this.#bytes[this.#length++] = 0xd4;
    this.#bytes[this.#length++] = 0x72;
    this.#bytes[this.#length++] = node.recordId;
    this.arrayHeader(node.keys.length);
    for (const key of node.keys) this.string(key);
    return true;
  }

  #binary(value: Uint8Array): void {
    const { length } = value;
    this.#reserve(5 + length);
    const headerBytes = length < 0x100 ? 2 : length < 0x10000 ? 3 : 5;
    this.#lengthHeader(0xc4, headerBytes, length);
    this.#length += headerBytes;
    this.#bytes.set(value, this.#length);
    this.#length += length;
  }

  /** Not moved over: the caller may still have to write what follows the header. */
  #lengthHeader(firstTag: number, headerBytes: number, length: number): void {
    const at = this.#length;
    if (headerBytes === 2) {
      this.#bytes[at] = firstTag;
      this.#bytes[at + 1] = length;
    } else if (headerBytes === 3) {
      this.#bytes[at] = firstTag + 1;
      this.#view.setUint16(at + 1, length);
    } else {
      this.#bytes[at] = firstTag + 2;
      this.#view.setUint32(at + 1, length);
    }
  }

  #bigint(value: bigint): void {
    if (BigInt.asIntN(64, value) === value) {
      this.#byte(0xd3);
      this.#reserve(8);
      this.#view.setBigInt64(this.#length, value);
      this.#length += 8;
    } else {
      this.#raw(others.pack(value));
    }
  }

  #raw(packed: Uint8Array): void {
    this.#reserve(packed.length);
    this.#bytes.set(packed, this.#length);
    this.#length += packed.length;
  }

  #byte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = byte;
  }

  #reserve(size: number): void {
    if (this.#length + size > this.#bytes.length) this.#grow(Math.max(this.#length + size, this.#bytes.length * 2));
  }

  #grow(size: number): void {
    const grown = Buffer.allocUnsafeSlow(size);
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
