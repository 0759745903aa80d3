/** Cuts a stream of bytes into lines, holding no more than one line of the largest size. */
export class LineSplitter {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Complete lines so far, without their ends. Null when a line is longer than allowed: nothing after it can be read. */
  push(chunk: Buffer): readonly string[] | null {
    const lines: string[] = [];
    let rest = chunk;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      if (!this.#keep(rest.subarray(0, end))) return null;
      lines.push(Buffer.concat(this.#parts).toString('utf8'));
      this.#parts = [];
      this.#bytes = 0;
      rest = rest.subarray(end + 1);
    }
    return this.#keep(rest) ? lines : null;
  }

  #keep(part: Buffer): boolean {
    this.#bytes += part.length;
    if (this.#bytes > this.#maxBytes) return false;
    if (part.length > 0) this.#parts.push(part);
    return true;
  }
}
