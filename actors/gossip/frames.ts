/**
 * How bytes are framed. On a request stream: a 4-byte big-endian length, then that many bytes; the length is checked
 * against the protocol's cap before anything is allocated for it. In gossip: one version byte, then the body.
 */
import { DoinError } from '../../runtime/errors.js';

export const LENGTH_PREFIX_BYTES = 4;

/** Small signed objects only; anything bigger is announced by gossip and pulled by request (DESIGN section 6). */
export const MAX_GOSSIP_BYTES = 16 * 1024;
export const GOSSIP_VERSION = 1;

export function frame(body: Uint8Array): Uint8Array {
  const framed = new Uint8Array(LENGTH_PREFIX_BYTES + body.length);
  new DataView(framed.buffer).setUint32(0, body.length);
  framed.set(body, LENGTH_PREFIX_BYTES);
  return framed;
}

/** Collects the chunks of one frame. `push` returns the body once it is complete, and throws `oversize` or `malformed`. */
export class FrameReader {
  readonly #maxBytes: number;
  readonly #prefix = new Uint8Array(LENGTH_PREFIX_BYTES);
  #prefixLength = 0;
  #body: Uint8Array | null = null;
  #filled = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: Uint8Array): Uint8Array | null {
    let rest = chunk;
    if (this.#body === null) {
      const taken = Math.min(rest.length, LENGTH_PREFIX_BYTES - this.#prefixLength);
      this.#prefix.set(rest.subarray(0, taken), this.#prefixLength);
      this.#prefixLength += taken;
      if (this.#prefixLength < LENGTH_PREFIX_BYTES) return null;
      rest = rest.subarray(taken);
      this.#body = new Uint8Array(this.#checkedLength());
    }
    if (rest.length > this.#body.length - this.#filled) {
      throw new DoinError({ code: 'malformed' }, 'bytes follow the frame; a stream carries one frame each way');
    }
    this.#body.set(rest, this.#filled);
    this.#filled += rest.length;
    return this.#filled === this.#body.length ? this.#body : null;
  }

  #checkedLength(): number {
    const length = new DataView(this.#prefix.buffer).getUint32(0);
    if (length <= this.#maxBytes) return length;
    throw new DoinError({ code: 'oversize' }, `frame of ${length} bytes; at most ${this.#maxBytes} are allowed`);
  }
}

export function gossipFrame(body: Uint8Array): Uint8Array {
  const framed = new Uint8Array(1 + body.length);
  framed[0] = GOSSIP_VERSION;
  framed.set(body, 1);
  if (framed.length > MAX_GOSSIP_BYTES) {
    throw new DoinError(
      { code: 'oversize' },
      `gossip of ${framed.length} bytes; at most ${MAX_GOSSIP_BYTES} are allowed`,
    );
  }
  return framed;
}

export function openGossipFrame(
  framed: Uint8Array,
): { ok: true; body: Uint8Array } | { ok: false; code: 'oversize' | 'unknown-version' } {
  if (framed.length > MAX_GOSSIP_BYTES) return { ok: false, code: 'oversize' };
  if (framed[0] !== GOSSIP_VERSION) return { ok: false, code: 'unknown-version' };
  return { ok: true, body: framed.subarray(1) };
}
