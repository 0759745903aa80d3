/** The real images, read from the package, split by line number. Provenance and licence: ../data/README.md. */
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

export const SIDE = 8;
export const PIXELS = SIDE * SIDE;
export const CLASSES = 10;
/** Pixels run from 0 (paper) to 16 (ink); networks see them divided by it. */
export const INK = 16;

export interface LabelledImages {
  /** `count` x `PIXELS` values in 0..1, row by row. */
  readonly pixels: Float32Array;
  readonly labels: Uint8Array;
  readonly count: number;
}

export interface DigitsData {
  readonly training: LabelledImages;
  readonly validation: LabelledImages;
  /** Never trained on: evaluators distort these, and benchmarks use them as they are. */
  readonly heldOut: LabelledImages;
}

// Data files are not compiled: from dist/gpu-workers/domains/digits/ up to the package, and down into the sources.
const FILE = new URL('../../../../gpu-workers/domains/data/digits.csv.gz', import.meta.url);

export async function loadDigits(): Promise<DigitsData> {
  const text = (await promisify(gunzip)(await readFile(FILE))).toString('ascii');
  const rows = text
    .trim()
    .split('\n')
    .map((line, index) => parseRow(line, index));
  const part = (wanted: (remainder: number) => boolean) => collect(rows.filter((_, index) => wanted(index % 5)));
  return {
    training: part((remainder) => remainder < 3),
    validation: part((remainder) => remainder === 3),
    heldOut: part((remainder) => remainder === 4),
  };
}

function parseRow(line: string, index: number): readonly number[] {
  const values = line.split(',').map(Number);
  const valid =
    values.length === PIXELS + 1 &&
    values.every((value, at) => Number.isInteger(value) && value >= 0 && value <= (at < PIXELS ? INK : CLASSES - 1));
  if (!valid) throw new RangeError(`digits.csv.gz line ${index + 1} is not ${PIXELS} pixels of 0..${INK} and a label`);
  return values;
}

function collect(rows: readonly (readonly number[])[]): LabelledImages {
  const pixels = new Float32Array(rows.length * PIXELS);
  const labels = new Uint8Array(rows.length);
  for (const [index, row] of rows.entries()) {
    for (let pixel = 0; pixel < PIXELS; pixel += 1) pixels[index * PIXELS + pixel] = (row[pixel] as number) / INK;
    labels[index] = row[PIXELS] as number;
  }
  return { pixels, labels, count: rows.length };
}
