import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import {
  headerHash,
  transactionBytes,
  transactionId,
  transactionSigningBytes,
  transactionsRoot,
} from '../../actors/chain/codec.js';
import { DEFAULT_PARAMETERS } from '../../actors/chain/genesis.js';
import { ACCOUNT, State } from '../../actors/chain/state/state.js';
import type { TransactionBody } from '../../actors/chain/types.js';
import { toHex, toUtf8 } from '../../runtime/codec/bytes.js';
import { keyPairFromSeed } from '../../runtime/crypto/ed25519.js';
import { hash } from '../../runtime/crypto/hash.js';
import { packageRoot } from '../../runtime/package-info.js';
import { pageOf, tablesOf } from './markdown.js';

const page = pageOf('protocol.md');
const source = (file: string) => readFileSync(join(packageRoot, file), 'utf8');
const filesIn = (folder: string) => readdirSync(join(packageRoot, folder)).map((file) => `${folder}/${file}`);
const all = (text: string, pattern: RegExp) =>
  [...new Set([...text.matchAll(pattern)].map((match) => match[1] ?? ''))].sort();

/** Where consensus refuses; the shells around it have codes of their own. */
const RULES = [
  ...filesIn('actors/chain/transactions'),
  ...['anchors', 'coins', 'fees', 'transition'].map((name) => `actors/chain/${name}.ts`),
];
const chainSources = () =>
  readdirSync(join(packageRoot, 'actors/chain'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => source(`actors/chain/${file}`))
    .join('\n');

const named: readonly (readonly [what: string, names: () => readonly string[]])[] = [
  ['tag of a hash', () => all(source('runtime/crypto/hash.ts'), /'(doin\/[a-z-]+)'/g)],
  ['refusal of a rule', () => all(RULES.map(source).join('\n'), /(?<!DoinError\(\s*\{ )code: '([a-z-]+)'/g)],
  [
    'refusal of a block tree',
    () => all(source('actors/chain/blockchain.ts'), /kind: '(?:invalid|final)', code: '([a-z-]+)'/g),
  ],
  ['kind of state entry', () => all(chainSources(), /prefix: '([a-z-]+)'/g)],
  [
    'type of a transaction',
    () =>
      all(/const bodyCodec[\s\S]+?\n}\);/.exec(source('actors/chain/codec.ts'))?.[0] ?? '', /^ {2}'?([a-z-]+)'?: \[/gm),
  ],
  ['type of a record', () => all(source('actors/chain/types.ts'), /readonly type: '([A-Z_]+)'/g)],
];
for (const [what, names] of named) {
  test(`every ${what} is named in the protocol`, (t) => {
    t.true(names().length > 1);
    t.deepEqual(
      names().filter((name) => !page.includes(`\`${name}\``)),
      [],
    );
  });
}

test('every transaction has its tag and its fields in the table', (t) => {
  const rows = tablesOf('protocol.md').find(({ header }) => header[0] === 'type')?.rows ?? [];
  const codec = /const bodyCodec[\s\S]+?\n}\);/.exec(source('actors/chain/codec.ts'))?.[0] ?? '';
  const tags = [...codec.matchAll(/^ {2}'?([a-z-]+)'?: \[\s*(\d+)/gm)].map(([, type, tag]) => [`\`${type}\``, tag]);
  t.deepEqual(rows.map(([type, tag]) => [type, tag]).sort(), tags.sort());
});

test('every parameter has its default in the table', (t) => {
  const rows = tablesOf('protocol.md').find(({ header }) => header[0] === 'parameter')?.rows ?? [];
  const flat = (value: object, path: string): [string, number][] =>
    Object.entries(value).flatMap(([key, item]) =>
      typeof item === 'object' ? flat(item, `${path}${key}.`) : [[`\`${path}${key}\``, item] as [string, number]],
    );
  t.deepEqual(
    rows.map(([name, value]) => [name, Number(value?.replaceAll(' ', ''))]),
    flat(DEFAULT_PARAMETERS, ''),
  );
});

test('the examples are what this implementation computes', (t) => {
  const [sender, recipient] = [7, 8].map((byte) => keyPairFromSeed(new Uint8Array(32).fill(byte)));
  const body: TransactionBody = { type: 'transfer', to: recipient!.publicKey, amountUnits: 150_000_000 };
  const unsigned = { sender: sender!.publicKey, nonce: 1, fee: { maxUnits: 200_000, tipUnits: 10_000 }, body };
  const signing = transactionSigningBytes('test', unsigned);
  const transaction = { ...unsigned, signature: sender!.sign(signing) };
  const header = {
    version: 1,
    chainId: 'test',
    height: 1,
    parent: '11'.repeat(32),
    timestampMs: 1_800_000_001_000,
    slot: 1,
    rank: 0,
    proposer: sender!.publicKey,
    transactionsRoot: transactionsRoot([transaction]),
    stateRoot: '22'.repeat(32),
    vrfProof: '33'.repeat(80),
  };
  const one = State.empty.set(ACCOUNT, sender!.publicKey, {
    balanceUnits: 150_000_000,
    nonceHighest: 1,
    nonceWindow: 0n,
  });
  const two = one.set(ACCOUNT, recipient!.publicKey, { balanceUnits: 5, nonceHighest: 0, nonceWindow: 0n });
  const computed = [
    hash('doin/blob', [toUtf8('abc')]),
    toHex(signing),
    toHex(transactionBytes(transaction)),
    transactionId(transaction),
    transactionsRoot([transaction]),
    transactionsRoot([]),
    headerHash(header),
    one.root(),
    two.root(),
  ];
  const rows = tablesOf('protocol.md').find(({ header: [first] }) => first === 'what')?.rows ?? [];
  t.deepEqual(
    rows.map(([, hex]) => hex?.replaceAll('`', '')),
    computed,
  );
});
