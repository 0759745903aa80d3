/**
 * Everything in a node that reads bytes or text which somebody else wrote, as one table: each reader gives a value or
 * refuses in its own words. What passes between the threads of one node is not here: it never leaves the process.
 */
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import {
  announcementCodec,
  blockCodec,
  decodeBlock,
  decodeTransaction,
  headerCodec,
  transactionCodec,
} from '../../actors/chain/codec.js';
import type { EntryKind } from '../../actors/chain/state/state.js';
import { FrameReader, frame, gossipFrame, openGossipFrame } from '../../actors/gossip/frames.js';
import { WIRE, type WireProtocol } from '../../actors/gossip/wire.js';
import { loadConfig } from '../../config/load.js';
import { parseGenesis } from '../../config/network.js';
import { decodeWeights, encodeWeights } from '../../gpu-workers/domains/digits/weights.js';
import { type Codec, encode, tryDecode } from '../../runtime/codec/canonical.js';
import { publicKeyOf } from '../../runtime/crypto/peer-id.js';
import { isDoinError } from '../../runtime/errors.js';
import { builtInDomains } from '../../runtime/node/domains.js';
import { parseTraceFilter } from '../../runtime/trace/filter.js';
import { announcements, blocks, headers, transactions } from './arbitraries.js';
import { makeGenesis, TestChain } from './chain.js';
import { RandomLife, steps } from './random-life.js';

export interface Decoder {
  readonly name: string;
  readonly kind: 'bytes' | 'text';
  /** Well-formed inputs, which the hostile ones are made from. */
  readonly samples: readonly Uint8Array[];
  /** True for a value, false for a refusal in the reader's own terms. Throwing is a crash. */
  read(bytes: Uint8Array): boolean;
  /** How many times slower than a binary codec it is: it gets so many times fewer inputs. */
  readonly slowness: number;
  /** What it may take from memory beside what is in proportion to the input. */
  readonly fixedBytes: number;
}

/** A reader of bytes makes the value and perhaps one error; one of a file of the owner, a message for each mistake. */
const BYTES_COST = 64 * 1024;
const FILE_COST = 1024 * 1024;
const SAMPLES = 40;
const sampled = <T>(codec: Codec<T>, values: fc.Arbitrary<T>): readonly Uint8Array[] =>
  fc.sample(values, { numRuns: SAMPLES, seed: 1 }).map((value) => encode(codec, value));

export function decoders(): readonly Decoder[] {
  return [...chainObjects(), ...stateDecoders(), ...wireDecoders(), ...frames(), ...texts(), weightsDecoder()];
}

function ofCodec(name: string, codec: Codec<unknown>, samples: readonly Uint8Array[]): Decoder {
  return {
    name,
    kind: 'bytes',
    samples,
    slowness: 1,
    fixedBytes: BYTES_COST,
    read: (bytes) => tryDecode(codec, bytes).ok,
  };
}

function chainObjects(): readonly Decoder[] {
  const read = (decode: (bytes: Uint8Array) => { readonly ok: boolean }) => ({
    kind: 'bytes' as const,
    slowness: 1,
    fixedBytes: BYTES_COST,
    read: (bytes: Uint8Array) => decode(bytes).ok,
  });
  return [
    { name: 'transaction', samples: sampled(transactionCodec, transactions), ...read(decodeTransaction) },
    { name: 'block', samples: sampled(blockCodec, blocks), ...read(decodeBlock) },
    ofCodec('header', headerCodec as Codec<unknown>, sampled(headerCodec, headers)),
    ofCodec('announcement', announcementCodec as Codec<unknown>, sampled(announcementCodec, announcements)),
  ];
}

/** Every kind of entry a state can have, with what a lively chain left in it. */
function stateDecoders(): readonly Decoder[] {
  const names = ['ada', 'bob', 'cid', 'dan'];
  const chain = new TestChain(makeGenesis(names), names);
  for (const life of fc.sample(steps, { numRuns: 2, seed: 5 })) new RandomLife(chain).run(life);
  return ENTRY_KINDS.map((kind) => {
    const values = chain.history.flatMap(({ state }) => [...state.list(kind)].map(([, value]) => value));
    return ofCodec(
      `state/${kind.prefix}`,
      kind.codec,
      spread(values).map((value) => encode(kind.codec, value)),
    );
  });
}

/** Wherever in the rules of the chain they are defined. */
const ENTRY_KINDS: readonly EntryKind<unknown>[] = await (async () => {
  const root = fileURLToPath(new URL('../../actors/chain/', import.meta.url));
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => /\.js$/.test(file));
  const modules = await Promise.all(
    files.map((file) => import(join(root, file)) as Promise<Readonly<Record<string, unknown>>>),
  );
  return [...new Set(modules.flatMap((module) => Object.values(module).filter(isEntryKind)))];
})();

function isEntryKind(value: unknown): value is EntryKind<unknown> {
  return typeof value === 'object' && value !== null && 'prefix' in value && 'codec' in value;
}

function spread<T>(values: readonly T[]): readonly T[] {
  return values.filter((_, index) => index % Math.ceil(values.length / SAMPLES) === 0);
}

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'));
const binary = fc.uint8Array({ minLength: 1, maxLength: 200 });
const binaries = fc.array(binary, { maxLength: 5 });
const hashes = fc.array(hash, { maxLength: 5 });
const plain = <T extends object>(value: fc.Arbitrary<T>) => value.map((item) => ({ ...item }));
const status = plain(
  fc.record({
    oldest: fc.nat(9),
    newest: fc.nat(9),
    chainId: fc.string({ unit: 'grapheme', maxLength: 4 }),
    genesisHash: hash,
    height: fc.maxSafeNat(),
    hash,
    justifiedHeight: fc.maxSafeNat(),
    totalWorkNano: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    accepted: fc.maxSafeNat(),
    bodiesFrom: fc.maxSafeNat(),
  }),
);
const index = fc.nat(63);
const words = fc.string({ maxLength: 20 });
const addresses = fc.array(words, { maxLength: 4 });
const signature = fc.uint8Array({ minLength: 64, maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString('hex'));

type WireValues = readonly [request: fc.Arbitrary<unknown>, response: fc.Arbitrary<unknown>];

/** Values of the bodies, for every protocol there is. */
const wireValues: Readonly<Record<keyof typeof WIRE, WireValues>> = {
  status: [status, status],
  headers: [plain(fc.record({ locator: hashes, limit: fc.integer({ min: 1, max: 256 }) })), binaries],
  blocks: [plain(fc.record({ hashes })), fc.array(fc.option(binary), { maxLength: 5 })],
  transactions: [plain(fc.record({ ids: hashes })), binaries],
  recentTransactions: [fc.constant({}), hashes],
  snapshots: [
    fc.constant({}),
    fc.array(plain(fc.record({ block: hash, header: binary, chunks: fc.integer({ min: 1, max: 65_536 }) })), {
      maxLength: 8,
    }),
  ],
  snapshotChunk: [plain(fc.record({ block: hash, index })), fc.option(binary)],
  inference: [
    plain(
      fc.record({
        domain: fc.constantFrom('digits', 'a-b'),
        input: words,
        nonce: hash,
        payment: fc.option(plain(fc.record({ channel: hash, amountUnits: fc.maxSafeNat(), receipt: signature }))),
      }),
    ),
    fc.oneof(
      plain(fc.record({ type: fc.constant('answered'), optimum: hash, output: words, signature })),
      plain(fc.record({ type: fc.constant('refused'), code: words, detail: words, priceUnits: fc.maxSafeNat() })),
    ),
  ],
  blobHashes: [plain(fc.record({ hash })), fc.option(hashes)],
  blobChunk: [plain(fc.record({ hash, index })), fc.option(binary)],
  peers: [plain(fc.record({ addresses })), fc.array(plain(fc.record({ peerId: words, addresses })), { maxLength: 5 })],
};

function wireDecoders(): readonly Decoder[] {
  return Object.entries(wireValues).flatMap(([key, [requests, responses]]) => {
    const protocol = WIRE[key as keyof typeof WIRE] as unknown as WireProtocol<unknown, unknown>;
    return [
      ofCodec(`wire/${protocol.name}/request`, protocol.request, sampled(protocol.request, requests)),
      ofCodec(`wire/${protocol.name}/response`, protocol.response, sampled(protocol.response, responses)),
    ];
  });
}

const FRAME_CAP = 4_096;

function frames(): readonly Decoder[] {
  const bodies = sampled(transactionCodec, transactions);
  return [
    {
      name: 'stream frame',
      kind: 'bytes',
      samples: bodies.map(frame),
      slowness: 1,
      fixedBytes: BYTES_COST,
      read: (bytes) => refusing(['oversize', 'malformed'], () => new FrameReader(FRAME_CAP).push(bytes) !== null),
    },
    {
      name: 'gossip frame',
      kind: 'bytes',
      samples: bodies.map(gossipFrame),
      slowness: 1,
      fixedBytes: BYTES_COST,
      read(bytes) {
        const opened = openGossipFrame(bytes);
        return opened.ok && decodeTransaction(opened.body).ok;
      },
    },
  ];
}

function refusing(codes: readonly string[], read: () => boolean): boolean {
  try {
    return read();
  } catch (error) {
    if (codes.some((code) => isDoinError(error, code))) return false;
    throw error;
  }
}

const asText = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8');

function texts(): readonly Decoder[] {
  const text = (name: string, slowness: number, samples: readonly string[], read: (given: string) => boolean) => ({
    name,
    kind: 'text' as const,
    slowness,
    fixedBytes: slowness > 1 ? FILE_COST : BYTES_COST,
    samples: samples.map((sample) => Buffer.from(sample)),
    read: (bytes: Uint8Array) => read(asText(bytes)),
  });
  return [
    text('peer id', 1, ['12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'], (id) => publicKeyOf(id) !== null),
    text('trace filter', 1, ['chain,gossip', '-chain.submit* optimum:4f1c', 'doin:*,block:12'], (filter) =>
      refusing(['trace-filter-invalid'], () => parseTraceFilter(filter) !== null),
    ),
    text('network file', 20, [networkFile()], (file) =>
      refusing(['network-file-invalid'], () => parseGenesis(file, 'network.json') !== null),
    ),
    configDecoder(text),
  ];
}

function networkFile(): string {
  const genesis = { ...makeGenesis(['ada']), domains: builtInDomains.slice(0, 1) };
  const members = [{ nodeId: PEER_ID, reputationMicro: 1, evaluates: ['digits'] }];
  const snake = (key: string) => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return JSON.stringify({ ...genesis, members }).replace(/"(\w+)":/g, (_, key: string) => `"${snake(key)}":`);
}
const PEER_ID = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN';

function configDecoder(
  text: (name: string, slowness: number, samples: readonly string[], read: (given: string) => boolean) => Decoder,
): Decoder {
  const file = join(mkdtempSync(join(tmpdir(), 'doin-fuzz-')), 'config.json');
  const config = {
    data_dir: './data',
    port: 8470,
    p2p: { listen: ['/ip4/127.0.0.1/tcp/0'], mdns: false },
    bootstrap_peers: ['/ip4/127.0.0.1/tcp/8471'],
    role: 'full',
    network: 'solo',
    domains: [{ domain_id: 'digits', optimizer: 'ga', optimization_config: { population_size: 4 } }],
    workers: { threads: 2, nice_increment: 3 },
    placement: { one: ['chain', 'gossip'] },
    trace: ['chain'],
  };
  return text(
    'config file',
    50,
    [JSON.stringify(config), JSON.stringify({ domains: [{ domain_id: 'quadratic' }] })],
    (given) => {
      writeFileSync(file, given);
      return refusing(['config-invalid'], () => loadConfig({ file }).config.port >= 0);
    },
  );
}

const LAYERS = [4, 3, 2];

function weightsDecoder(): Decoder {
  const sample = encodeWeights(LAYERS, new Float32Array(23).fill(0.5));
  return {
    name: 'weights',
    kind: 'bytes',
    samples: [sample],
    slowness: 1,
    fixedBytes: BYTES_COST,
    read: (bytes) => refusing(['bad-weights'], () => decodeWeights(LAYERS, bytes).length > 0),
  };
}
