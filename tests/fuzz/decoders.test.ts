/**
 * Hostile bytes into everything that reads bytes. A quick share runs with every test run; DOIN_FUZZ_INPUTS=1000000
 * gives each reader a million (those marked as slow their part of it) and takes some minutes.
 */
import test from 'ava';
import { type Decoder, decoders } from '../kit/decoders.js';
import { allocatedBy, HostileBytes } from '../kit/fuzz.js';

const INPUTS = Number(process.env.DOIN_FUZZ_INPUTS ?? 1_500);
/** Objects and strings made from the input. Far below what a length of 4 GiB, if it were believed, would take. */
const BYTES_PER_INPUT_BYTE = 128;
/** The process as a whole, after everything: nothing may pile up either. */
const PROCESS_BYTES = 512 * 1024 * 1024;

const all = decoders();

interface Tally {
  taken: number;
  refused: number;
  worstBytes: number;
}

function attack(decoder: Decoder, inputs: number): Tally {
  const foreign = all
    .filter((other) => other !== decoder && other.kind === decoder.kind)
    .flatMap(({ samples }) => samples);
  const hostile = new HostileBytes(decoder.name.length + inputs, decoder.samples, foreign, decoder.kind);
  const tally: Tally = { taken: 0, refused: 0, worstBytes: 0 };
  for (let count = 0; count < inputs; count += 1) {
    const bytes = hostile.next();
    if (reads(decoder, bytes)) tally.taken += 1;
    else tally.refused += 1;
    tally.worstBytes = Math.max(tally.worstBytes, costOf(decoder, bytes));
  }
  return tally;
}

function reads(decoder: Decoder, bytes: Uint8Array): boolean {
  try {
    return decoder.read(bytes);
  } catch (cause) {
    throw new Error(`${decoder.name} crashed on ${Buffer.from(bytes).toString('hex')}`, { cause });
  }
}

/** What it takes above the proportional part. The engine's own needs (compiling, growing the heap) do not repeat. */
function costOf(decoder: Decoder, bytes: Uint8Array): number {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 4 && least > decoder.fixedBytes; attempt += 1) {
    least = Math.min(least, allocatedBy(() => decoder.read(bytes)) - BYTES_PER_INPUT_BYTE * bytes.length);
  }
  return least;
}

for (const decoder of all) {
  test(`${decoder.name}: hostile bytes are refused in its own words, without a crash and without memory`, (t) => {
    t.timeout(3_600_000);
    for (const sample of decoder.samples) t.true(decoder.read(sample), 'what the hostile bytes are made from is right');
    const tally = attack(decoder, Math.max(100, Math.trunc(INPUTS / decoder.slowness)));
    t.log(tally);
    t.true(tally.refused > 0);
    t.true(tally.worstBytes <= decoder.fixedBytes, `one input took ${tally.worstBytes} bytes`);
  });
}

test.after('nothing piled up', (t) => {
  t.log({ maxRssMb: Math.trunc(process.resourceUsage().maxRSS / 1024) });
  t.true(process.resourceUsage().maxRSS * 1024 <= PROCESS_BYTES);
});

test('the meter notices a reader that believes a length', (t) => {
  const careless = (bytes: Uint8Array) => new Array<number>(new DataView(bytes.buffer).getUint32(0)).fill(0);
  const claim = Uint8Array.of(0, 4, 0, 0);
  // A collection may hide one of them, never all.
  const most = (run: () => unknown) => Math.max(...Array.from({ length: 5 }, () => allocatedBy(run)));
  t.true(most(() => careless(claim)) > 1024 * 1024);
  t.true(most(() => new Uint8Array(16 * 1024 * 1024)) > 1024 * 1024);
});
