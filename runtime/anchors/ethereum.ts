/**
 * The little of Ethereum that anchoring needs: calls over JSON-RPC, and signed transactions that carry data. Legacy
 * transactions with replay protection (EIP-155), which every network takes. RLP is fifteen lines for what is sent here
 * (byte strings and one list); the libraries that have it bring megabytes of contract interfaces.
 */
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { concatBytes, fromHex, toHex } from '../codec/bytes.js';
import { DoinError, errorMessage } from '../errors.js';

const TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** Throws `ethereum-rpc` when there is no answer, or when it is an error. */
export async function callRpc(url: string, method: string, params: readonly unknown[]): Promise<unknown> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer = JSON.parse(await boundedText(response)) as { result?: unknown; error?: { message?: unknown } };
    if (answer.error !== undefined) throw new Error(String(answer.error.message));
    return answer.result;
  } catch (cause) {
    throw new DoinError({ code: 'ethereum-rpc', method }, `${method}: ${errorMessage(cause)}`, { cause });
  }
}

async function boundedText({ body }: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of body ?? []) {
    sizeBytes += part.length;
    if (sizeBytes > MAX_ANSWER_BYTES) throw new Error(`an answer of more than ${MAX_ANSWER_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

export function isPrivateKey(bytes: Uint8Array): boolean {
  return secp256k1.utils.isValidSecretKey(bytes);
}

/** The 20 bytes that Ethereum names a key by, as lower-case hex with 0x. */
export function addressOf(privateKey: Uint8Array): string {
  const publicKey = secp256k1.getPublicKey(privateKey, false);
  return `0x${toHex(keccak_256(publicKey.subarray(1)).subarray(12))}`;
}

export interface DataTransaction {
  readonly chainId: bigint;
  readonly nonce: bigint;
  readonly gasPrice: bigint;
  readonly gas: bigint;
  readonly to: string;
  readonly data: Uint8Array;
}

/** Signed, without value, as `eth_sendRawTransaction` takes it. */
export function signTransaction(transaction: DataTransaction, privateKey: Uint8Array): string {
  const { chainId, nonce, gasPrice, gas, to, data } = transaction;
  const fields = [quantity(nonce), quantity(gasPrice), quantity(gas), fromHex(to.slice(2)), quantity(0n), data];
  const digest = keccak_256(rlpList([...fields, quantity(chainId), quantity(0n), quantity(0n)]));
  const signature = secp256k1.sign(digest, privateKey, { prehash: false, format: 'recovered' });
  const [recovery = 0] = signature;
  const [r, s] = [signature.subarray(1, 33), signature.subarray(33, 65)].map((half) => BigInt(`0x${toHex(half)}`));
  const v = chainId * 2n + 35n + BigInt(recovery);
  return `0x${toHex(rlpList([...fields, quantity(v), quantity(r ?? 0n), quantity(s ?? 0n)]))}`;
}

/** Big-endian without leading zeros; nothing for zero. */
function quantity(value: bigint): Uint8Array {
  if (value === 0n) return new Uint8Array(0);
  const hex = value.toString(16);
  return fromHex(hex.length % 2 === 0 ? hex : `0${hex}`);
}

/** Recursive length prefix, Ethereum yellow paper appendix B. */
function rlpList(items: readonly Uint8Array[]): Uint8Array {
  const body = concatBytes(...items.map(rlpBytes));
  return concatBytes(rlpLength(body.length, 0xc0), body);
}

function rlpBytes(bytes: Uint8Array): Uint8Array {
  const [first = 0xff] = bytes;
  return bytes.length === 1 && first < 0x80 ? bytes : concatBytes(rlpLength(bytes.length, 0x80), bytes);
}

function rlpLength(length: number, offset: number): Uint8Array {
  if (length < 56) return Uint8Array.of(offset + length);
  const size = quantity(BigInt(length));
  return concatBytes(Uint8Array.of(offset + 55 + size.length), size);
}
