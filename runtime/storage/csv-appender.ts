/**
 * A CSV file (RFC 4180) that only grows. A crash may cut the last line short: opening the file again drops that torn
 * line, so that what is there are whole rows. Rows are buffered by the operating system only, never in here.
 */
import { type FileHandle, open, rename, stat } from 'node:fs/promises';

export type CsvValue = string | number | boolean | null;

/** Quotes where RFC 4180 asks for it. `null` is the empty field. */
export function csvField(value: CsvValue): string {
  if (value === null) return '';
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function csvLine(values: readonly CsvValue[]): string {
  return `${values.map(csvField).join(',')}\r\n`;
}

const QUOTE = 0x22;
const LINE_END = 0x0a;
/** Read at a time: a file of any length is checked in this much memory. */
const CHUNK_BYTES = 256 * 1024;

interface Scan {
  readonly rows: number;
  /** Where the last whole row begins and ends, in bytes. */
  readonly lastStart: number;
  readonly end: number;
}

/** How far whole rows reach: a line end inside quotes does not end a row. */
async function scanRows(handle: FileHandle): Promise<Scan> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let quoted = false;
  let rows = 0;
  let lastStart = 0;
  let end = 0;
  for (let offset = 0; ; ) {
    const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, offset);
    if (bytesRead === 0) return { rows, lastStart, end };
    for (let index = 0; index < bytesRead; index += 1) {
      const byte = chunk[index];
      if (byte === QUOTE) quoted = !quoted;
      else if (byte === LINE_END && !quoted) {
        lastStart = end;
        end = offset + index + 1;
        rows += 1;
      }
    }
    offset += bytesRead;
  }
}

async function textAt(handle: FileHandle, start: number, bytes: number): Promise<string> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, start);
  return buffer.toString('utf8', 0, bytesRead);
}

export class CsvAppender {
  readonly #handle: FileHandle;
  /** First field of the last whole row when the file was opened, null when there was none. */
  readonly lastKey: string | null;
  /** Bytes of a torn last line that were dropped at opening. */
  readonly repairedBytes: number;

  private constructor(handle: FileHandle, lastKey: string | null, repairedBytes: number) {
    this.#handle = handle;
    this.lastKey = lastKey;
    this.repairedBytes = repairedBytes;
  }

  /**
   * Opens or makes the file. One with other columns (an older version's) is moved aside to `<file>.1`, `.2`, ...
   * The first column must be a key without quotes or commas: `lastKey` is read from it.
   */
  static async open(file: string, columns: readonly string[]): Promise<CsvAppender> {
    const header = csvLine(columns);
    const handle = await open(file, 'a+');
    const { rows, lastStart, end } = await scanRows(handle);
    if (rows > 0 && (await textAt(handle, 0, Buffer.byteLength(header))) !== header) {
      await handle.close();
      await rename(file, await freeName(file));
      return CsvAppender.open(file, columns);
    }
    const tornBytes = (await handle.stat()).size - end;
    if (tornBytes > 0) await handle.truncate(end);
    if (rows === 0) await handle.appendFile(header);
    const lastKey = rows > 1 ? ((await textAt(handle, lastStart, end - lastStart)).split(',', 1)[0] ?? null) : null;
    return new CsvAppender(handle, lastKey, tornBytes);
  }

  /** One write for all rows, so that a crash tears at most one of them. */
  async append(rows: readonly (readonly CsvValue[])[]): Promise<void> {
    if (rows.length > 0) await this.#handle.appendFile(rows.map(csvLine).join(''));
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

async function freeName(file: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const candidate = `${file}.${number}`;
    const taken = await stat(candidate).then(
      () => true,
      () => false,
    );
    if (!taken) return candidate;
  }
}
