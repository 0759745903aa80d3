/** A node's identity on disk: one Ed25519 seed in a JSON file that only its owner may read. */
import { randomBytes } from 'node:crypto';
import { chmod, readFile, stat } from 'node:fs/promises';
import { fromHex, toHex } from '../codec/bytes.js';
import { DoinError } from '../errors.js';
import { ifPresent, replaceFile } from '../files.js';
import { type KeyPair, keyPairFromSeed } from './ed25519.js';
import { peerIdOf } from './peer-id.js';

const SEED_HEX = /^[0-9a-f]{64}$/;

/** Reads the identity, or makes a new one when the file does not exist. Tightens the mode to 0600. */
export async function loadOrCreateIdentity(file: string): Promise<KeyPair> {
  const text = await ifPresent(readFile(file, 'utf8')).catch((error: Error) => {
    throw identityError(file, error.message, 'make the file readable for this user');
  });
  if (text === null) return createIdentity(file);
  const seed = parseSeed(file, text);
  if (((await stat(file)).mode & 0o077) !== 0) await chmod(file, 0o600);
  return keyPairFromSeed(seed);
}

function parseSeed(file: string, text: string): Uint8Array {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw identityError(file, 'it is not JSON', 'restore it from a backup, or move it away to get a new identity');
  }
  const seed = (parsed as { secret_seed?: unknown } | null)?.secret_seed;
  if (typeof seed !== 'string' || !SEED_HEX.test(seed)) {
    throw identityError(
      file,
      'secret_seed is not 64 hex digits',
      'restore it from a backup, or move it away to get a new identity',
    );
  }
  return fromHex(seed);
}

/** Written beside and renamed, so that a crash leaves either no identity or a whole one. */
async function createIdentity(file: string): Promise<KeyPair> {
  const keyPair = keyPairFromSeed(randomBytes(32));
  const content = { node_id: peerIdOf(keyPair.publicKey), secret_seed: toHex(keyPair.secretSeed) };
  await replaceFile(file, `${JSON.stringify(content, null, 2)}\n`);
  return keyPair;
}

function identityError(
  file: string,
  problem: string,
  fix: string,
): DoinError<{ code: 'identity-unreadable'; file: string }> {
  return new DoinError({ code: 'identity-unreadable', file }, `identity_file ${file}: ${problem}; ${fix}`);
}
