import { chmod, mkdir, mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { toHex } from '../../../runtime/codec/bytes.js';
import { loadOrCreateIdentity } from '../../../runtime/crypto/keys.js';
import { peerIdOf } from '../../../runtime/crypto/peer-id.js';
import { DoinError } from '../../../runtime/errors.js';

async function identityFile(): Promise<string> {
  return join(await mkdtemp(join(tmpdir(), 'doin-keys-')), 'identity.json');
}
const modeOf = async (file: string) => (await stat(file)).mode & 0o777;

async function refusal(t: ExecutionContext, file: string): Promise<string> {
  const error = await t.throwsAsync(loadOrCreateIdentity(file), { instanceOf: DoinError });
  t.is(error?.code, 'identity-unreadable');
  t.true(error?.message.includes(file), 'names the file');
  return error?.message ?? '';
}

test('a first start makes an identity that only its owner can read', async (t) => {
  const file = join(await identityFile(), 'deeper', 'identity.json');
  const pair = await loadOrCreateIdentity(file);
  t.is(await modeOf(file), 0o600);
  const content = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  t.is(content.node_id, peerIdOf(pair.publicKey));
  t.is(content.secret_seed, toHex(pair.secretSeed));
  t.deepEqual(await readdir(join(file, '..')), ['identity.json'], 'nothing else is left behind');
});

test('a later start reads the same identity, and another file has another one', async (t) => {
  const file = await identityFile();
  const first = await loadOrCreateIdentity(file);
  const again = await loadOrCreateIdentity(file);
  t.is(again.publicKey, first.publicKey);
  t.is(again.sign(Uint8Array.of(1)), first.sign(Uint8Array.of(1)));
  t.not((await loadOrCreateIdentity(await identityFile())).publicKey, first.publicKey);
});

test('a file that others may read is tightened', async (t) => {
  for (const loose of [0o644, 0o640, 0o604, 0o666, 0o777]) {
    const file = await identityFile();
    const { publicKey } = await loadOrCreateIdentity(file);
    await chmod(file, loose);
    t.is((await loadOrCreateIdentity(file)).publicKey, publicKey);
    t.is(await modeOf(file), 0o600, loose.toString(8));
  }
});

test('a file left over from a crash does not decide who may read the new identity', async (t) => {
  const file = await identityFile();
  await writeFile(`${file}.new`, 'half', { mode: 0o644 });
  await loadOrCreateIdentity(file);
  t.is(await modeOf(file), 0o600);
  t.regex(await readFile(file, 'utf8'), /^\{.*\}\n$/s);
});

test('a file that is not JSON is refused with its name and what to do, and kept', async (t) => {
  for (const content of ['', '{"secret_seed": "', 'secret']) {
    const file = await identityFile();
    await writeFile(file, content);
    t.regex(await refusal(t, file), /not JSON; restore it from a backup/);
    t.is(await readFile(file, 'utf8'), content);
  }
});

test('a file without a good seed is refused with its name and what to do', async (t) => {
  const wrong = [null, [], {}, 'text', 5, { secret_seed: 'ab' }, { secret_seed: 'AB'.repeat(32) }, { secret_seed: 7 }];
  for (const content of wrong) {
    const file = await identityFile();
    await writeFile(file, JSON.stringify(content));
    t.regex(await refusal(t, file), /secret_seed is not 64 hex digits; restore/);
  }
});

test('a path that cannot be read is refused with its name and what to do', async (t) => {
  const file = await identityFile();
  await mkdir(file);
  t.regex(await refusal(t, file), /make the file readable/);
});
