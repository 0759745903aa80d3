/**
 * The state after one block in pieces that can be checked one by one. A chunk is a whole subtree of the state tree with
 * the hashes beside its way to the root, so each proves by itself that it belongs to the state root in the block's
 * header; together they give that root again, so none can be left out. Which chunks a state has follows from its
 * contents alone. Whoever trusts the hash of the block needs to trust nobody for the rest.
 */
import { array, bytes, type Codec, encode, hash32, struct, text, tryDecode } from '../../../runtime/codec/canonical.js';
import { DoinError } from '../../../runtime/errors.js';
import { headerHash, headerSigningBytes } from '../codec.js';
import type { BlockHeader, Hash } from '../types.js';
import type { SignatureCheck } from '../verifier.js';
import { GLOBALS, State } from './state.js';
import { rootOver, type Subtree } from './tree.js';

/** Small enough to be one answer of a peer; a single entry beyond it (a list of very many members) is a chunk alone. */
const CHUNK_LEAVES = 512;
const CHUNK_BYTES = 512 * 1024;
const LEAF_BYTES = 64 * 1024 * 1024;
const KEY_BYTES = 256;
const MAX_DEPTH = 256;

const chunkCodec: Codec<Subtree> = struct({
  leaves: array(struct({ key: text(KEY_BYTES), bytes: bytes(0, LEAF_BYTES) }), CHUNK_LEAVES),
  siblings: array(hash32, MAX_DEPTH),
});

export interface Snapshot {
  /** Of the block whose state this is. */
  readonly header: BlockHeader;
  readonly chunks: readonly Uint8Array[];
}

/** What there is to fetch of a snapshot. */
export interface SnapshotManifest {
  readonly header: BlockHeader;
  /** Sizes of the chunks, in bytes. */
  readonly chunkSizes: readonly number[];
}

/** What somebody trusts of a chain: which block it has at a height. */
export interface Checkpoint {
  readonly height: number;
  readonly hash: Hash;
}

export function takeSnapshot(header: BlockHeader, state: State): Snapshot {
  const chunks = [...state.subtrees({ leaves: CHUNK_LEAVES, bytes: CHUNK_BYTES })];
  return { header, chunks: chunks.map((chunk) => encode(chunkCodec, chunk)) };
}

/** The entries of a chunk, or null when it is none of that state. */
export function readChunk(chunk: Uint8Array, stateRoot: Hash): Subtree | null {
  const decoded = tryDecode(chunkCodec, chunk);
  return decoded.ok && rootOver(decoded.value) === stateRoot ? decoded.value : null;
}

/**
 * The state, proved to be that of the block at the checkpoint. The hash does not cover the header's signature: who passes
 * the header on has to check that, too. Throws `snapshot-invalid`.
 */
export function openSnapshot({ header, chunks }: Snapshot, checkpoint: Checkpoint, verify?: SignatureCheck): State {
  if (header.height !== checkpoint.height) throw invalid(`it is of height ${header.height}`, checkpoint);
  if (headerHash(header) !== checkpoint.hash) throw invalid(`its block is ${headerHash(header)}`, checkpoint);
  if (verify?.(header.proposer, headerSigningBytes(header), header.signature) === false) {
    throw invalid('its header is not signed by its proposer', checkpoint);
  }
  const leaves = chunks.flatMap((bytes, index) => {
    const chunk = readChunk(bytes, header.stateRoot);
    if (chunk === null) throw invalid(`chunk ${index} is not of this state`, checkpoint);
    return chunk.leaves;
  });
  const state = State.of(leaves);
  if (state.root() !== header.stateRoot) throw invalid('chunks are missing', checkpoint);
  if (state.require(GLOBALS).height !== header.height) throw invalid('its clockwork is of another height', checkpoint);
  return state;
}

function invalid(
  problem: string,
  { height, hash }: Checkpoint,
): DoinError<{ code: 'snapshot-invalid'; problem: string; height: number; hash: Hash }> {
  return new DoinError(
    { code: 'snapshot-invalid', problem, height, hash },
    `snapshot: not of block ${hash} at height ${height}: ${problem}; get it from somebody else, or correct --checkpoint`,
  );
}
