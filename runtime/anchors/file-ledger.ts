/**
 * Anchors in a file that is only appended to. Each line is an anchor, a tab, and the hash of the line before and of this
 * anchor, so that a line that was changed, moved or cut out is noticed. Put it where the node's own disk is not: on a
 * drive that can only be written once, a folder that is backed up, another machine.
 */
import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { toUtf8 } from '../codec/bytes.js';
import { hash } from '../crypto/hash.js';
import { ifPresent } from '../files.js';
import { Serial } from '../serial.js';
import {
  type Anchor,
  type AnchorLedger,
  anchorError,
  anchorsOf,
  anchorText,
  parseAnchor,
  type WrittenAnchor,
} from './ledger.js';

/** Stands where the first line's predecessor would. */
const START = '0'.repeat(64);

export class FileLedger implements AnchorLedger {
  readonly kind = 'file';
  readonly place: string;
  readonly #chain: Pick<Anchor, 'chainId' | 'genesisHash'>;
  readonly #serial = new Serial();

  constructor(file: string, chain: Pick<Anchor, 'chainId' | 'genesisHash'>) {
    this.place = file;
    this.#chain = chain;
  }

  async read(): Promise<readonly WrittenAnchor[]> {
    const { lines } = await this.#load();
    return anchorsOf(this, this.#chain, lines);
  }

  write(anchor: Anchor): Promise<string> {
    return this.#serial.run(async () => {
      const { lines, lengthBytes } = await this.#load();
      const known = anchorsOf(this, this.#chain, lines).find(({ height }) => height === anchor.height);
      if (known?.hash === anchor.hash) return known.reference;
      if (known !== undefined)
        throw anchorError('anchor-contradicted', this, `already says ${known.hash} of block ${anchor.height}`);
      const reference = digestOf(lines.at(-1)?.reference ?? START, anchorText(anchor));
      await this.#append(`${anchorText(anchor)}\t${reference}\n`, lengthBytes);
      return reference;
    });
  }

  /** Overwrites what a crash left of a line behind the last whole one. */
  async #append(line: string, atBytes: number): Promise<void> {
    await mkdir(dirname(this.place), { recursive: true });
    const handle = await open(this.place, atBytes === 0 ? 'w' : 'r+');
    try {
      await handle.truncate(atBytes);
      await handle.write(line, atBytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async #load(): Promise<{ readonly lines: readonly WrittenAnchor[]; readonly lengthBytes: number }> {
    const found = await ifPresent(readFile(this.place)).catch((error: Error) => {
      throw anchorError('anchor-ledger-unreachable', this, `${error.message}; make it readable for this user`, error);
    });
    const bytes = found ?? Buffer.alloc(0);
    // A line without an end is what a crash left: nobody was told that it is written.
    const lengthBytes = bytes.lastIndexOf(0x0a) + 1;
    const texts = bytes.subarray(0, lengthBytes).toString('utf8').split('\n').slice(0, -1);
    let previous = START;
    const lines = texts.map((text, index) => {
      const [content = '', reference = ''] = text.split('\t');
      const anchor = parseAnchor(content);
      if (anchor === null || text !== `${content}\t${reference}` || reference !== digestOf(previous, content)) {
        const fix = 'a line there or before it was changed or cut out; restore the file from a copy';
        throw anchorError(
          'anchor-ledger-damaged',
          this,
          `line ${index + 1} does not follow from the one before it: ${fix}`,
        );
      }
      previous = reference;
      return { ...anchor, reference };
    });
    return { lines, lengthBytes };
  }
}

function digestOf(previous: string, content: string): string {
  return hash('doin/anchor-line', [toUtf8(previous), toUtf8(content)]);
}
