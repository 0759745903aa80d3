/** How signatures and VRF proofs are checked: strictly, strictly but once, or not at all for what was checked before. */
import { equalBytes } from '../../runtime/codec/bytes.js';
import { verifySignature } from '../../runtime/crypto/ed25519.js';
import type { Claim } from '../../runtime/crypto/verify-pool.js';
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
export class RememberingVerifier implements Verifier {
  readonly #good = { signature: new GoodClaims(SIGNATURES_KEPT), vrf: new GoodClaims(PROOFS_KEPT) };
  readonly #verifier: Verifier;

  constructor(verifier: Verifier = strictVerifier) {
    this.#verifier = verifier;
  }

  readonly signature: SignatureCheck = (...claim) => this.#check('signature', claim);
  readonly vrf: SignatureCheck = (...claim) => this.#check('vrf', claim);

  /** Whether it was found good before. */
  knows({ kind, publicKey, message, proof }: Claim): boolean {
    return this.#good[kind].has(publicKey, message, proof);
  }

  /** What somebody who applies the same strict rule found good. */
  remember({ kind, publicKey, message, proof }: Claim): void {
    this.#good[kind].add(publicKey, message, proof);
  }

  #check(kind: Claim['kind'], claim: Parameters<SignatureCheck>): boolean {
    if (this.#good[kind].has(...claim)) return true;
    if (!this.#verifier[kind](...claim)) return false;
    this.#good[kind].add(...claim);
    return true;
  }
}

/** By proof, with everything else the answer depends on; bounded, oldest out first. */
class GoodClaims {
  readonly #capacity: number;
  readonly #claims = new Map<string, { readonly publicKey: string; readonly message: Uint8Array }>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  has(publicKey: string, message: Uint8Array, proof: string): boolean {
    const good = this.#claims.get(proof);
    return good !== undefined && good.publicKey === publicKey && equalBytes(good.message, message);
  }

  add(publicKey: string, message: Uint8Array, proof: string): void {
    const oldest = this.#claims.keys().next();
    if (this.#claims.size >= this.#capacity && !oldest.done) this.#claims.delete(oldest.value);
    this.#claims.set(proof, { publicKey, message });
  }
}
