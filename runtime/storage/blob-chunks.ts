/**
 * How a blob is named. It is cut into chunks, and its name is the hash of the hashes of its chunks: whoever knows the name
 * can check that list when a stranger tells it, and then each chunk by itself, from whomever it comes.
 */
import { fromHex } from '../codec/bytes.js';
import { hash } from '../crypto/hash.js';

export const BLOB_CHUNK_BYTES = 256 * 1024;

export function chunkCount(sizeBytes: number): number {
  return Math.ceil(sizeBytes / BLOB_CHUNK_BYTES);
}

/** Where a chunk lies in its blob. */
export function chunkRange(sizeBytes: number, index: number): { readonly from: number; readonly sizeBytes: number } {
  const from = index * BLOB_CHUNK_BYTES;
  return { from, sizeBytes: Math.min(BLOB_CHUNK_BYTES, sizeBytes - from) };
}

export function chunkHash(chunk: Uint8Array): string {
  return hash('doin/blob-chunk', [chunk]);
}

export function chunkHashesOf(bytes: Uint8Array): string[] {
  return Array.from({ length: chunkCount(bytes.length) }, (_, index) => {
    const { from, sizeBytes } = chunkRange(bytes.length, index);
    return chunkHash(bytes.subarray(from, from + sizeBytes));
  });
}

/** The name of the blob of these chunks. */
export function blobHashOf(chunkHashes: readonly string[]): string {
  return hash('doin/blob', chunkHashes.map(fromHex));
}

/** The name a blob has everywhere; blobs are shared between chains, so no chain id goes in. */
export function blobHash(bytes: Uint8Array): string {
  return blobHashOf(chunkHashesOf(bytes));
}
