/**
 * State entries of who has a reputation, sorted by id. Cut by the first byte of the id, so that a new member rewrites
 * a small part of the list only.
 */
import { array, hash32, u8 } from '../../../runtime/codec/canonical.js';
import type { NodeId } from '../types.js';
import { type EntryKind, type State, withMember } from './state.js';

/** First bytes that members' ids begin with, sorted. */
export const MEMBER_BYTES: EntryKind<readonly number[]> = { prefix: 'member-bytes', codec: array(u8, 256) };
/** By first byte, as two hex digits: everybody with a reputation entry whose id begins with it, sorted. */
export const MEMBERS: EntryKind<readonly NodeId[]> = { prefix: 'members', codec: array(hash32, 1_000_000) };

/** All of them, sorted. */
export function memberIds(state: State): readonly NodeId[] {
  return state.require(MEMBER_BYTES).flatMap((byte) => state.require(MEMBERS, digitsOf(byte)));
}

/** The same state when the node is a member already. */
export function withMemberEntry(state: State, node: NodeId): State {
  const digits = node.slice(0, 2);
  const known = state.get(MEMBERS, digits);
  if (known?.includes(node)) return state;
  const byte = Number.parseInt(digits, 16);
  const bytes = state.get(MEMBER_BYTES) ?? [];
  const listed =
    known === undefined
      ? state.set(
          MEMBER_BYTES,
          '',
          [...bytes, byte].sort((a, b) => a - b),
        )
      : state;
  return listed.set(MEMBERS, digits, withMember(known ?? [], node));
}

function digitsOf(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
