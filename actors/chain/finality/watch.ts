/**
 * Looks out for nodes that sign against themselves. Remembers the newest headers and attestations this node came across,
 * in bounded numbers: who is shown something must have verified its signature, and that its signer may lose something.
 */
import { headerHash } from '../codec.js';
import type { BlockHeader, Checkpoint, NodeId, SignedAttestation, Transaction, TransactionBody } from '../types.js';
import { contradict } from './slashing.js';

export type Evidence = Extract<TransactionBody, { type: 'evidence' }>;

const HEADERS_KEPT = 4_096;
const ATTESTERS_KEPT = 4_096;
const ATTESTATIONS_PER_NODE = 64;

export class OffenceWatch {
  readonly #headers = new Map<string, BlockHeader>();
  readonly #attestations = new Map<NodeId, readonly SignedAttestation[]>();

  /** The offence that this header completes, if any. */
  seeHeader(header: BlockHeader): Evidence | null {
    const key = `${header.proposer} ${header.slot}`;
    const known = this.#headers.get(key);
    if (known === undefined) {
      makeRoom(this.#headers, HEADERS_KEPT);
      this.#headers.set(key, header);
      return null;
    }
    if (headerHash(known) === headerHash(header)) return null;
    return {
      type: 'evidence',
      offender: header.proposer,
      offence: { type: 'two-blocks', first: known, second: header },
    };
  }

  /** The offence that this transaction completes, if it is an attestation and there is one. */
  seeTransaction({ sender, nonce, fee, body, signature }: Transaction): Evidence | null {
    if (body.type !== 'attest') return null;
    const { source, target } = body;
    const second: SignedAttestation = { source, target, nonce, fee, signature };
    const known = this.#attestations.get(sender) ?? [];
    const first = known.find((other) => contradict(other, second));
    if (first !== undefined) {
      return { type: 'evidence', offender: sender, offence: { type: 'two-attestations', first, second } };
    }
    if (known.some((other) => isSame(other.source, source) && isSame(other.target, target))) return null;
    if (known.length === 0) makeRoom(this.#attestations, ATTESTERS_KEPT);
    this.#attestations.set(sender, [...known, second].slice(-ATTESTATIONS_PER_NODE));
    return null;
  }
}

function isSame(a: Checkpoint, b: Checkpoint): boolean {
  return a.height === b.height && a.hash === b.hash;
}

function makeRoom(map: Map<unknown, unknown>, capacity: number): void {
  const oldest = map.keys().next();
  if (map.size >= capacity && !oldest.done) map.delete(oldest.value);
}
