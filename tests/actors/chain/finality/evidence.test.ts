/** Who signs against himself loses reputation: proved by his signatures alone, once, and reported by whoever sees it. */
import test from 'ava';
import { Blockchain } from '../../../../actors/chain/blockchain.js';
import { headerSigningBytes, transactionBytes } from '../../../../actors/chain/codec.js';
import { type Evidence, OffenceWatch } from '../../../../actors/chain/finality/watch.js';
import { genesisHash } from '../../../../actors/chain/genesis.js';
import { Intake } from '../../../../actors/chain/intake.js';
import { MemoryBlockStore } from '../../../../actors/chain/memory-store.js';
import { Mempool } from '../../../../actors/chain/mempool.js';
import { REPUTATION } from '../../../../actors/chain/state/state.js';
import type {
  Attestation,
  Block,
  BlockHeader,
  SignedAttestation,
  Transaction,
} from '../../../../actors/chain/types.js';
import { RememberingVerifier, strictVerifier } from '../../../../actors/chain/verifier.js';
import {
  blockBytes,
  DOMAIN_ID,
  keyOf,
  makeGenesis,
  makeReveal,
  START_MS,
  sign,
  TestChain,
} from '../../../kit/chain.js';

const NAMES = ['ada', 'bob', 'cid', 'dan'];
const genesis = makeGenesis(NAMES);
const MICRO = 1_000_000;
const bob = keyOf('bob').publicKey;

const link = (source: number, target: number, branch = 'aa'): Attestation => ({
  source: { height: source, hash: branch.repeat(32) },
  target: { height: target, hash: branch.repeat(32) },
});

function attest(attestation: Attestation, nonce: number, of = genesis): Transaction {
  return sign(of, 'bob', nonce, { type: 'attest', ...attestation });
}

function signed({ nonce, fee, signature, body }: Transaction): SignedAttestation {
  if (body.type !== 'attest') throw new Error('not an attestation');
  return { source: body.source, target: body.target, nonce, fee, signature };
}

function against(first: Transaction, second: Transaction, offender = bob): Evidence {
  return {
    type: 'evidence',
    offender,
    offence: { type: 'two-attestations', first: signed(first), second: signed(second) },
  };
}

const doubleVote = against(attest(link(0, 4), 900), attest(link(0, 4, 'bb'), 901));

/** Two blocks for one slot by its proposer, both valid. */
function twoBlocks(): { name: string; first: Block; second: Block } {
  const chain = new TestChain(genesis, NAMES);
  const leave = (name: string) => sign(genesis, name, 1, { type: 'register-evaluator', stamp: 0, domains: [] });
  const [first, second] = [chain.propose([leave('ada')])!, chain.propose([leave('cid')])!];
  return { name: chain.names.get(first.header.proposer)!, first, second };
}

function resign(name: string, header: BlockHeader, change: Partial<BlockHeader>): BlockHeader {
  const unsigned = { ...header, ...change };
  return { ...unsigned, signature: keyOf(name).sign(headerSigningBytes(unsigned)) };
}

const scoreOf = (chain: TestChain, node: string) => chain.tip.state.require(REPUTATION, node).scoreMicro;

/** A block needs a cause even when the evidence is refused. */
function report(chain: TestChain, by: string, evidence: Evidence): ReturnType<TestChain['add']> {
  const { genesis: of } = chain;
  const other = NAMES.find((name) => name !== by && keyOf(name).publicKey !== evidence.offender)!;
  const cause = sign(of, other, chain.nextNonce(other), makeReveal(of, other, [chain.blocks.length, 1], 0).commit);
  return chain.add([sign(of, by, chain.nextNonce(by), evidence), cause]);
}

function codeOf(evidence: Evidence, chain = new TestChain(genesis, NAMES)): string {
  try {
    report(chain.fork(), 'ada', evidence);
    return 'accepted';
  } catch (error) {
    return (error as Error).message;
  }
}

test('a double vote, a surround vote and two blocks in a slot cost ten points, never below zero', (t) => {
  const { name, first, second } = twoBlocks();
  const blocks: Evidence = {
    type: 'evidence',
    offender: keyOf(name).publicKey,
    offence: { type: 'two-blocks', first: first.header, second: second.header },
  };
  for (const evidence of [doubleVote, against(attest(link(0, 12), 900), attest(link(4, 8), 901)), blocks]) {
    const chain = new TestChain(makeGenesis(NAMES), NAMES);
    const before = scoreOf(chain, evidence.offender);
    const { records } = report(chain, 'ada', evidence);
    t.is(before, 10 * MICRO);
    t.is(scoreOf(chain, evidence.offender), 0);
    t.deepEqual(
      records.filter(({ type }) => type === 'OFFENCE'),
      [{ type: 'OFFENCE', node: evidence.offender, offence: evidence.offence.type, reporter: keyOf('ada').publicKey }],
    );
    t.is(codeOf(evidence, chain), 'refused: already-punished');
  }
});

test('one offence counts once, whichever signatures show it, and only while there is something to lose', (t) => {
  const rich = { ...genesis, members: genesis.members.map((member) => ({ ...member, reputationMicro: 35 * MICRO })) };
  const chain = new TestChain(rich, NAMES);
  const at = (nonce: number, attestation: Attestation) => attest(attestation, nonce, rich);
  report(chain, 'ada', against(at(900, link(0, 4)), at(901, link(0, 4, 'bb'))));
  t.is(scoreOf(chain, bob) / MICRO < 25.001, true);
  const again = against(at(902, link(0, 4, 'cc')), at(903, link(0, 4, 'bb')));
  t.throws(() => report(chain, 'cid', again), { message: /already-punished/ });
  const other = against(at(904, link(0, 8)), at(905, link(0, 8, 'bb')));
  report(chain, 'cid', other);
  t.true(scoreOf(chain, bob) / MICRO < 15.001);
  const stranger = keyOf('eve');
  const by = (nonce: number, branch: string) => sign(rich, 'eve', nonce, { type: 'attest', ...link(0, 4, branch) });
  const poor = against(by(1, 'aa'), by(2, 'bb'), stranger.publicKey);
  t.throws(() => report(chain, 'cid', poor), { message: /nothing-to-lose/ });
});

test('what does not prove itself is no evidence', (t) => {
  const { name, first, second } = twoBlocks();
  const offender = keyOf(name).publicKey;
  const headers = (a: BlockHeader, b: BlockHeader, of = offender): Evidence => ({
    type: 'evidence',
    offender: of,
    offence: { type: 'two-blocks', first: a, second: b },
  });
  const votes = (a: Transaction, b: Transaction) => against(a, b);
  const [one, two] = [first.header, second.header];
  const forged: readonly (readonly [string, Evidence])[] = [
    ['one header twice', headers(one, one)],
    ['one header under two signatures', headers(one, { ...one, signature: two.signature })],
    ['two slots', headers(one, resign(name, two, { slot: two.slot + 1 }))],
    ['another chain', headers(resign(name, one, { chainId: 'x' }), resign(name, two, { chainId: 'x' }))],
    ['a header changed afterwards', headers(one, { ...two, timestampMs: two.timestampMs + 1 })],
    ['somebody else’s headers', headers(one, two, keyOf(NAMES.find((other) => other !== name)!).publicKey)],
    ['one attestation in two transactions', votes(attest(link(0, 4), 900), attest(link(0, 4), 901))],
    ['two attestations in a row', votes(attest(link(0, 4), 900), attest(link(4, 8), 901))],
    [
      'attestations of another chain',
      votes(attest(link(0, 4), 1, { ...genesis, chainId: 'x' }), attest(link(0, 4, 'bb'), 2)),
    ],
    ['a forged signature', votes(attest(link(0, 4), 900), { ...attest(link(0, 4, 'bb'), 901), nonce: 902 })],
    [
      'another’s attestation',
      votes(attest(link(0, 4), 900), sign(genesis, 'cid', 1, { type: 'attest', ...link(0, 4, 'bb') })),
    ],
  ];
  for (const [what, evidence] of forged) t.is(codeOf(evidence), 'refused: no-offence', what);
});

async function node() {
  const seen: Evidence[] = [];
  const blockchain = await Blockchain.open(genesis, MemoryBlockStore.open(genesisHash(genesis)), strictVerifier);
  const intake = new Intake(
    {
      chain: blockchain,
      mempool: new Mempool(),
      verifier: new RememberingVerifier(),
      pool: null,
      now: () => START_MS + 60_000,
    },
    { pooled: () => undefined, headMoved: () => undefined, offenceSeen: (evidence) => seen.push(evidence) },
  );
  return { intake, seen };
}

test('a node that is shown two blocks of one slot has evidence that every node accepts', async (t) => {
  const { intake, seen } = await node();
  const { name, first, second } = twoBlocks();
  await intake.receiveBlock(blockBytes(first));
  await intake.receiveBlock(blockBytes(first));
  t.deepEqual(seen, []);
  await intake.receiveBlock(blockBytes(second));
  t.is(seen.length, 1);
  t.is(seen[0]!.offender, keyOf(name).publicKey);
  t.is(codeOf(seen[0]!), 'accepted');
});

test('a node that is shown attestations in conflict has evidence; forged ones and those of strangers it forgets', async (t) => {
  const { intake, seen } = await node();
  const receive = (transaction: Transaction) => intake.receiveTransaction(transactionBytes(transaction));
  receive(attest(link(0, 4), 900));
  receive(attest(link(0, 4), 901));
  receive({ ...attest(link(0, 4, 'bb'), 902), nonce: 903 });
  receive(sign(genesis, 'eve', 1, { type: 'attest', ...link(0, 4) }));
  receive(sign(genesis, 'eve', 2, { type: 'attest', ...link(0, 4, 'bb') }));
  t.deepEqual(seen, []);
  receive(attest(link(0, 4, 'bb'), 904));
  t.is(seen.length, 1);
  t.is(codeOf(seen[0]!), 'accepted');
});

test('the watch remembers a bounded number of headers and attestations, the newest', (t) => {
  const watch = new OffenceWatch();
  const { first, second } = twoBlocks();
  watch.seeHeader(first.header);
  for (let slot = 2; slot < 4_200; slot += 1) watch.seeHeader({ ...first.header, slot });
  t.is(watch.seeHeader(second.header), null, 'long ago');
  const old = attest(link(0, 4), 1);
  watch.seeTransaction(old);
  for (let height = 1; height < 70; height += 1) {
    watch.seeTransaction({ ...old, body: { type: 'attest', ...link(4 * height, 4 * height + 4) } });
  }
  t.is(watch.seeTransaction(attest(link(0, 4, 'bb'), 2)), null, 'long ago');
  t.not(watch.seeTransaction(attest(link(276, 280, 'bb'), 3)), null);
  t.is(
    watch.seeTransaction(sign(genesis, 'bob', 4, { type: 'register-evaluator', stamp: 0, domains: [DOMAIN_ID] })),
    null,
  );
});
