/**
 * Content-addressed binary objects (trained weights), beside the chain. A blob's name is the hash of its bytes, so any
 * thread may read or write the same folder: a file that exists is complete and right, or it is refused on reading.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hash } from '../crypto/hash.js';

export interface BlobName {
  readonly hash: string;
  readonly sizeBytes: number;
}

export interface BlobStore {
  /** Idempotent. */
  put(bytes: Uint8Array): Promise<BlobName>;
  /** Null when the blob is absent or its bytes no longer match its name. */
  get(name: string): Promise<Uint8Array | null>;
  has(name: string): Promise<boolean>;
}

/** The name a blob has everywhere; blobs are shared between chains, so no chain id goes in. */
export function blobHash(bytes: Uint8Array): string {
  return hash('doin/blob', [bytes]);
}

const NAME = /^[0-9a-f]{64}$/;

export class FileBlobStore implements BlobStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async put(bytes: Uint8Array): Promise<BlobName> {
    const name = blobHash(bytes);
    if (!(await this.has(name))) {
      const target = this.#path(name);
      await mkdir(join(this.#folder, name.slice(0, 2)), { recursive: true });
      const temporary = `${target}.${randomUUID()}`;
      await writeFile(temporary, bytes, { mode: 0o600 });
      await rename(temporary, target);
    }
    return { hash: name, sizeBytes: bytes.length };
  }

  async get(name: string): Promise<Uint8Array | null> {
    const bytes = await this.read(name);
    if (bytes === null) return null;
    if (blobHash(bytes) === name) return bytes;
    await rm(this.#path(name), { force: true });
    return null;
  }

  /** The bytes as they lie there, right or wrong: for whoever looks and must not change anything. */
  async read(name: string): Promise<Uint8Array | null> {
    return readFile(this.#path(name)).catch(() => null);
  }

  async has(name: string): Promise<boolean> {
    return stat(this.#path(name)).then(
      (file) => file.isFile(),
      () => false,
    );
  }

  #path(name: string): string {
    if (!NAME.test(name)) throw new RangeError(`blob name ${JSON.stringify(name)} is not 64 lower-case hex digits`);
    return join(this.#folder, name.slice(0, 2), name);
  }
}

/** For simulations and tests: one per simulated node. */
export class MemoryBlobStore implements BlobStore {
  readonly #blobs = new Map<string, Uint8Array>();

  async put(bytes: Uint8Array): Promise<BlobName> {
    const name = blobHash(bytes);
    this.#blobs.set(name, bytes);
    return { hash: name, sizeBytes: bytes.length };
  }

  async get(name: string): Promise<Uint8Array | null> {
    return this.#blobs.get(name) ?? null;
  }

  async has(name: string): Promise<boolean> {
    return this.#blobs.has(name);
  }
}
