/**
 * The text form of a node's id: the libp2p PeerId of its Ed25519 key (identity multihash of the protobuf-encoded
 * public key, base58btc), https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md. Network identity and
 * chain identity are one key.
 */
import { base58btc } from 'multiformats/bases/base58';
import { concatBytes, equalBytes, fromHex, toHex } from '../codec/bytes.js';

/** Identity multihash, 36 bytes: protobuf {key type 1 = Ed25519, 32 bytes of key}. */
const PREFIX = fromHex('002408011220');

export function peerIdOf(publicKey: string): string {
  return base58btc.baseEncode(concatBytes(PREFIX, fromHex(publicKey)));
}

/** 52 characters name a key; base58 takes time that grows with the square of the length, so longer texts are not read. */
const LONGEST = 64;

/** The public key inside a PeerId, or null when the text is no Ed25519 PeerId. */
export function publicKeyOf(peerId: string): string | null {
  if (peerId.length > LONGEST) return null;
  let bytes: Uint8Array;
  try {
    bytes = base58btc.baseDecode(peerId);
  } catch {
    return null;
  }
  const isEd25519 = bytes.length === PREFIX.length + 32 && equalBytes(bytes.subarray(0, PREFIX.length), PREFIX);
  return isEd25519 ? toHex(bytes.subarray(PREFIX.length)) : null;
}
