import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { isDoinError } from '../../runtime/errors.js';
import { loadOrCreateToken, tokenFileOf } from '../../runtime/http/token.js';
import { temporaryFolder } from '../kit/node-process.js';

test('a token is made once, for its owner alone, and then stays', async (t) => {
  const folder = join(temporaryFolder(t), 'new');
  const token = await loadOrCreateToken(tokenFileOf(folder));
  t.regex(token, /^[0-9a-f]{64}$/);
  t.is(statSync(tokenFileOf(folder)).mode & 0o777, 0o600);
  t.is(await loadOrCreateToken(tokenFileOf(folder)), token);
  t.is(readFileSync(tokenFileOf(folder), 'utf8'), `${token}\n`);
});

test('a token that others could read is closed to them', async (t) => {
  const file = tokenFileOf(temporaryFolder(t));
  await loadOrCreateToken(file);
  chmodSync(file, 0o644);
  await loadOrCreateToken(file);
  t.is(statSync(file).mode & 0o777, 0o600);
});

test('a file that holds no token is not taken for one', async (t) => {
  const file = tokenFileOf(temporaryFolder(t));
  writeFileSync(file, '\n');
  const error = await t.throwsAsync(loadOrCreateToken(file));
  t.true(isDoinError(error, 'token-unreadable'));
});
