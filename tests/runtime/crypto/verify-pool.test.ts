import test from 'ava';
import { fromHex, toUtf8 } from '../../../runtime/codec/bytes.js';
import { keyPairFromSeed, verifySignature } from '../../../runtime/crypto/ed25519.js';
import { type Claim, VerifyPool } from '../../../runtime/crypto/verify-pool.js';
import { vrfProve, vrfVerify } from '../../../runtime/crypto/vrf.js';
import { SPECCHECK } from './ed25519-vectors.js';

const seed = new Uint8Array(32).fill(5);
const pair = keyPairFromSeed(seed);
const { publicKey } = pair;

const CLAIMS: readonly Claim[] = [
  ...['a', 'b', 'c'].map(
    (text): Claim => ({ kind: 'signature', publicKey, message: toUtf8(text), proof: pair.sign(toUtf8(text)) }),
  ),
  { kind: 'signature', publicKey, message: toUtf8('other'), proof: pair.sign(toUtf8('a')) },
  { kind: 'signature', publicKey: 'no key', message: toUtf8('a'), proof: 'no signature' },
  { kind: 'vrf', publicKey, message: toUtf8('a'), proof: vrfProve(seed, toUtf8('a')) },
  { kind: 'vrf', publicKey, message: toUtf8('b'), proof: vrfProve(seed, toUtf8('a')) },
  ...SPECCHECK.map(
    (vector): Claim => ({
      kind: 'signature',
      publicKey: vector.publicKey,
      message: fromHex(vector.message),
      proof: vector.signature,
    }),
  ),
];
const EXPECTED = CLAIMS.map(({ kind, publicKey: key, message, proof }) =>
  kind === 'vrf' ? vrfVerify(key, message, proof) : verifySignature(key, message, proof),
);

test('the pool gives every claim the answer of the strict rule, in order, whichever thread had it', async (t) => {
  const pool = new VerifyPool(2);
  t.teardown(() => pool.close());
  const answers = await Promise.all(Array.from({ length: 6 }, () => pool.check(CLAIMS)));
  for (const answer of answers) t.deepEqual(answer, EXPECTED);
  t.true(EXPECTED.includes(true) && EXPECTED.includes(false));
  t.deepEqual(await pool.check([]), []);
});

test('what a pool that ends had not answered is not good, and nobody waits for ever', async (t) => {
  const pool = new VerifyPool(1);
  const underWay = [pool.check(CLAIMS), pool.check(CLAIMS)];
  await pool.close();
  for (const answer of await Promise.all(underWay))
    t.deepEqual(
      answer,
      CLAIMS.map(() => false),
    );
  t.deepEqual(
    await pool.check(CLAIMS),
    CLAIMS.map(() => false),
  );
});
