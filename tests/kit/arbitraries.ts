/** Random chain objects that are well-formed on the wire, whatever the rules would say to them. */
import fc from 'fast-check';
import { LIMITS } from '../../actors/chain/limits.js';
import type { Block, BlockHeader, Transaction, TransactionBody } from '../../actors/chain/types.js';
import type { DomainSpec } from '../../gpu-workers/types.js';

/** Plain objects, as the decoders make them. */
const record = <T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record<T>(fields, { noNullPrototype: true });

const SAFE = Number.MAX_SAFE_INTEGER;
const hexOf = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes).toString('hex'));
const hash = hexOf(32);
const natural = fc.oneof(fc.constantFrom(0, 127, 128, 255, 256, 65_536, 2 ** 32, SAFE), fc.maxSafeNat());
const safe = fc.oneof(fc.constantFrom(-SAFE, -33, -32, 0, SAFE), fc.maxSafeInteger()).map((value) => value + 0);
const fee = fc.oneof(fc.constantFrom(0, LIMITS.feeUnits), fc.nat(LIMITS.feeUnits));
const domain = fc.string({ unit: 'grapheme', maxLength: 8 });

export const headers: fc.Arbitrary<BlockHeader> = record({
  version: fc.nat(0xffff_ffff),
  chainId: fc.string({ unit: 'grapheme', maxLength: 4 }),
  height: natural,
  parent: hash,
  timestampMs: natural,
  slot: natural,
  rank: fc.nat(255),
  proposer: hash,
  transactionsRoot: hash,
  stateRoot: hash,
  vrfProof: hexOf(80),
  signature: hexOf(64),
});

const checkpoint = record({ height: natural, hash });
const attestation = { source: checkpoint, target: checkpoint };
const signedAttestation = record({
  ...attestation,
  nonce: natural,
  fee: record({ maxUnits: fc.nat(1_000_000), tipUnits: fc.nat(1_000_000) }),
  signature: hexOf(64),
});

const name = fc.string({ unit: 'grapheme', maxLength: 4 });
const range = { name, low: safe, high: safe };
export const domainSpecs: fc.Arbitrary<DomainSpec> = record({
  domainId: domain,
  module: name,
  metric: name,
  direction: fc.constantFrom('maximize' as const, 'minimize' as const),
  space: fc.array(
    fc.oneof(
      fc.record(
        { ...range, kind: fc.constantFrom('int' as const, 'float' as const), log: fc.boolean() },
        { noNullPrototype: true, requiredKeys: ['name', 'low', 'high', 'kind'] },
      ),
      record({ name, kind: fc.constant('categorical' as const), choices: fc.array(name, { maxLength: 4 }) }),
    ),
    { maxLength: 5 },
  ) as fc.Arbitrary<DomainSpec['space']>,
  baselineNano: safe,
  incrementScaleNano: natural,
  toleranceFloorNano: natural,
  noiseNano: natural,
  synthetic: fc.boolean(),
  verification: fc.constantFrom('exact' as const, 'statistical' as const),
  weightNano: natural,
  limits: record({
    trainingSeconds: natural,
    memoryMb: natural,
    epochs: natural,
    batchSize: natural,
    blobBytes: natural,
  }),
});

const bodies: fc.Arbitrary<TransactionBody> = fc.oneof(
  record({ type: fc.constant('channel-open' as const), to: hash, domain, depositUnits: natural }),
  record({
    type: fc.constant('channel-close' as const),
    channel: hash,
    amountUnits: natural,
    receipt: fc.option(hexOf(64), { nil: null }),
  }),
  record({ type: fc.constant('channel-dispute' as const), channel: hash, amountUnits: natural, receipt: hexOf(64) }),
  record({ type: fc.constant('domain-register' as const), spec: domainSpecs, dataHash: hash }),
  record({ type: fc.constant('domain-vote' as const), domain, specHash: hash }),
  record({ type: fc.constant('attest' as const), ...attestation }),
  record({
    type: fc.constant('evidence' as const),
    offender: hash,
    offence: fc.oneof(
      record({ type: fc.constant('two-attestations' as const), first: signedAttestation, second: signedAttestation }),
      record({ type: fc.constant('two-blocks' as const), first: headers, second: headers }),
    ),
  }),
  record({ type: fc.constant('transfer' as const), to: hash, amountUnits: natural }),
  record({ type: fc.constant('inference-pay' as const), to: hash, domain, amountUnits: natural, request: hash }),
  record({
    type: fc.constant('register-evaluator' as const),
    domains: fc.array(domain, { maxLength: 5 }),
    stamp: fc.option(natural),
  }),
  record({
    type: fc.constant('commit' as const),
    optimum: hash,
    commitment: hash,
    domain,
    stamp: fc.option(natural, { nil: null }),
  }),
  record({
    type: fc.constant('reveal' as const),
    optimum: hash,
    genome: fc.array(safe, { maxLength: 20 }),
    salt: hash,
    blob: fc.option(record({ hash, sizeBytes: fc.nat(16 * 1024 * 1024) }), { nil: null }),
    reportedNano: safe,
    experiment: record({
      experimentId: domain,
      roundNumber: natural,
      timeToThisResultMs: natural,
      optimizationConfigHash: hash,
      dataHash: hash,
    }),
  }),
  record({
    type: fc.constant('vote' as const),
    optimum: hash,
    seat: fc.nat(255),
    dataSeed: hash,
    measurement: fc.option(
      record({ performanceNano: safe, standardErrorNano: natural, dataHash: hash, traceDigest: hash }),
      { nil: null },
    ),
  }),
  record({
    type: fc.constant('anchor-record' as const),
    height: natural,
    hash,
    ledger: fc.string({ unit: 'binary-ascii', maxLength: 16 }),
    reference: fc.string({ unit: 'binary-ascii', maxLength: 128 }),
  }),
  record({ type: fc.constant('challenge' as const), optimum: hash, seat: fc.nat(255), bits: hash }),
  record({
    type: fc.constant('jury-vote' as const),
    optimum: hash,
    seat: fc.nat(255),
    dataSeed: hash,
    bits: fc.option(hash, { nil: null }),
  }),
);

export const transactions: fc.Arbitrary<Transaction> = record({
  sender: hash,
  nonce: natural,
  fee: record({ maxUnits: fee, tipUnits: fee }),
  body: bodies,
  signature: hexOf(64),
});

export const blocks: fc.Arbitrary<Block> = record({
  header: headers,
  transactions: fc.array(transactions, { maxLength: 4 }),
});

export const announcements = record({ header: headers, transactionIds: fc.array(hash, { maxLength: 20 }) });

/** Bytes with one thing wrong or different: what a hostile or broken peer sends. */
export const mutations: fc.Arbitrary<(original: Uint8Array) => Uint8Array> = record({
  position: fc.nat(),
  byte: fc.nat(255),
  kind: fc.nat(5),
}).map(({ position, byte, kind }) => (original) => {
  const at = original.length === 0 ? 0 : position % original.length;
  const [head, rest] = [original.slice(0, at), original.slice(at + 1)];
  switch (kind) {
    case 0:
      return Uint8Array.of(...head, byte, ...rest);
    case 1:
      return head;
    case 2:
      return Uint8Array.of(...original, byte);
    case 3:
      return Uint8Array.of(...head, byte, ...original.slice(at));
    case 4:
      return Uint8Array.of(...head, ...rest);
    default:
      return Uint8Array.of(...head, (original[at] ?? 0) ^ (1 << (byte & 7)), ...rest);
  }
});
