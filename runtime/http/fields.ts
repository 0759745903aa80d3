/** Fields of what people send: PeerIds, decimal coins, hashes; each refused in words that name the field and the fix. */
import { z } from 'zod';
import type { NodeId } from '../../actors/chain/types.js';
import { isAcceptableKey } from '../crypto/ed25519.js';
import { publicKeyOf } from '../crypto/peer-id.js';
import { DoinError } from '../errors.js';
import { parseCoins } from '../fixed/coins.js';

export const address = z.string().transform((text, context): NodeId => {
  const key = addressOf(text);
  if (key !== null) return key;
  context.addIssue({ code: 'custom', message: 'is no address; use a PeerId (12D3Koo...) or 64 hex digits of a key' });
  return z.NEVER;
});

export const coins = z.string().transform((text, context): number => {
  const units = parseCoins(text);
  if (units !== null) return units;
  context.addIssue({
    code: 'custom',
    message: 'is no amount of coins; use a decimal with at most 8 digits after the point, as text: "1.5"',
  });
  return z.NEVER;
});

export const hash = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits');
export const signature = z.string().regex(/^[0-9a-f]{128}$/, 'must be 128 hex digits');
export const domainId = z.string().min(1).max(64);

/** The key behind a PeerId or behind its hex digits; null for anything else. */
export function addressOf(text: string): NodeId | null {
  const key = /^[0-9a-f]{64}$/.test(text) ? text : publicKeyOf(text);
  return key !== null && isAcceptableKey(key) ? key : null;
}

/** Throws DoinError `bad-request`, whose message names each field. */
export function readFields<S extends z.ZodType>(schema: S, json: unknown): z.output<S> {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
  throw badRequest(problems.join('; '));
}

export function badRequest(detail: string): DoinError {
  return new DoinError({ code: 'bad-request' }, detail);
}
