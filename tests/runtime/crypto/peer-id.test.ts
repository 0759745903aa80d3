import { publicKeyFromRaw } from '@libp2p/crypto/keys';
import { peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id';
import test from 'ava';
import fc from 'fast-check';
import { fromHex, toHex } from '../../../runtime/codec/bytes.js';
import { peerIdOf, publicKeyOf } from '../../../runtime/crypto/peer-id.js';

/** The first is the peer id of the libp2p specification (its CID form holds the key), the second of a js-libp2p example. */
const KNOWN = [
  [
    '2ffa35a99d3a3cfbb17bb7c1dc5561b18a8dcca4df38dc613ea859c37eb1336b',
    '12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA',
  ],
  [
    '07447d1693cd10ce11ef950d7517bad6e9472b41a927cd17fc3fb23f8c70cd99',
    '12D3KooWAJjbRkp8FPF5MKgMU53aUTxWkqvDrs4zc1VMbwRwfsbE',
  ],
] as const;

for (const [key, peerId] of KNOWN) {
  test(`${peerId} is the id of its published key`, (t) => {
    t.is(peerIdOf(key), peerId);
    t.is(publicKeyOf(peerId), key);
  });
}

const keys = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex);

test('every key has the id that libp2p gives it, and comes back out of it', (t) => {
  fc.assert(
    fc.property(keys, (key) => {
      const ours = peerIdOf(key);
      t.is(ours, peerIdFromPublicKey(publicKeyFromRaw(fromHex(key))).toString());
      t.is(publicKeyOf(ours), key);
      t.is(peerIdFromString(ours).toString(), ours);
    }),
    { numRuns: 100, seed: 1 },
  );
});

test('text that is no Ed25519 peer id gives null', (t) => {
  const [, good] = KNOWN[0];
  const wrong = [
    '',
    'not a peer id',
    good.slice(0, -1),
    `${good}1`,
    `1${good}`,
    ` ${good}`,
    `${good} `,
    `${good}\n`,
    good.toLowerCase(),
    // An RSA key's id, and the same key as a CID.
    'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N',
    'bafzaajaiaejcal72gwuz2or47oyxxn6b3rkwdmmkrxgkjxzy3rqt5kczyn7lcm3l',
    '😀',
  ];
  for (const value of wrong) t.is(publicKeyOf(value), null, JSON.stringify(value));
});

test('a changed character of an id never gives the same key', (t) => {
  fc.assert(
    fc.property(keys, fc.nat(), fc.constantFrom(...'123456789ABCDEFGHabcdefxyz0OIl'), (key, at, character) => {
      const id = peerIdOf(key);
      const position = at % id.length;
      const changed = id.slice(0, position) + character + id.slice(position + 1);
      return changed === id || publicKeyOf(changed) !== key;
    }),
    { numRuns: 300, seed: 2 },
  );
  t.pass();
});
