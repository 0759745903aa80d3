/**
 * Remembers signatures that were found good, so that a transaction seen in gossip is not verified again in its block.
 * The key names everything the answer depends on; bounded, oldest out first.
 */
import { toHex } from '../../runtime/codec/bytes.js';
import { verifySignature } from '../../runtime/crypto/ed25519.js';
import type { SignatureCheck } from './transactions/apply.js';

const CAPACITY = 50_000;

export function rememberingVerifier(verify: SignatureCheck = verifySignature): SignatureCheck {
  const good = new Set<string>();
  return (publicKey, message, signature) => {
    const key = `${publicKey}${signature}${toHex(message)}`;
    if (good.has(key)) return true;
    if (!verify(publicKey, message, signature)) return false;
    const oldest = good.values().next();
    if (good.size >= CAPACITY && !oldest.done) good.delete(oldest.value);
    good.add(key);
    return true;
  };
}
