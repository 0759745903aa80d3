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

/** How far whole rows reach: a line end inside quotes does not end a row. */
function scanRows(text: string): { readonly end: number; readonly lastRow: string | null; readonly rows: number } {
  let quoted = false;
  let end = 0;
  let lastRow: string | null = null;
  let rows = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (character === '"') quoted = !quoted;
    else if (character === '\n' && !quoted) {
      lastRow = text.slice(end, index).replace(/\r$/, '');
      end = index + 1;
      rows += 1;
    }
  }
  return { end, lastRow, rows };
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
    const text = await handle.readFile('utf8');
    const { end, lastRow, rows } = scanRows(text);
    if (rows > 0 && !text.startsWith(header)) {
      await handle.close();
      await rename(file, await freeName(file));
      return CsvAppender.open(file, columns);
    }
    const keptBytes = Buffer.byteLength(text.slice(0, end));
    const tornBytes = Buffer.byteLength(text) - keptBytes;
    if (tornBytes > 0) await handle.truncate(keptBytes);
    if (rows === 0) await handle.appendFile(header);
    const lastKey = rows > 1 && lastRow !== null ? (lastRow.split(',', 1)[0] ?? null) : null;
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
