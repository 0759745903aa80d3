/** Canonical bytes of everything that travels or is hashed, the ids made from them, and the bytes that are signed. */

import { toUtf8 } from '../../runtime/codec/bytes.js';
import {
  array,
  type Codec,
  encode,
  hash32,
  i54,
  integer,
  malformed,
  nullable,
  remembered,
  signature64,
  struct,
  text,
  tryDecode,
  u8,
  u32,
  u53,
  variant,
  vrfProof80,
} from '../../runtime/codec/canonical.js';
import { ByteReader } from '../../runtime/codec/msgpack.js';
import { hash, hashBytes } from '../../runtime/crypto/hash.js';
import { merkleRoot } from '../../runtime/crypto/merkle.js';
import { domainSpecCodec } from './domain-spec.js';
import { LIMITS } from './limits.js';
import type {
  Attestation,
  Block,
  BlockHeader,
  Checkpoint,
  Fee,
  Hash,
  Offence,
  SignedAttestation,
  Transaction,
  TransactionBody,
} from './types.js';

export const PROTOCOL_VERSION = 1;

export const domainIdCodec = text(LIMITS.domainIdBytes);
export const genomeCodec = array(i54, LIMITS.genomeValues);
export const blobCodec = struct({ hash: hash32, sizeBytes: integer(0, LIMITS.blobBytes) });
export const experimentCodec = struct({
  experimentId: text(64),
  roundNumber: u53,
  timeToThisResultMs: u53,
  optimizationConfigHash: hash32,
  dataHash: hash32,
});

export const seatMeasurementCodec = struct({
  performanceNano: i54,
  standardErrorNano: u53,
  dataHash: hash32,
  traceDigest: hash32,
});

const headerFields = {
  version: u32,
  chainId: text(LIMITS.chainIdBytes),
  height: u53,
  parent: hash32,
  timestampMs: u53,
  slot: u53,
  rank: u8,
  proposer: hash32,
  transactionsRoot: hash32,
  stateRoot: hash32,
  vrfProof: vrfProof80,
};
const unsignedHeaderCodec = struct(headerFields);
export const headerCodec: Codec<BlockHeader> = struct({ ...headerFields, signature: signature64 });

const feeUnits = integer(0, LIMITS.feeUnits);
const feeCodec: Codec<Fee> = struct({ maxUnits: feeUnits, tipUnits: feeUnits });

export const checkpointCodec: Codec<Checkpoint> = struct({ height: u53, hash: hash32 });
const attestationFields = { source: checkpointCodec, target: checkpointCodec };
const attestationCodec: Codec<Attestation> = struct(attestationFields);
const signedAttestationCodec: Codec<SignedAttestation> = struct({
  ...attestationFields,
  nonce: u53,
  fee: feeCodec,
  signature: signature64,
});
const offenceCodec: Codec<Offence> = variant({
  'two-blocks': [0, struct({ first: headerCodec, second: headerCodec })],
  'two-attestations': [1, struct({ first: signedAttestationCodec, second: signedAttestationCodec })],
});

const bodyCodec: Codec<TransactionBody> = variant({
  transfer: [0, struct({ to: hash32, amountUnits: u53 })],
  'register-evaluator': [
    1,
    struct({ domains: array(domainIdCodec, LIMITS.domainsPerEvaluator), stamp: nullable(u53) }),
  ],
  commit: [2, struct({ optimum: hash32, commitment: hash32, domain: domainIdCodec, stamp: nullable(u53) })],
  reveal: [
    3,
    struct({
      optimum: hash32,
      genome: genomeCodec,
      salt: hash32,
      blob: nullable(blobCodec),
      reportedNano: i54,
      experiment: experimentCodec,
    }),
  ],
  vote: [
    4,
    struct({
      optimum: hash32,
      seat: u8,
      dataSeed: hash32,
      measurement: nullable(seatMeasurementCodec),
    }),
  ],
  'inference-pay': [30, struct({ to: hash32, domain: domainIdCodec, amountUnits: u53, request: hash32 })],
  'domain-register': [31, struct({ spec: domainSpecCodec, dataHash: hash32 })],
  'domain-vote': [32, struct({ domain: domainIdCodec, specHash: hash32 })],
  'channel-open': [33, struct({ to: hash32, domain: domainIdCodec, depositUnits: u53 })],
  'channel-close': [34, struct({ channel: hash32, amountUnits: u53, receipt: nullable(signature64) })],
  'channel-dispute': [35, struct({ channel: hash32, amountUnits: u53, receipt: signature64 })],
  'anchor-record': [
    20,
    struct({
      height: u53,
      hash: hash32,
      ledger: text(LIMITS.anchorLedgerBytes),
      reference: text(LIMITS.anchorReferenceBytes),
    }),
  ],
  challenge: [5, struct({ optimum: hash32, seat: u8, bits: hash32 })],
  'jury-vote': [6, struct({ optimum: hash32, seat: u8, dataSeed: hash32, bits: nullable(hash32) })],
  attest: [40, attestationCodec],
  evidence: [41, struct({ offender: hash32, offence: offenceCodec })],
});

const transactionFields = {
  sender: hash32,
  nonce: u53,
  fee: feeCodec,
  body: bodyCodec,
};
const unsignedTransactionCodec = struct(transactionFields);
export const transactionCodec: Codec<Transaction> = remembered(
  struct({ ...transactionFields, signature: signature64 }),
);

export const blockCodec: Codec<Block> = remembered(
  struct({
    header: headerCodec,
    transactions: array(transactionCodec, LIMITS.transactionsPerBlock),
  }),
);

/** No header takes more; what a block begins with. */
export const MAX_HEADER_BYTES = 512;

/** The canonical bytes of a block's header, of which this is enough of the block's own. */
export function headerBytesIn(start: Uint8Array): Uint8Array {
  const reader = new ByteReader(start, malformed);
  reader.arrayHeader(2, 2);
  const offset = reader.offset;
  headerCodec.read(reader);
  return reader.since(offset);
}

/** What gossip carries of a block. */
export const announcementCodec = struct({
  header: headerCodec,
  transactionIds: array(hash32, LIMITS.transactionsPerBlock),
});

/** The canonical bytes. */
export function transactionBytes(transaction: Transaction): Uint8Array {
  return encode(transactionCodec, transaction);
}

/** Covers the signature too, so that a transaction has one id and one form. */
export const transactionId = memo(
  (transaction: Transaction): Hash => hash('doin/transaction', [transactionBytes(transaction)]),
);

/** By chain: a node follows one. */
const signingBytes = new Map<string, (transaction: Omit<Transaction, 'signature'>) => Uint8Array>();

export function transactionSigningBytes(chainId: string, transaction: Omit<Transaction, 'signature'>): Uint8Array {
  let ofChain = signingBytes.get(chainId);
  if (ofChain === undefined) {
    const chain = toUtf8(chainId);
    ofChain = memo((value) => hashBytes('doin/transaction-signing', [chain, encode(unsignedTransactionCodec, value)]));
    signingBytes.set(chainId, ofChain);
  }
  return ofChain(transaction);
}

/** Covers all but the signature: two signatures over one header are one block. */
export const headerHash = memo(
  (header: Omit<BlockHeader, 'signature'>): Hash => hash('doin/header', [encode(unsignedHeaderCodec, header)]),
);

export const headerSigningBytes = memo(
  (header: Omit<BlockHeader, 'signature'>): Uint8Array =>
    hashBytes('doin/header-signing', [encode(unsignedHeaderCodec, header)]),
);

export function transactionsRoot(transactions: readonly Transaction[]): Hash {
  return merkleRoot(transactions.map(transactionBytes));
}

export function decodeTransaction(bytes: Uint8Array): { ok: true; value: Transaction } | { ok: false; detail: string } {
  if (bytes.length > LIMITS.transactionBytes) return { ok: false, detail: `transaction of ${bytes.length} bytes` };
  return tryDecode(transactionCodec, bytes);
}

export function decodeBlock(bytes: Uint8Array): { ok: true; value: Block } | { ok: false; detail: string } {
  if (bytes.length > LIMITS.blockBytes) return { ok: false, detail: `block of ${bytes.length} bytes` };
  return tryDecode(blockCodec, bytes);
}

/** Computes it once for each object, of those that are looked at several times on their way and never change. */
function memo<K extends object, V>(compute: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, V>();
  return (key) => {
    let value = known.get(key);
    if (value === undefined) {
      value = compute(key);
      known.set(key, value);
    }
    return value;
  };
}
