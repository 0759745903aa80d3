/** The commandments of Casper FFG, on what a member signed alone. */
import type { Attestation } from '../types.js';

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
