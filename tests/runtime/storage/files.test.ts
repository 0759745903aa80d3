import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { isDoinError } from '../../../runtime/errors.js';
import { type BlobStore, blobHash, FileBlobStore, MemoryBlobStore } from '../../../runtime/storage/blob-store.js';
import { CsvAppender, csvLine } from '../../../runtime/storage/csv-appender.js';
import { JsonStateFile } from '../../../runtime/storage/state-file.js';

const folder = () => mkdtemp(join(tmpdir(), 'doin-files-'));
const blob = Uint8Array.from({ length: 1_000 }, (_, index) => index % 251);

const stores: readonly (readonly [string, () => Promise<BlobStore>])[] = [
  ['in files', async () => new FileBlobStore(join(await folder(), 'blobs'))],
  ['in memory', async () => new MemoryBlobStore()],
];
for (const [name, make] of stores) {
  test(`a blob ${name} is found under the hash of its bytes, and putting it again changes nothing`, async (t) => {
    const store = await make();
    const put = await store.put(blob);
    t.deepEqual(put, { hash: blobHash(blob), sizeBytes: 1_000 });
    t.deepEqual(await store.put(blob), put);
    t.deepEqual(new Uint8Array((await store.get(put.hash))!), blob);
    t.true(await store.has(put.hash));
    const absent = blobHash(new Uint8Array(0));
    t.is(await store.get(absent), null);
    t.false(await store.has(absent));
    t.is((await store.put(new Uint8Array(0))).hash, absent);
    t.is((await store.get(absent))?.length, 0);
  });
}

test('a blob whose file was changed is not handed out, and can be put anew', async (t) => {
  const root = await folder();
  const store = new FileBlobStore(root);
  const { hash } = await store.put(blob);
  await writeFile(join(root, hash.slice(0, 2), hash), blob.with(5, 99));
  t.is(await store.get(hash), null);
  await store.put(blob);
  t.deepEqual(new Uint8Array((await store.get(hash))!), blob);
});

test('a disk that cannot be read is an error, not the absence of a blob', async (t) => {
  const root = await folder();
  const store = new FileBlobStore(root);
  const { hash } = await store.put(blob);
  await rm(join(root, hash.slice(0, 2), hash));
  await mkdir(join(root, hash.slice(0, 2), hash));
  await t.throwsAsync(store.get(hash), { code: 'EISDIR' });
});

test('many writers of one blob leave one whole file', async (t) => {
  const root = await folder();
  await Promise.all(Array.from({ length: 20 }, () => new FileBlobStore(root).put(blob)));
  const name = blobHash(blob);
  t.deepEqual(await readdir(join(root, name.slice(0, 2))), [name]);
});

test('a name that is no hash cannot reach another file', async (t) => {
  const store = new FileBlobStore(await folder());
  for (const name of ['../../etc/passwd', '', 'AB'.repeat(32), `${'ab'.repeat(31)}/.`]) {
    await t.throwsAsync(store.get(name), { instanceOf: RangeError });
    await t.throwsAsync(store.has(name), { instanceOf: RangeError });
  }
});

test('state is null before the first save and the last value after many', async (t) => {
  const file = join(await folder(), 'below', 'state.json');
  const state = new JsonStateFile(file);
  t.is(await state.load(), null);
  await Promise.all(Array.from({ length: 30 }, (_, index) => state.save({ index })));
  t.deepEqual(await new JsonStateFile(file).load(), { index: 29 });
  t.deepEqual(await readdir(join(file, '..')), ['state.json']);
});

test('state that a crash left half-written beside the file is not read', async (t) => {
  const file = join(await folder(), 'state.json');
  await new JsonStateFile(file).save({ whole: true });
  await writeFile(`${file}.new`, '{"who');
  t.deepEqual(await new JsonStateFile(file).load(), { whole: true });
});

test('state that is not JSON is refused with the name of the file, and saving after a failure works', async (t) => {
  const root = await folder();
  const file = join(root, 'state.json');
  await writeFile(file, '{');
  const error = await t.throwsAsync(new JsonStateFile(file).load());
  t.true(isDoinError(error, 'state-file-corrupt'));
  t.true(error?.message.includes(file));
  const blocked = new JsonStateFile(join(root, 'taken'));
  await mkdir(join(root, 'taken.new'));
  await t.throwsAsync(blocked.save(1));
  await t.throwsAsync(blocked.save(2), undefined, 'still blocked, not stuck');
  await new JsonStateFile(file).save([1]);
  t.deepEqual(await new JsonStateFile(file).load(), [1]);
});

/** A reader of RFC 4180 as others have them. */
function parseCsv(text: string): string[][] {
  const fields = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  const rows: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(fields)) {
    rows.at(-1)?.push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'));
    if (end === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}

test('any text written as CSV is read back as it was', (t) => {
  const field = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('"', ',', '\r', '\n', 'a', ' ') }));
  fc.assert(
    fc.property(fc.array(fc.array(field, { minLength: 3, maxLength: 3 }), { maxLength: 5 }), (rows) => {
      t.deepEqual(parseCsv(rows.map(csvLine).join('')), rows);
    }),
    { numRuns: 300, seed: 1 },
  );
});

test('wherever a crash cuts the file, opening keeps the whole rows and appending goes on after them', async (t) => {
  const rows = [
    ['1', 'plain', 'ünïcode'],
    ['2', 'with "quotes"', 'a\r\nline'],
    ['3', 'x,y', ''],
  ];
  const whole = csvLine(['key', 'a', 'b']) + rows.map(csvLine).join('');
  const bytes = Buffer.from(whole);
  const root = await folder();
  const starts = [
    0,
    ...[...rows.keys()].map((index) =>
      Buffer.byteLength(csvLine(['key', 'a', 'b']) + rows.slice(0, index).map(csvLine).join('')),
    ),
  ];
  for (let cut = 0; cut <= bytes.length; cut += 1) {
    const file = join(root, `${cut}.csv`);
    await writeFile(file, bytes.subarray(0, cut));
    const appender = await CsvAppender.open(file, ['key', 'a', 'b']);
    await appender.append([['9', 'new', null]]);
    await appender.close();
    const kept = cut === bytes.length ? 3 : Math.max(0, starts.filter((start) => start <= cut).length - 2);
    t.is(appender.lastKey, kept === 0 ? null : String(kept), `cut at ${cut}`);
    t.deepEqual(
      parseCsv(await readFile(file, 'utf8')),
      [['key', 'a', 'b'], ...rows.slice(0, kept), ['9', 'new', '']],
      `cut at ${cut}`,
    );
  }
});

test('a file with other columns is moved aside, never written into', async (t) => {
  const root = await folder();
  const file = join(root, 'rounds.csv');
  await writeFile(file, 'old,columns\r\n1,2\r\n');
  await appendFile(join(root, 'rounds.csv.1'), 'taken');
  const appender = await CsvAppender.open(file, ['new']);
  await appender.append([[1]]);
  await appender.close();
  t.is(await readFile(file, 'utf8'), 'new\r\n1\r\n');
  t.is(await readFile(join(root, 'rounds.csv.1'), 'utf8'), 'taken');
  t.is(await readFile(join(root, 'rounds.csv.2'), 'utf8'), 'old,columns\r\n1,2\r\n');
});
