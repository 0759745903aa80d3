/**
 * `--trace-file`: the records as a JSON array of Chrome trace events. Every write ends with a whole event, and the
 * format allows the closing bracket to be missing, so the file of a node that was killed opens like any other.
 */

import { once } from 'node:events';
import { createWriteStream, type WriteStream } from 'node:fs';
import { DoinError, errorMessage } from '../errors.js';
import { type ChromeEvent, ChromeTrace } from './chrome.js';
import type { TraceListener } from './hub.js';
import type { TraceRecord } from './record.js';

/** A disk slower than the trace: this much waits, the rest is left out and counted in the file. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;
/** Events are written together this often; what a kill loses. */
const WRITE_MS = 100;

export class TraceFile implements TraceListener {
  readonly #stream: WriteStream;
  readonly #trace: ChromeTrace;
  readonly #now: () => number;
  readonly #timer: NodeJS.Timeout;
  #lines: string[] = [];
  #isFirst = true;
  #left = 0;
  #failure: Error | null = null;

  private constructor(stream: WriteStream, now: () => number, onError: (message: string) => void) {
    this.#stream = stream;
    this.#now = now;
    this.#trace = new ChromeTrace(now());
    stream.on('error', (error) => {
      if (this.#failure === null) onError(`the trace file ends here: ${error.message}`);
      this.#failure = error;
    });
    this.#timer = setInterval(() => this.#write(), WRITE_MS).unref();
  }

  /** `now`: milliseconds since the epoch. `onError` hears once of a disk that fails later. */
  static async open(
    path: string,
    processName: string,
    now: () => number,
    onError: (message: string) => void,
  ): Promise<TraceFile> {
    const stream = createWriteStream(path);
    try {
      await once(stream, 'open');
    } catch (error) {
      const fix = 'name a file in a folder that exists and is writable';
      throw new DoinError(
        { code: 'trace-file-unwritable', path },
        `--trace-file = ${JSON.stringify(path)}: ${errorMessage(error)}; ${fix}`,
      );
    }
    const file = new TraceFile(stream, now, onError);
    file.#add(file.#trace.begin(processName));
    return file;
  }

  record(record: TraceRecord): void {
    this.#add(this.#trace.events(record));
  }

  dropped(count: number, thread: string): void {
    this.#add([this.#trace.dropped(count, thread, this.#now())]);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#write();
    if (this.#failure !== null) return;
    this.#stream.end('\n]\n');
    await once(this.#stream, 'close');
  }

  #add(events: readonly ChromeEvent[]): void {
    if (this.#failure !== null) return;
    if (this.#stream.writableLength > MAX_WAITING_BYTES) {
      this.#left += 1;
      return;
    }
    for (const event of events) this.#lines.push(JSON.stringify(event));
  }

  #write(): void {
    if (this.#left > 0 && this.#stream.writableLength <= MAX_WAITING_BYTES) {
      this.dropped(this.#left, 'all threads');
      this.#left = 0;
    }
    if (this.#lines.length === 0 || this.#failure !== null) return;
    const lead = this.#isFirst ? '[\n' : ',\n';
    this.#isFirst = false;
    this.#stream.write(lead + this.#lines.join(',\n'));
    this.#lines = [];
  }
}
