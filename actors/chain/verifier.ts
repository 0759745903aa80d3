/** How signatures and VRF proofs are checked: strictly, strictly but once, or not at all for what was checked before. */
import { toHex } from '../../runtime/codec/bytes.js';
import { verifySignature } from '../../runtime/crypto/ed25519.js';
import { vrfVerify } from '../../runtime/crypto/vrf.js';

export type SignatureCheck = (publicKey: string, message: Uint8Array, signature: string) => boolean;

export interface Verifier {
  readonly signature: SignatureCheck;
  readonly vrf: SignatureCheck;
}

export const strictVerifier: Verifier = { signature: verifySignature, vrf: vrfVerify };
/** Blocks are verified before they are stored, so replaying one's own store checks everything else. */
export const trustingVerifier: Verifier = { signature: () => true, vrf: () => true };

const SIGNATURES_KEPT = 50_000;
const PROOFS_KEPT = 2_000;

/** So that a transaction seen in gossip is not verified again in its block, nor a header with its body. */
export function rememberingVerifier(verifier: Verifier = strictVerifier): Verifier {
  return {
    signature: remembering(verifier.signature, SIGNATURES_KEPT),
    vrf: remembering(verifier.vrf, PROOFS_KEPT),
  };
}

/** The key names everything the answer depends on; bounded, oldest out first. */
function remembering(verify: SignatureCheck, capacity: number): SignatureCheck {
  const good = new Set<string>();
  return (publicKey, message, signature) => {
    const key = `${publicKey}${signature}${toHex(message)}`;
    if (good.has(key)) return true;
    if (!verify(publicKey, message, signature)) return false;
    const oldest = good.values().next();
    if (good.size >= capacity && !oldest.done) good.delete(oldest.value);
    good.add(key);
    return true;
  };
}
