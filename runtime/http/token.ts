/**
 * Who may write over HTTP: whoever can read the token file in the data folder, which is the owner of the node. A token
 * in a header, not a cookie, because a browser never sends it by itself for a page of another site.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmod, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { DoinError } from '../errors.js';
import { ifPresent, replaceFile } from '../files.js';
import { sendProblem } from './problem.js';

const TOKEN = /^[0-9a-f]{64}$/;

export function tokenFileOf(dataDir: string): string {
  return join(dataDir, 'http.token');
}

/** Reads the token, or makes one when the file does not exist. Tightens the mode to 0600. */
export async function loadOrCreateToken(file: string): Promise<string> {
  const text = await ifPresent(readFile(file, 'utf8')).catch((error: Error) => {
    throw tokenError(file, error.message);
  });
  if (text === null) return createToken(file);
  const token = text.trim();
  if (!TOKEN.test(token)) throw tokenError(file, 'it does not hold 64 hex digits');
  if (((await stat(file)).mode & 0o077) !== 0) await chmod(file, 0o600);
  return token;
}

async function createToken(file: string): Promise<string> {
  const token = randomBytes(32).toString('hex');
  await replaceFile(file, `${token}\n`);
  return token;
}

function tokenError(file: string, problem: string): DoinError<{ code: 'token-unreadable'; file: string }> {
  return new DoinError(
    { code: 'token-unreadable', file },
    `${file}: ${problem}; remove it and start the node to get a new one`,
  );
}

/**
 * Every route of this scope answers 401 without `Authorization: Bearer <token>`, before its body is read, and after the
 * rate limit has counted it.
 */
export function requireToken(scope: FastifyInstance, token: string): void {
  scope.addHook('preParsing', (request, reply, _payload, done) => {
    const [, given] = /^Bearer (\S{1,256})$/i.exec(request.headers.authorization ?? '') ?? [];
    if (given !== undefined && isSame(given, token)) return done();
    const detail =
      given === undefined
        ? 'authorization: this needs the token in the file http.token of the data folder, as "Bearer <token>"'
        : 'authorization: this is not the token of this node; it is in the file http.token of its data folder';
    sendProblem(reply.header('www-authenticate', 'Bearer realm="doin"'), 401, 'token-required', detail);
  });
}

/** Hashed first, so that neither the length nor the first wrong digit can be timed. */
function isSame(given: string, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
