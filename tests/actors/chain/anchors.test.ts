import test from 'ava';
import { ANCHOR_DEPTH, ANCHOR_POINT } from '../../../actors/chain/anchors.js';
import { LIMITS } from '../../../actors/chain/limits.js';
import { EVALUATES } from '../../../actors/chain/state/state.js';
import type { TransactionBody } from '../../../actors/chain/types.js';
import { DOMAIN_ID, keyOf, makeGenesis, makeReveal, sign, TestChain } from '../../kit/chain.js';

const NAMES = ['ada', 'bob'];
const INTERVAL = 5;
const genesis = makeGenesis(NAMES, { parameters: { anchorInterval: INTERVAL } });

type AnchorRecord = Extract<TransactionBody, { type: 'anchor-record' }>;

/** A member leaves the register and comes back, block by block. */
function grown(height: number, chain = new TestChain(genesis, [...NAMES, 'stranger'])): TestChain {
  while (chain.blocks.length < height) {
    const registered = (chain.tip.state.get(EVALUATES, keyOf('ada').publicKey) ?? []).length > 0;
    const domains = registered ? [] : [DOMAIN_ID];
    chain.add([sign(genesis, 'ada', chain.nextNonce('ada'), { type: 'register-evaluator', stamp: 0, domains })]);
  }
  return chain;
}

const pointOf = (chain: TestChain, height: number) => chain.tip.state.get(ANCHOR_POINT, String(height));

function record(chain: TestChain, height: number, change: Partial<AnchorRecord> = {}): AnchorRecord {
  const hash = chain.history[height - 1]?.hash ?? 'ab'.repeat(32);
  return { type: 'anchor-record', height, hash, ledger: 'git', reference: '0a1b2c', ...change };
}

/** Beside a transaction that is always valid, so that a refusal shows. */
function added(chain: TestChain, name: string, body: TransactionBody) {
  return grown(chain.blocks.length, chain).add([sign(genesis, name, chain.nextNonce(name), body)]);
}

test('the child of every block of the interval keeps its hash and its state root', (t) => {
  const chain = grown(11);
  for (const height of [5, 10]) {
    const { hash, state } = chain.history[height - 1]!;
    t.deepEqual(pointOf(chain, height), { hash, stateRoot: state.root(), records: [] });
  }
  t.deepEqual(
    [1, 4, 6, 11].map((height) => pointOf(chain, height)),
    [undefined, undefined, undefined, undefined],
  );
  t.is(chain.history[4]!.state.get(ANCHOR_POINT, '5'), undefined, 'no block knows its own hash');
});

test('only the newest points are kept', (t) => {
  const chain = grown(INTERVAL * (LIMITS.anchorPoints + 2) + 1);
  t.is([...chain.tip.state.list(ANCHOR_POINT)].length, LIMITS.anchorPoints);
  t.is(pointOf(chain, 10), undefined);
  t.not(pointOf(chain, 15), undefined);
});

test('a member’s record of an anchor is kept with the point and told', (t) => {
  const chain = grown(5 + ANCHOR_DEPTH - 1);
  const { records } = added(chain, 'bob', record(chain, 5));
  const { hash, state } = chain.history[4]!;
  const by = keyOf('bob').publicKey;
  const told = { height: 5, hash, stateRoot: state.root(), ledger: 'git', reference: '0a1b2c', by };
  t.deepEqual(
    records.filter(({ type }) => type === 'ANCHORED'),
    [{ type: 'ANCHORED', ...told }],
  );
  t.deepEqual(pointOf(chain, 5)?.records, [{ by, ledger: 'git', reference: '0a1b2c' }]);
  added(chain, 'bob', record(chain, 5, { ledger: 'ethereum' }));
  added(chain, 'ada', record(chain, 5));
  t.is(pointOf(chain, 5)?.records.length, 3);
});

const refused: readonly (readonly [string, string, string, number, Partial<AnchorRecord>])[] = [
  ['by a stranger', 'not-a-member', 'stranger', 12, {}],
  ['of a block that is not deep enough', 'anchor-too-early', 'bob', 5 + ANCHOR_DEPTH - 2, {}],
  ['of a height that is no anchor point', 'unknown-anchor-point', 'bob', 12, { height: 4 }],
  ['of another block than the chain’s', 'anchor-contradicts-chain', 'bob', 12, { hash: 'cd'.repeat(32) }],
  ['with a reference that no person can read', 'malformed-anchor', 'bob', 12, { reference: 'a\u0007b' }],
  ['with an empty reference', 'malformed-anchor', 'bob', 12, { reference: '' }],
  ['in a ledger without a name', 'malformed-anchor', 'bob', 12, { ledger: '' }],
];
for (const [name, code, sender, height, change] of refused) {
  test(`a record ${name} is refused`, (t) => {
    const chain = grown(height);
    const filler = sign(genesis, 'ada', chain.nextNonce('ada'), makeReveal(genesis, 'ada', [1, 2], 0).commit);
    const body = record(chain, 5, change);
    const transactions = [filler, sign(genesis, sender, chain.nextNonce(sender), body)];
    t.throws(() => chain.add(transactions), { message: new RegExp(code) });
  });
}

test('a member records a point once for each ledger, and all together so many times', (t) => {
  const chain = grown(12);
  added(chain, 'bob', record(chain, 5));
  t.throws(() => added(chain, 'bob', record(chain, 5, { reference: 'other' })));
  for (let index = 1; index < LIMITS.anchorRecordsPerPoint; index += 1) {
    added(chain, 'bob', record(chain, 5, { ledger: `ledger-${index}` }));
  }
  t.throws(() => added(chain, 'ada', record(chain, 5)));
});
