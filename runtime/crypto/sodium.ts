/**
 * libsodium, where the package has a build for this machine: it checks a signature in half of OpenSSL's time and a VRF
 * proof in a fifth of JavaScript's. Nothing but time depends on it: whoever uses it has another way to the same answer.
 */
import { createRequire } from 'node:module';

/** The functions that are used. Those that return nothing throw on points that libsodium does not take. */
export interface Sodium {
  crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
  crypto_scalarmult_ed25519_noclamp(result: Uint8Array, scalar: Uint8Array, point: Uint8Array): void;
  crypto_scalarmult_ed25519_base_noclamp(result: Uint8Array, scalar: Uint8Array): void;
  crypto_core_ed25519_add(result: Uint8Array, p: Uint8Array, q: Uint8Array): void;
  crypto_core_ed25519_sub(result: Uint8Array, p: Uint8Array, q: Uint8Array): void;
}

let loaded: Sodium | null | undefined;

/** Null where there is none. Loaded when somebody first asks: it takes some milliseconds on every thread. */
export function sodium(): Sodium | null {
  if (loaded === undefined) {
    try {
      loaded = createRequire(import.meta.url)('sodium-native') as Sodium;
    } catch {
      loaded = null;
    }
  }
  return loaded;
}
