import { mkdtemp, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { FileLedger } from '../../../runtime/anchors/file-ledger.js';
import { runGit } from '../../../runtime/anchors/git.js';
import { GitLedger } from '../../../runtime/anchors/git-ledger.js';
import { readAnchors } from '../../../runtime/anchors/known.js';
import { AnchorNotes } from '../../../runtime/anchors/notes.js';
import { MemoryStateFile } from '../../../runtime/storage/state-file.js';
import { anchorOf, CHAIN } from './compliance.js';

const folder = () => mkdtemp(join(tmpdir(), 'doin-known-'));
const none = () => undefined;
const codeOf = (error: unknown) => (error as { code?: string }).code;

async function fileLedger(heights: readonly number[], hash?: string) {
  const ledger = new FileLedger(join(await folder(), 'anchors.log'), CHAIN);
  for (const height of heights) await ledger.write(anchorOf(height, hash === undefined ? {} : { hash }));
  return ledger;
}

test('the anchors of all ledgers are one list, lowest first', async (t) => {
  const ledgers = [await fileLedger([200, 300]), await fileLedger([100, 200])];
  const known = await readAnchors(ledgers, await AnchorNotes.open(new MemoryStateFile()), none);
  t.deepEqual(
    known.map(({ height, hash, stateRoot }) => ({ height, hash, stateRoot })),
    [100, 200, 300].map((height) => {
      const { hash, stateRoot } = anchorOf(height);
      return { height, hash, stateRoot };
    }),
  );
});

test('ledgers that contradict each other are an error that names both', async (t) => {
  const ledgers = [await fileLedger([100]), await fileLedger([100], 'ab'.repeat(32))];
  const error = await t.throwsAsync(readAnchors(ledgers, await AnchorNotes.open(new MemoryStateFile()), none));
  t.is(codeOf(error), 'anchor-contradicted');
  for (const { place } of ledgers) t.true(error?.message.includes(place));
});

test('lines that were cut from the end of a file are missed', async (t) => {
  const file = new MemoryStateFile();
  const ledger = await fileLedger([100, 200, 300]);
  await readAnchors([ledger], await AnchorNotes.open(file), none);
  const lines = (await readFile(ledger.place, 'utf8')).split('\n');
  await writeFile(ledger.place, `${lines[0]}\n${lines[1]}\n`);
  t.is((await ledger.read()).length, 2, 'by itself the file is in order');
  const error = await t.throwsAsync(readAnchors([ledger], await AnchorNotes.open(file), none));
  t.is(codeOf(error), 'anchor-ledger-damaged');
  t.regex(error?.message ?? '', /block 300, and now nothing/);
});

test('a ledger that cannot be reached is stood in for by what was seen there, with a warning', async (t) => {
  const root = await folder();
  const repository = join(root, 'anchors.git');
  await runGit(root, ['init', '--quiet', '--bare', repository]);
  const ledger = new GitLedger({ repository, branch: 'anchors', copy: join(root, 'copy') }, CHAIN);
  await ledger.write(anchorOf(100));
  const notes = await AnchorNotes.open(new MemoryStateFile());
  await readAnchors([ledger], notes, none);
  await rename(repository, join(root, 'away'));
  const warnings: string[] = [];
  const known = await readAnchors([ledger], notes, (text) => warnings.push(text));
  t.deepEqual(
    known.map(({ height }) => height),
    [100],
  );
  t.is(warnings.length, 1);
  t.regex(warnings[0] ?? '', /going on with the 1 anchors/);
});

test('notes that somebody broke are started anew', async (t) => {
  const file = new MemoryStateFile();
  await file.save({ 'file /a': [{ height: 'high' }] });
  const ledger = await fileLedger([100]);
  const notes = await AnchorNotes.open(file);
  t.deepEqual(notes.of(ledger), []);
  await readAnchors([ledger], notes, none);
  t.is((await AnchorNotes.open(file)).last(ledger)?.height, 100);
});
