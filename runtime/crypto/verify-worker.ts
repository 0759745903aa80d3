/** One thread of the pool: checks what it is sent, in order. */
import { parentPort } from 'node:worker_threads';
import { verifySignature } from './ed25519.js';
import type { Claim } from './verify-pool.js';
import { vrfVerify } from './vrf.js';

parentPort?.on('message', (claims: readonly Claim[]) => {
  parentPort?.postMessage(
    claims.map(({ kind, publicKey, message, proof }) =>
      kind === 'vrf' ? vrfVerify(publicKey, message, proof) : verifySignature(publicKey, message, proof),
    ),
  );
});
