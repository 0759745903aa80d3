import test from 'ava';
import { headerSigningBytes, transactionsRoot } from '../../../actors/chain/codec.js';
import { applyBlock } from '../../../actors/chain/transition.js';
import type { Block, BlockHeader, Transaction, TransactionBody } from '../../../actors/chain/types.js';
import { strictVerifier } from '../../../actors/chain/verifier.js';
import { NANO } from '../../../runtime/fixed/nano.js';
import { keyOf, makeGenesis, makeReveal, sign, TestChain } from '../../kit/chain.js';

const MEMBERS = ['ada', 'bob', 'cid', 'dan'];
const genesis = makeGenesis(MEMBERS);

function fresh() {
  const chain = new TestChain(genesis, MEMBERS);
  const own = makeReveal(genesis, 'ada', [1, 2], -100 * NANO);
  chain.addWithNext([sign(genesis, 'ada', 1, own.commit)]);
  return { chain, ...own };
}

function refusal(chain: TestChain, block: Block): string {
  const verdict = applyBlock(chain.tip, block, genesis, strictVerifier);
  return verdict.ok ? 'accepted' : verdict.code;
}

/** Puts a transaction into a block that is signed by the rightful proposer, whatever the transaction is worth. */
function forced(chain: TestChain, transactions: readonly Transaction[], change: Partial<BlockHeader> = {}): Block {
  const filler = sign(genesis, 'dan', 900, makeReveal(genesis, 'dan', [9, 9], -1 * NANO).commit);
  const honest = chain.propose([filler])!;
  const unsigned = { ...honest.header, transactionsRoot: transactionsRoot(transactions), ...change };
  const key = keyOf(chain.names.get(honest.header.proposer)!);
  return { header: { ...unsigned, signature: key.sign(headerSigningBytes(unsigned)) }, transactions };
}

const refusedBodies: [name: string, code: string, make: (context: ReturnType<typeof fresh>) => Transaction][] = [
  [
    'a reveal by somebody who copied the commitment',
    'not-your-commitment',
    ({ reveal }) => sign(genesis, 'bob', 5, reveal),
  ],
  [
    'another genome under the same commitment',
    'commitment-mismatch',
    ({ reveal }) => sign(genesis, 'ada', 5, { ...reveal, genome: [2, 1] } as TransactionBody),
  ],
  [
    'a reveal that does not beat the best',
    'not-better',
    ({ reveal }) => sign(genesis, 'ada', 5, { ...reveal, reportedNano: -500 * NANO } as TransactionBody),
  ],
  [
    'a vote by somebody without a seat',
    'unknown-optimum',
    ({ optimum }) => sign(genesis, 'bob', 5, { type: 'vote', optimum, seat: 0, dataSeed: optimum, measurement: null }),
  ],
  ['a commitment made twice', 'duplicate-commitment', ({ commit }) => sign(genesis, 'ada', 5, commit)],
  ['a nonce used before', 'nonce-used', ({ commit }) => sign(genesis, 'ada', 1, commit)],
  [
    'a transfer of coins the sender does not have',
    'insufficient-balance',
    () => sign(genesis, 'ada', 5, { type: 'transfer', to: keyOf('bob').publicKey, amountUnits: 1 }),
  ],
  [
    'a transaction signed by another key',
    'bad-signature',
    ({ commit }) => ({ ...sign(genesis, 'bob', 5, commit), sender: keyOf('cid').publicKey }),
  ],
  [
    'a transaction of another chain',
    'bad-signature',
    () => sign({ ...genesis, chainId: 'other' }, 'bob', 5, makeReveal(genesis, 'bob', [3, 3], 0).commit),
  ],
];

for (const [name, code, make] of refusedBodies) {
  test(`a block with ${name} is refused`, (t) => {
    const context = fresh();
    t.is(refusal(context.chain, forced(context.chain, [make(context)])), code);
  });
}

const badHeaders: [name: string, code: string, change: Partial<BlockHeader>][] = [
  ['an unknown version', 'unknown-version', { version: 2 }],
  ['another chain id', 'wrong-chain', { chainId: 'other' }],
  ['a skipped height', 'wrong-height', { height: 7 }],
  ['a foreign parent', 'wrong-parent', { parent: 'ab'.repeat(32) }],
  ['a made-up state root', 'wrong-state-root', { stateRoot: 'ab'.repeat(32) }],
  ['the time of its parent', 'time-not-increasing', { timestampMs: 1 }],
  ['a time after its slot', 'after-its-slot', { timestampMs: 1_900_000_000_000 }],
  ['a rank that is not the proposer’s', 'not-the-proposer', { rank: 3, timestampMs: 0 }],
];

for (const [name, code, change] of badHeaders) {
  test(`a block with ${name} is refused`, (t) => {
    const { chain } = fresh();
    const filler = sign(genesis, 'dan', 900, makeReveal(genesis, 'dan', [9, 9], -1 * NANO).commit);
    const timestampMs = change.rank === 3 ? chain.propose([filler])!.header.timestampMs + 900 : change.timestampMs;
    const actual = timestampMs === undefined ? change : { ...change, timestampMs };
    t.is(refusal(chain, forced(chain, [filler], actual)), code);
  });
}

test('a block signed by a member whose turn it is not is refused', (t) => {
  const { chain } = fresh();
  const filler = sign(genesis, 'dan', 900, makeReveal(genesis, 'dan', [9, 9], -1 * NANO).commit);
  const block = chain.propose([filler])!;
  const impostor = keyOf(MEMBERS.find((name) => keyOf(name).publicKey !== block.header.proposer)!);
  const header = { ...block.header, proposer: impostor.publicKey };
  t.is(
    refusal(chain, { ...block, header: { ...header, signature: impostor.sign(headerSigningBytes(header)) } }),
    'not-the-proposer',
  );
  t.is(
    refusal(chain, {
      ...block,
      header: { ...block.header, signature: impostor.sign(headerSigningBytes(block.header)) },
    }),
    'bad-signature',
  );
});

test('swapping a transaction under a signed header is refused', (t) => {
  const { chain } = fresh();
  const filler = sign(genesis, 'dan', 900, makeReveal(genesis, 'dan', [9, 9], -1 * NANO).commit);
  const other = sign(genesis, 'dan', 901, makeReveal(genesis, 'dan', [8, 8], -1 * NANO).commit);
  t.is(refusal(chain, { ...chain.propose([filler])!, transactions: [other] }), 'wrong-transactions-root');
});

test('repeating the last transaction changes the root', (t) => {
  const make = (nonce: number) => sign(genesis, 'dan', nonce, makeReveal(genesis, 'dan', [9, nonce], -1 * NANO).commit);
  const list = [make(1), make(2), make(3)];
  t.not(transactionsRoot(list), transactionsRoot([...list, list[2]!]));
});

test('a block without a transaction and without anything pending has no cause', (t) => {
  const { chain } = fresh();
  t.is(chain.propose([]), null);
  t.is(refusal(chain, forced(chain, [])), 'block-without-cause');
});

test('a genome revealed once cannot be revealed again, by anybody', (t) => {
  const { chain, reveal } = fresh();
  const copy = makeReveal(genesis, 'bob', [1, 2], -90 * NANO);
  chain.addWithNext([sign(genesis, 'ada', 2, reveal), sign(genesis, 'bob', 1, copy.commit)]);
  t.throws(() => chain.addWithNext([sign(genesis, 'bob', 2, copy.reveal)]), { message: /duplicate-genome/ });
});
