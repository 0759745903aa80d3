/**
 * Content-addressed binary objects (trained weights), beside the chain. A blob's name follows from its bytes
 * (blob-chunks.ts), so any thread may read or write the same folder: a file that exists is complete and right, or it is
 * refused on reading. One that comes in chunks lies apart until all of them are there.
 */
import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ifPresent } from '../files.js';
import { blobHash, chunkHash, chunkHashesOf, chunkRange } from './blob-chunks.js';

export { blobHash } from './blob-chunks.js';

export interface BlobName {
  readonly hash: string;
  readonly sizeBytes: number;
}

export interface StoredBlob extends BlobName {
  /** Not all of its chunks are here. */
  readonly isPart: boolean;
  /** When it was last written, ms since the epoch. */
  readonly writtenMs: number;
}

/** A blob that comes in chunks. */
export interface BlobPart {
  /** Chunks that are not here yet, or not right. */
  readonly missing: ReadonlySet<number>;
  /** The caller has compared it with its hash. */
  write(index: number, chunk: Uint8Array): Promise<void>;
  /** All are here: from now on it is a blob of the store. */
  finish(): Promise<void>;
  /** What is here stays for the next time. */
  close(): Promise<void>;
}

export interface BlobStore {
  /** Idempotent. */
  put(bytes: Uint8Array): Promise<BlobName>;
  /** Null when the blob is absent or its bytes no longer match its name. */
  get(name: string): Promise<Uint8Array | null>;
  has(name: string): Promise<boolean>;
  /** Null as for `get`. */
  chunkHashes(name: string): Promise<readonly string[] | null>;
  /** Null when there is no such chunk. Its hash is for who gets it to compare. */
  chunk(name: string, index: number): Promise<Uint8Array | null>;
  /** Goes on where it was left, also by another process. The hashes are those of the name. */
  openPart(blob: BlobName, chunkHashes: readonly string[]): Promise<BlobPart>;
  list(): Promise<readonly StoredBlob[]>;
  remove(name: string): Promise<void>;
}

const NAME = /^[0-9a-f]{64}$/;
const PARTS = 'parts';
/** Lists of chunk hashes at hand; making one reads the whole blob. */
const LISTS_KEPT = 64;

export class FileBlobStore implements BlobStore {
  readonly #folder: string;
  readonly #lists = new Map<string, readonly string[]>();

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
    await this.remove(name);
    return null;
  }

  /** The bytes as they lie there, right or wrong: for whoever looks and must not change anything. */
  async read(name: string): Promise<Uint8Array | null> {
    return ifPresent(readFile(this.#path(name)));
  }

  async has(name: string): Promise<boolean> {
    const file = await ifPresent(stat(this.#path(name)));
    return file?.isFile() ?? false;
  }

  async chunkHashes(name: string): Promise<readonly string[] | null> {
    const known = this.#lists.get(name);
    if (known !== undefined && (await this.has(name))) return known;
    const bytes = await this.get(name);
    if (bytes === null) return null;
    const hashes = chunkHashesOf(bytes);
    this.#lists.set(name, hashes);
    for (const oldest of this.#lists.keys()) {
      if (this.#lists.size <= LISTS_KEPT) break;
      this.#lists.delete(oldest);
    }
    return hashes;
  }

  async chunk(name: string, index: number): Promise<Uint8Array | null> {
    const file = await ifPresent(open(this.#path(name), 'r'));
    if (file === null) return null;
    try {
      return await readChunk(file, (await file.stat()).size, index);
    } finally {
      await file.close();
    }
  }

  async openPart(blob: BlobName, chunkHashes: readonly string[]): Promise<BlobPart> {
    const path = join(this.#folder, PARTS, checked(blob.hash));
    await mkdir(join(this.#folder, PARTS), { recursive: true });
    const file = (await ifPresent(open(path, 'r+'))) ?? (await open(path, 'w+', 0o600));
    const missing = new Set<number>();
    for (const [index, expected] of chunkHashes.entries()) {
      const chunk = await readChunk(file, blob.sizeBytes, index);
      if (chunk === null || chunkHash(chunk) !== expected) missing.add(index);
    }
    return {
      missing,
      write: async (index, chunk) => {
        await file.write(chunk, 0, chunk.length, chunkRange(blob.sizeBytes, index).from);
        missing.delete(index);
      },
      finish: async () => {
        await file.truncate(blob.sizeBytes);
        await file.close();
        await mkdir(join(this.#folder, blob.hash.slice(0, 2)), { recursive: true });
        await rename(path, this.#path(blob.hash));
      },
      close: () => file.close(),
    };
  }

  async list(): Promise<readonly StoredBlob[]> {
    const found: StoredBlob[] = [];
    for (const folder of (await ifPresent(readdir(this.#folder))) ?? []) {
      // What is no folder is none of ours.
      for (const name of await readdir(join(this.#folder, folder)).catch(() => [])) {
        const file = NAME.test(name) ? await ifPresent(stat(join(this.#folder, folder, name))) : null;
        if (file === null) continue;
        found.push({ hash: name, sizeBytes: file.size, isPart: folder === PARTS, writtenMs: file.mtimeMs });
      }
    }
    return found;
  }

  async remove(name: string): Promise<void> {
    this.#lists.delete(name);
    await rm(this.#path(name), { force: true });
    await rm(join(this.#folder, PARTS, name), { force: true });
  }

  #path(name: string): string {
    return join(this.#folder, checked(name).slice(0, 2), name);
  }
}

function checked(name: string): string {
  if (!NAME.test(name)) throw new RangeError(`blob name ${JSON.stringify(name)} is not 64 lower-case hex digits`);
  return name;
}

async function readChunk(file: FileHandle, ofBytes: number, index: number): Promise<Uint8Array | null> {
  const { from, sizeBytes } = chunkRange(ofBytes, index);
  if (sizeBytes <= 0) return null;
  const chunk = new Uint8Array(sizeBytes);
  const { bytesRead } = await file.read(chunk, 0, sizeBytes, from);
  return bytesRead === sizeBytes ? chunk : null;
}

/** For simulations and tests: one per simulated node. */
export class MemoryBlobStore implements BlobStore {
  readonly #blobs = new Map<string, { readonly bytes: Uint8Array; readonly writtenMs: number }>();
  readonly #parts = new Map<string, (Uint8Array | undefined)[]>();
  readonly #now: () => number;

  constructor(now: () => number = () => 0) {
    this.#now = now;
  }

  async put(bytes: Uint8Array): Promise<BlobName> {
    const name = blobHash(bytes);
    this.#blobs.set(name, { bytes, writtenMs: this.#now() });
    return { hash: name, sizeBytes: bytes.length };
  }

  async get(name: string): Promise<Uint8Array | null> {
    return this.#blobs.get(name)?.bytes ?? null;
  }

  async has(name: string): Promise<boolean> {
    return this.#blobs.has(name);
  }

  async chunkHashes(name: string): Promise<readonly string[] | null> {
    const bytes = await this.get(name);
    return bytes === null ? null : chunkHashesOf(bytes);
  }

  async chunk(name: string, index: number): Promise<Uint8Array | null> {
    const bytes = this.#blobs.get(name)?.bytes;
    if (bytes === undefined) return null;
    const { from, sizeBytes } = chunkRange(bytes.length, index);
    return sizeBytes > 0 ? bytes.slice(from, from + sizeBytes) : null;
  }

  async openPart({ hash }: BlobName, chunkHashes: readonly string[]): Promise<BlobPart> {
    const chunks = this.#parts.get(hash) ?? Array.from({ length: chunkHashes.length }, () => undefined);
    this.#parts.set(hash, chunks);
    const missing = new Set(chunks.flatMap((chunk, index) => (chunk === undefined ? [index] : [])));
    return {
      missing,
      write: async (index, chunk) => {
        chunks[index] = chunk;
        missing.delete(index);
      },
      finish: async () => {
        this.#parts.delete(hash);
        await this.put(new Uint8Array(Buffer.concat(chunks.map((chunk) => chunk ?? new Uint8Array()))));
      },
      close: async () => undefined,
    };
  }

  async list(): Promise<readonly StoredBlob[]> {
    return [...this.#blobs].map(([hash, { bytes, writtenMs }]) => {
      return { hash, sizeBytes: bytes.length, isPart: false, writtenMs };
    });
  }

  async remove(name: string): Promise<void> {
    this.#blobs.delete(name);
    this.#parts.delete(name);
  }
}
