/** One small JSON document that is replaced as a whole: after a crash it is the old or the new one, never half of each. */
import { readFile } from 'node:fs/promises';
import { DoinError } from '../errors.js';
import { ifPresent, replaceFile } from '../files.js';
import { Serial } from '../serial.js';

export interface StateFile {
  /** Null when nothing was ever saved. */
  load(): Promise<unknown>;
  /** Returns when the value is on disk. Calls are done one after another. */
  save(value: unknown): Promise<void>;
}

export class JsonStateFile implements StateFile {
  readonly #file: string;
  readonly #serial = new Serial();

  constructor(file: string) {
    this.#file = file;
  }

  async load(): Promise<unknown> {
    const text = await ifPresent(readFile(this.#file, 'utf8'));
    if (text === null) return null;
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new DoinError(
        { code: 'state-file-corrupt', file: this.#file },
        `data_dir: ${this.#file} is not JSON; move it away to start that search anew`,
        { cause },
      );
    }
  }

  save(value: unknown): Promise<void> {
    return this.#serial.run(() => replaceFile(this.#file, JSON.stringify(value)));
  }
}

/** For simulations and tests. Keeps text, so that what is loaded shares nothing with what was saved. */
export class MemoryStateFile implements StateFile {
  #text: string | null = null;

  async load(): Promise<unknown> {
    return this.#text === null ? null : JSON.parse(this.#text);
  }

  async save(value: unknown): Promise<void> {
    this.#text = JSON.stringify(value);
  }
}
