/**
 * What an evaluation leaves behind as proof that it was done: a hash of the data it saw and a hash of every output it
 * computed. Whoever repeats it gets the same bits; whoever only knows the result cannot make them up.
 */
import { hash } from '../runtime/crypto/hash.js';
import type { Evaluation, Evidence } from './types.js';

/** Typed arrays go in as they lie in memory: little-endian on every machine that Node and WebAssembly run on. */
export function evidenceOf({ data, outputs }: Evaluation): Evidence {
  return {
    dataHash: hash('doin/evaluation-data', data.map(bytesOf)),
    traceHash: hash('doin/evaluation-trace', outputs.map(bytesOf)),
  };
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
