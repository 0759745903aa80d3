/** What nobody may sign both of, judged from what was signed alone: the state says nothing about guilt. */
import { fromHex, toUtf8, uint64Bytes } from '../../../runtime/codec/bytes.js';
import { hash } from '../../../runtime/crypto/hash.js';
import { headerHash, headerSigningBytes, transactionSigningBytes } from '../codec.js';
import type { Attestation, Hash, NodeId, Offence, SignedAttestation } from '../types.js';
import type { SignatureCheck } from '../verifier.js';

/** Two attestations that no honest member signs both of: one target height twice, or one link around another. */
export function contradict(a: Attestation, b: Attestation): boolean {
  return isDoubleVote(a, b) || surrounds(a, b) || surrounds(b, a);
}

function isDoubleVote(a: Attestation, b: Attestation): boolean {
  const same =
    a.target.hash === b.target.hash && a.source.height === b.source.height && a.source.hash === b.source.hash;
  return a.target.height === b.target.height && !same;
}

function surrounds(outer: Attestation, inner: Attestation): boolean {
  return outer.source.height < inner.source.height && inner.target.height < outer.target.height;
}

/** Whether this proves that the node signed against itself on this chain. Signatures last: they are what takes time. */
export function isProven(offence: Offence, offender: NodeId, chainId: string, verify: SignatureCheck): boolean {
  switch (offence.type) {
    case 'two-blocks': {
      const { first, second } = offence;
      const headers = [first, second];
      if (headers.some((header) => header.proposer !== offender || header.chainId !== chainId)) return false;
      if (first.slot !== second.slot || headerHash(first) === headerHash(second)) return false;
      return headers.every((header) => verify(offender, headerSigningBytes(header), header.signature));
    }
    case 'two-attestations': {
      const { first, second } = offence;
      if (!contradict(first, second)) return false;
      return [first, second].every((signed) => isSignedBy(offender, signed, chainId, verify));
    }
  }
}

/** One offence has one id, whatever pair of signatures shows it: punished once. */
export function offenceId(offence: Offence, offender: NodeId): Hash {
  const at =
    offence.type === 'two-blocks'
      ? offence.first.slot
      : Math.max(offence.first.target.height, offence.second.target.height);
  return hash('doin/offence', [fromHex(offender), toUtf8(offence.type), uint64Bytes(at)]);
}

function isSignedBy(node: NodeId, signed: SignedAttestation, chainId: string, verify: SignatureCheck): boolean {
  const { source, target, nonce, fee, signature } = signed;
  const body = { type: 'attest', source, target } as const;
  return verify(node, transactionSigningBytes(chainId, { sender: node, nonce, fee, body }), signature);
}
