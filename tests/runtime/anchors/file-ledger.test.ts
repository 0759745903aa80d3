import { appendFile, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { FileLedger } from '../../../runtime/anchors/file-ledger.js';
import { anchorOf, CHAIN, ledgerCompliance } from './compliance.js';

const newFile = async () => join(await mkdtemp(join(tmpdir(), 'doin-anchors-')), 'deep', 'anchors.log');

ledgerCompliance(test, 'file', async () => {
  const file = await newFile();
  return { open: (chain = CHAIN) => new FileLedger(file, chain) };
});

async function written(heights: readonly number[]) {
  const file = await newFile();
  const ledger = new FileLedger(file, CHAIN);
  for (const height of heights) await ledger.write(anchorOf(height));
  const lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
  return { file, ledger, lines };
}

const damages: readonly (readonly [name: string, edit: (lines: string[]) => string[]])[] = [
  ['edited', (lines) => lines.with(1, lines[1]!.replace('"height":200', '"height":201'))],
  ['cut out', (lines) => lines.toSpliced(1, 1)],
  ['moved', (lines) => [lines[1]!, lines[0]!, lines[2]!]],
  ['doubled', (lines) => [...lines, lines[2]!]],
  ['replaced by garbage', (lines) => lines.with(0, 'garbage')],
  ['given a second reference', (lines) => lines.with(2, `${lines[2]}\t00`)],
];
for (const [name, edit] of damages) {
  test(`a line that was ${name} is noticed, with its number`, async (t) => {
    const { file, ledger, lines } = await written([100, 200, 300]);
    await writeFile(
      file,
      edit(lines)
        .map((line) => `${line}\n`)
        .join(''),
    );
    const error = await t.throwsAsync(ledger.read());
    t.is((error as { code?: string }).code, 'anchor-ledger-damaged');
    t.regex(error?.message ?? '', /line [1-4] .* restore/);
    await t.throwsAsync(ledger.write(anchorOf(400)), undefined, 'and nothing is added behind it');
  });
}

test('half a line that a crash left is overwritten', async (t) => {
  const { file, ledger } = await written([100]);
  await appendFile(file, '{"chain_id":"te');
  t.is((await ledger.read()).length, 1);
  await ledger.write(anchorOf(200));
  t.deepEqual(
    (await ledger.read()).map(({ height }) => height),
    [100, 200],
  );
});
