import { sha256 } from '@noble/hashes/sha2.js';
import test from 'ava';
import fc from 'fast-check';
import { concatBytes, fromHex, toHex, toUtf8 } from '../../../runtime/codec/bytes.js';
import { hash, hashBytes } from '../../../runtime/crypto/hash.js';
import { merkleRoot } from '../../../runtime/crypto/merkle.js';

const small = fc.array(fc.uint8Array({ maxLength: 2, max: 2 }), { maxLength: 6 });
const name = (list: readonly Uint8Array[]) => list.map(toHex).join(',') + list.length;

test('all lists of up to four leaves over three values have different roots', (t) => {
  const values = [new Uint8Array(0), Uint8Array.of(0), Uint8Array.of(0, 0)];
  const seen = new Map<string, string>();
  let lists: Uint8Array[][] = [[]];
  for (let length = 0; length <= 4; length += 1) {
    for (const list of lists) {
      const root = merkleRoot(list);
      t.is(seen.get(root), undefined, `${name(list)} and ${seen.get(root)}`);
      seen.set(root, name(list));
    }
    lists = lists.flatMap((list) => values.map((value) => [...list, value]));
  }
  t.is(seen.size, 1 + 3 + 9 + 27 + 81);
});

test('two different small lists never share a root', (t) => {
  fc.assert(
    fc.property(small, small, (a, b) => (merkleRoot(a) === merkleRoot(b)) === (name(a) === name(b))),
    { numRuns: 1_000, seed: 1 },
  );
  t.pass();
});

test('repeating the last leaf, which fooled older trees, changes the root', (t) => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array(), { minLength: 1, maxLength: 9 }), (list) => {
      return merkleRoot(list) !== merkleRoot([...list, list.at(-1)!]);
    }),
    { numRuns: 200, seed: 2 },
  );
  t.pass();
});

test('an inner node is not a leaf: its preimage, given as a leaf, has another root', (t) => {
  const leaves = ['a', 'b'].map(toUtf8);
  const children = leaves.map((leaf) => fromHex(merkleRoot([leaf])));
  t.not(merkleRoot([concatBytes(...children)]), merkleRoot(leaves));
  t.not(merkleRoot(children), merkleRoot(leaves));
  t.is(merkleRoot(leaves), hash('doin/merkle-node', children));
});

test('the tree has the shape of RFC 9162: split at the largest power of two below the size', (t) => {
  const leaves = [1, 2, 3, 4, 5, 6, 7].map((value) => Uint8Array.of(value));
  const node = (a: string, b: string) => hash('doin/merkle-node', [fromHex(a), fromHex(b)]);
  t.is(merkleRoot(leaves), node(merkleRoot(leaves.slice(0, 4)), merkleRoot(leaves.slice(4))));
  t.is(merkleRoot(leaves.slice(0, 5)), node(merkleRoot(leaves.slice(0, 4)), merkleRoot(leaves.slice(4, 5))));
});

test('the tag keeps every purpose apart', (t) => {
  const tags = [
    'doin/blob',
    'doin/genesis',
    'doin/transaction',
    'doin/transaction-signing',
    'doin/header',
    'doin/header-signing',
    'doin/merkle-leaf',
    'doin/merkle-node',
    'doin/state-key',
    'doin/state-leaf',
    'doin/state-node',
    'doin/commitment',
    'doin/beacon',
    'doin/rank',
    'doin/seat',
    'doin/training-seed',
    'doin/report-seed',
    'doin/data-seed',
    'doin/genome',
    'doin/config',
  ] as const;
  const parts = [toUtf8('same')];
  t.is(new Set(tags.map((tag) => hash(tag, parts))).size, tags.length);
});

test('moving bytes from one part of a hash to the next changes it', (t) => {
  const lists = fc.array(fc.uint8Array({ maxLength: 3, max: 1 }), { maxLength: 4 });
  fc.assert(
    fc.property(lists, lists, (a, b) => (hash('doin/config', a) === hash('doin/config', b)) === (name(a) === name(b))),
    { numRuns: 1_000, seed: 3 },
  );
  t.not(hash('doin/config', [toUtf8('ab'), toUtf8('c')]), hash('doin/config', [toUtf8('a'), toUtf8('bc')]));
  t.is(toHex(hashBytes('doin/config', [])), hash('doin/config', []));
});
test('a hash is SHA-256 of tag and parts, each after its length, whatever their size', (t) => {
  const sized = (bytes: Uint8Array) =>
    concatBytes(Uint8Array.of(0, bytes.length >> 16, bytes.length >> 8, bytes.length), bytes);
  for (const size of [0, 1, 16_000, 16_384, 100_000]) {
    const parts = [new Uint8Array(size).fill(7), Uint8Array.of(1, 2)];
    const expected = sha256(concatBytes(sized(toUtf8('doin/blob')), ...parts.map(sized)));
    t.is(hash('doin/blob', parts), toHex(expected), `${size} bytes`);
    t.is(toHex(hashBytes('doin/blob', parts)), toHex(expected), `${size} bytes`);
  }
});
