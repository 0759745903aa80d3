/**
 * A snapshot as a file: a line that says what it is, then frames (4 bytes of length, big-endian, and the body): first
 * genesis, header and number of chunks, then each chunk. Whoever reads it trusts nothing in it yet.
 */
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { headerCodec } from '../../../actors/chain/codec.js';
import { readChunk, type Snapshot } from '../../../actors/chain/state/snapshot.js';
import type { BlockHeader, Hash } from '../../../actors/chain/types.js';
import { toUtf8 } from '../../codec/bytes.js';
import { encode, hash32, struct, tryDecode, u32 } from '../../codec/canonical.js';
import { DoinError, errorMessage } from '../../errors.js';

const MAGIC = toUtf8('doin-snapshot-1\n');
const LENGTH_BYTES = 4;

export interface SnapshotFileHead {
  /** Of the network it says it belongs to. */
  readonly genesisHash: Hash;
  readonly header: BlockHeader;
  readonly chunks: number;
}
const headCodec = struct({ genesisHash: hash32, header: headerCodec, chunks: u32 });

type Progress = (done: number, total: number) => void;

/** The whole file or none: it has its name only once all of it is on disk. Returns its size in bytes. */
export async function writeSnapshotFile(
  path: string,
  genesisHash: Hash,
  { header, chunks }: Snapshot,
  onProgress: Progress,
): Promise<number> {
  const temporary = `${path}.new`;
  try {
    const file = await open(temporary, 'w');
    let sizeBytes = MAGIC.length;
    try {
      await file.writeFile(MAGIC);
      const bodies = [encode(headCodec, { genesisHash, header, chunks: chunks.length }), ...chunks];
      for (const [index, body] of bodies.entries()) {
        await file.writeFile(Buffer.concat([lengthOf(body), body]));
        sizeBytes += LENGTH_BYTES + body.length;
        onProgress(index, chunks.length);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    return sizeBytes;
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw invalid(path, `cannot be written (${errorMessage(cause)}); name a file in a folder that you may write to`);
  }
}

/** What the file says it is, without its chunks. Throws `snapshot-file-invalid`. */
export function readSnapshotHead(path: string): Promise<SnapshotFileHead> {
  return withReader(path, (reader) => reader.head());
}

/** All of it; every chunk is one of the state that the header names. Throws `snapshot-file-invalid`. */
export function readSnapshotFile(path: string, onProgress: Progress): Promise<Snapshot> {
  return withReader(path, async (reader) => {
    const { header, chunks: count } = await reader.head();
    const chunks: Uint8Array[] = [];
    while (chunks.length < count) {
      const chunk = await reader.frame();
      if (readChunk(chunk, header.stateRoot) === null) {
        throw invalid(path, `chunk ${chunks.length} is not of the state that its header names; ${ELSEWHERE}`);
      }
      chunks.push(chunk);
      onProgress(chunks.length, count);
    }
    if (!reader.atEnd()) throw invalid(path, `something follows its last chunk; ${ELSEWHERE}`);
    return { header, chunks };
  });
}

const ELSEWHERE = 'it was changed or damaged, get it again, or from somebody else';

async function withReader<T>(path: string, work: (reader: Reader) => Promise<T>): Promise<T> {
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw invalid(path, `cannot be read (${errorMessage(cause)}); name a file that \`doin snapshot export\` wrote`);
  });
  try {
    return await work(new Reader(path, file, (await file.stat()).size));
  } finally {
    await file.close();
  }
}

class Reader {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #sizeBytes: number;
  #at = 0;

  constructor(path: string, file: FileHandle, sizeBytes: number) {
    this.#path = path;
    this.#file = file;
    this.#sizeBytes = sizeBytes;
  }

  atEnd(): boolean {
    return this.#at === this.#sizeBytes;
  }

  async head(): Promise<SnapshotFileHead> {
    const magic = this.#sizeBytes < MAGIC.length ? null : await this.#take(MAGIC.length);
    if (magic === null || Buffer.compare(magic, MAGIC) !== 0) {
      throw invalid(this.#path, 'is no snapshot; name a file that `doin snapshot export` wrote');
    }
    const decoded = tryDecode(headCodec, await this.frame());
    if (!decoded.ok) throw invalid(this.#path, `its head does not read; ${ELSEWHERE}`);
    return decoded.value;
  }

  async frame(): Promise<Uint8Array> {
    const length = await this.#take(LENGTH_BYTES);
    return this.#take(new DataView(length.buffer, length.byteOffset).getUint32(0));
  }

  /** Never asks for more than the file has: a length that lies costs no memory. */
  async #take(count: number): Promise<Uint8Array> {
    if (count > this.#sizeBytes - this.#at) throw invalid(this.#path, `ends too early; ${ELSEWHERE}`);
    const bytes = new Uint8Array(count);
    const { bytesRead } = await this.#file.read(bytes, 0, count, this.#at);
    if (bytesRead < count) throw invalid(this.#path, `ends too early; ${ELSEWHERE}`);
    this.#at += count;
    return bytes;
  }
}

function lengthOf(body: Uint8Array): Uint8Array {
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setUint32(0, body.length);
  return length;
}

function invalid(path: string, wrongAndFix: string): DoinError<{ code: 'snapshot-file-invalid'; path: string }> {
  return new DoinError({ code: 'snapshot-file-invalid', path }, `snapshot = ${JSON.stringify(path)}: ${wrongAndFix}`);
}
