import test, { type ExecutionContext } from 'ava';
import { Blockchain, type HeadSwitch } from '../../../actors/chain/blockchain.js';
import {
  announcementCodec,
  headerHash,
  headerSigningBytes,
  transactionCodec,
  transactionId,
} from '../../../actors/chain/codec.js';
import { genesisHash } from '../../../actors/chain/genesis.js';
import { Intake } from '../../../actors/chain/intake.js';
import { Mempool } from '../../../actors/chain/mempool.js';
import type { Verdict } from '../../../actors/chain/messages.js';
import { GLOBALS } from '../../../actors/chain/state/state.js';
import { SqliteBlockStore } from '../../../actors/chain/store.js';
import type { Block, BlockHeader, Transaction, TransactionBody } from '../../../actors/chain/types.js';
import { RememberingVerifier, strictVerifier } from '../../../actors/chain/verifier.js';
import { encode } from '../../../runtime/codec/canonical.js';
import { NANO } from '../../../runtime/fixed/nano.js';
import { blockBytes, DOMAIN_ID, keyOf, makeGenesis, makeReveal, sign, TestChain, votesOn } from '../../kit/chain.js';

const MEMBERS = ['ada', 'bob', 'cid', 'dan'];
const genesis = makeGenesis(MEMBERS, { parameters: { maxOpenCommits: 1 } });
const ADA = makeReveal(genesis, 'ada', [1, 1], -100 * NANO);
const BOB = makeReveal(genesis, 'bob', [2, 2], -90 * NANO);
const COPY = makeReveal(genesis, 'cid', [1, 1], -80 * NANO);
const BEYOND = makeReveal(genesis, 'dan', [1_000 * NANO, 0], -80 * NANO);

/** A node in the middle of its life, and the network it listens to. */
class Node {
  readonly network = new TestChain(genesis, MEMBERS);
  readonly mempool = new Mempool();
  readonly pooled: string[] = [];
  readonly switches: HeadSwitch[] = [];
  readonly chain: Blockchain;
  readonly intake: Intake;
  nowMs = genesis.timestampMs;

  private constructor(chain: Blockchain) {
    this.chain = chain;
    this.intake = new Intake(
      { chain, mempool: this.mempool, verifier: new RememberingVerifier(), pool: null, now: () => this.nowMs },
      {
        offenceSeen: () => undefined,
        pooled: ({ id }) => this.pooled.push(id),
        headMoved: (change) => {
          this.switches.push(change);
          this.intake.refreshMempool();
        },
      },
    );
  }

  static async start(): Promise<Node> {
    const store = await SqliteBlockStore.open(':memory:', genesisHash(genesis));
    return new Node(await Blockchain.open(genesis, store, strictVerifier));
  }

  /** Everybody committed, ada has revealed, and her first seat has voted. */
  static async amid(): Promise<Node> {
    const node = await Node.start();
    await node.advance([ADA, BOB, COPY, BEYOND].map(({ commit }, index) => sign(genesis, MEMBERS[index]!, 5, commit)));
    await node.advance([]);
    await node.advance([sign(genesis, 'ada', 6, ADA.reveal)]);
    await node.advance([]);
    await node.advance(node.votes().slice(0, 1));
    return node;
  }

  votes(): Transaction[] {
    return votesOn(this.network, this.network.history[3]!.records, () => -100 * NANO);
  }

  async advance(transactions: readonly Transaction[]): Promise<Verdict> {
    this.network.add(transactions);
    const block = this.network.blocks.at(-1)!;
    this.nowMs = block.header.timestampMs;
    return this.intake.receiveBlock(blockBytes(block));
  }

  snapshot() {
    const { mempool, pooled, switches, chain } = this;
    return {
      ready: mempool.entries().map(({ id }) => id),
      pooled: [...pooled],
      switches: switches.length,
      head: chain.head.hash,
    };
  }
}

const BLAMED = new Set(['malformed', 'bad-signature', 'wrong-chain', 'unknown-version', 'commitment-mismatch']);

/** The call is refused with this code, counted once under it, and nothing else changes. */
async function refused(
  t: ExecutionContext,
  node: Node,
  code: string,
  call: () => Verdict | Promise<Verdict>,
  action?: Verdict['action'],
) {
  const before = node.snapshot();
  const counts = new Map(node.intake.refused);
  const verdict = await call();
  t.is(verdict.code, code);
  t.is(verdict.action, action ?? (BLAMED.has(code) ? 'reject' : 'ignore'));
  t.deepEqual(node.snapshot(), before);
  t.deepEqual(node.intake.refused, counts.set(code, (counts.get(code) ?? 0) + 1));
}

/** A result on data that is not this domain's. */
const ELSEWHERE = {
  experimentId: 'experiment',
  roundNumber: 1,
  timeToThisResultMs: 10,
  optimizationConfigHash: '00'.repeat(32),
  dataHash: 'ab'.repeat(32),
};
const transfer = (to: string, amountUnits: number): TransactionBody => ({ type: 'transfer', to, amountUnits });
const register = (...domains: string[]): TransactionBody => ({ type: 'register-evaluator', stamp: 0, domains });
const BOBS_KEY = keyOf('bob').publicKey;

const bodies: readonly (readonly [code: string, sender: string, body: TransactionBody, parked?: 'parked'])[] = [
  ['unknown-domain', 'eve', { ...BOB.commit, domain: 'nowhere' } as TransactionBody],
  ['not-your-commitment', 'eve', { ...BOB.commit, optimum: 'ab'.repeat(32) } as TransactionBody],
  ['duplicate-commitment', 'eve', BOB.commit],
  ['too-many-commits', 'ada', makeReveal(genesis, 'ada', [7, 7], 0).commit, 'parked'],
  ['insufficient-balance', 'ada', transfer(BOBS_KEY, 1), 'parked'],
  ['domains-not-sorted', 'ada', register(DOMAIN_ID, DOMAIN_ID)],
  ['unknown-domain', 'ada', register('nowhere')],
  ['already-registered', 'ada', register(DOMAIN_ID)],
  ['unknown-commitment', 'ada', makeReveal(genesis, 'ada', [7, 7], 0).reveal, 'parked'],
  ['not-your-commitment', 'cid', BOB.reveal],
  ['already-revealed', 'ada', ADA.reveal],
  ['commitment-mismatch', 'bob', { ...BOB.reveal, genome: [2, 3] } as TransactionBody],
  ['genome-out-of-bounds', 'dan', BEYOND.reveal],
  ['blob-too-large', 'bob', { ...BOB.reveal, blob: { hash: 'ab'.repeat(32), sizeBytes: 1 } } as TransactionBody],
  ['duplicate-genome', 'cid', COPY.reveal],
  ['wrong-data-hash', 'bob', { ...BOB.reveal, experiment: ELSEWHERE } as TransactionBody],
  ['not-better', 'bob', { ...BOB.reveal, reportedNano: -420 * NANO } as TransactionBody],
  [
    'unknown-optimum',
    'bob',
    { type: 'vote', optimum: 'ab'.repeat(32), seat: 0, dataSeed: 'ab'.repeat(32), measurement: null },
    'parked',
  ],
  [
    'unknown-optimum',
    'cid',
    { type: 'vote', optimum: BOB.optimum, seat: 0, dataSeed: 'ab'.repeat(32), measurement: null },
    'parked',
  ],
  [
    'unknown-seat',
    'bob',
    { type: 'vote', optimum: ADA.optimum, seat: 77, dataSeed: 'ab'.repeat(32), measurement: null },
    'parked',
  ],
  [
    'not-your-seat',
    'ada',
    { type: 'vote', optimum: ADA.optimum, seat: 1, dataSeed: 'ab'.repeat(32), measurement: null },
  ],
];

for (const [index, [code, sender, body, parked]] of bodies.entries()) {
  test(`transaction refusal ${index}: ${body.type} with ${code} is counted and changes nothing`, async (t) => {
    const node = await Node.amid();
    const transaction = sign(genesis, sender, 20, body);
    await refused(t, node, code, () => node.intake.receiveTransaction(encode(transactionCodec, transaction)));
    t.is(node.mempool.has(transactionId(transaction)), parked === 'parked');
  });
}

test('bytes, signatures and nonces that are wrong are counted and change nothing', async (t) => {
  const node = await Node.amid();
  const good = sign(genesis, 'ada', 20, register());
  const receive = (transaction: Transaction) => () =>
    node.intake.receiveTransaction(encode(transactionCodec, transaction));
  await refused(t, node, 'malformed', () => node.intake.receiveTransaction(new Uint8Array(5)));
  await refused(t, node, 'malformed', () =>
    node.intake.receiveTransaction(Uint8Array.of(...encode(transactionCodec, good), 0)),
  );
  await refused(t, node, 'bad-signature', receive({ ...good, sender: BOBS_KEY }));
  await refused(t, node, 'bad-signature', receive({ ...good, nonce: 21 }));
  await refused(t, node, 'bad-signature', receive(sign({ ...genesis, chainId: 'other' }, 'ada', 20, register())));
  await refused(t, node, 'nonce-used', receive(sign(genesis, 'ada', 6, register())));
  await refused(t, node, 'nonce-used', receive(sign(genesis, 'ada', 2_000_000, register())));
  const closed = node.network.names.get(node.network.blocks.at(-1)!.transactions[0]!.sender)!;
  const again: TransactionBody = { ...node.network.blocks.at(-1)!.transactions[0]!.body };
  await refused(t, node, 'seat-closed', receive(sign(genesis, closed, 30, again)));
  node.nowMs += 1_000_000_000;
  await refused(t, node, 'commitment-expired', receive(sign(genesis, 'bob', 20, BOB.reveal)));
});

test('a valid transaction goes in and is announced once; a second copy is known, and not a refusal', async (t) => {
  const node = await Node.amid();
  const transaction = sign(genesis, 'ada', 20, register());
  const bytes = encode(transactionCodec, transaction);
  t.deepEqual(node.intake.receiveTransaction(bytes), { action: 'accept', code: 'ok' });
  t.deepEqual(node.intake.receiveTransaction(bytes), { action: 'ignore', code: 'already-known' });
  t.deepEqual(node.pooled, [transactionId(transaction)]);
  t.is(node.mempool.size, 1);
  t.is(node.intake.refused.size, 0);
});

test('a sender who floods is stopped, and the flood is counted', async (t) => {
  const node = await Node.start();
  for (let nonce = 1; nonce <= 256; nonce += 1) {
    const bytes = encode(transactionCodec, sign(genesis, 'ada', nonce, register()));
    t.is(node.intake.receiveTransaction(bytes).code, 'ok');
  }
  const one = encode(transactionCodec, sign(genesis, 'ada', 257, register()));
  await refused(t, node, 'too-many-from-sender', () => node.intake.receiveTransaction(one));
});

/** The next block of the network, with another header under the signature of its proposer. */
function changed(node: Node, change: Partial<BlockHeader>, transactions?: readonly Transaction[]): Block {
  const block = node.network.propose(node.votes().slice(1))!;
  const header = { ...block.header, ...change };
  const key = keyOf(node.network.names.get(block.header.proposer)!);
  const signed =
    change.signature === undefined ? { ...header, signature: key.sign(headerSigningBytes(header)) } : header;
  return { header: signed, transactions: transactions ?? block.transactions };
}

function announcementOf(block: Block): Uint8Array {
  return encode(announcementCodec, { header: block.header, transactionIds: block.transactions.map(transactionId) });
}

const OTHER = 'ab'.repeat(32);
const headers: readonly (readonly [code: string, change: (header: BlockHeader) => Partial<BlockHeader>])[] = [
  ['unknown-version', () => ({ version: 2 })],
  ['wrong-chain', () => ({ chainId: 'other' })],
  ['wrong-height', ({ height }) => ({ height: height + 1 })],
  ['time-not-increasing', ({ timestampMs }) => ({ timestampMs: timestampMs - 1_000 })],
  ['slot-not-increasing', ({ slot }) => ({ slot: slot - 1 })],
  ['before-its-time', ({ slot }) => ({ slot: slot + 1 })],
  ['after-its-slot', ({ timestampMs }) => ({ timestampMs: timestampMs + 1_000 })],
  ['not-the-proposer', () => ({ proposer: OTHER })],
  ['bad-signature', () => ({ signature: 'ab'.repeat(64) })],
  ['from-the-future', () => ({ timestampMs: 4_000_000_000_000 })],
];

for (const [code, change] of headers) {
  test(`a header with ${code} is refused in an announcement and in a block, counted, without effect`, async (t) => {
    const node = await Node.amid();
    const { header } = node.network.propose(node.votes().slice(1))!;
    const block = changed(node, change(header));
    await refused(t, node, code, () => node.intake.receiveAnnouncement(announcementOf(block)));
    const action = code === 'from-the-future' ? 'ignore' : 'reject';
    await refused(t, node, code, () => node.intake.receiveBlock(blockBytes(block)), action);
  });
}

test('a block that lies about its content is refused, counted, without effect', async (t) => {
  const node = await Node.amid();
  const receive = (block: Block) => () => node.intake.receiveBlock(blockBytes(block));
  await refused(t, node, 'wrong-state-root', receive(changed(node, { stateRoot: OTHER })), 'reject');
  await refused(t, node, 'wrong-transactions-root', receive(changed(node, { transactionsRoot: OTHER })), 'reject');
  await refused(t, node, 'wrong-transactions-root', receive(changed(node, {}, [])), 'reject');
  await refused(t, node, 'malformed', () => node.intake.receiveBlock(new Uint8Array(9)));
  await refused(t, node, 'malformed', () => node.intake.receiveAnnouncement(new Uint8Array(9)));
  t.is((await node.intake.receiveBlock(blockBytes(changed(node, {})))).code, 'ok', 'and the honest one is taken');
});

test('what lies behind an unknown parent is asked for', async (t) => {
  const node = await Node.amid();
  const block = changed(node, { parent: OTHER });
  const expected = { action: 'ignore', code: 'unknown-parent', missing: [OTHER] };
  const before = node.snapshot();
  t.deepEqual(await node.intake.receiveAnnouncement(announcementOf(block)), expected as Verdict);
  t.deepEqual(await node.intake.receiveBlock(blockBytes(block)), expected as Verdict);
  t.deepEqual(node.snapshot(), before);
});

test('an announcement names the transactions that are missing, and becomes a block when they are there', async (t) => {
  const node = await Node.amid();
  const votes = node.votes().slice(1);
  const block = node.network.propose(votes)!;
  const announcement = announcementOf(block);
  t.is(node.intake.receiveTransaction(encode(transactionCodec, votes[0]!)).code, 'ok');
  const head = node.chain.head.hash;
  t.deepEqual(await node.intake.receiveAnnouncement(announcement), {
    action: 'accept',
    code: 'incomplete',
    missing: votes.slice(1).map(transactionId),
  });
  t.is(node.chain.head.hash, head);
  for (const vote of votes) node.intake.receiveTransaction(encode(transactionCodec, vote));
  t.deepEqual(await node.intake.receiveAnnouncement(announcement), { action: 'accept', code: 'ok' });
  t.is(node.chain.head.hash, headerHash(block.header));
  t.is(node.mempool.size, 0, 'what the block took is gone from the pool');
  t.is((await node.intake.receiveAnnouncement(announcement)).code, 'already-known');
});

test('a block on a lighter branch is kept without moving the head', async (t) => {
  const node = await Node.amid();
  const other = new TestChain(genesis, MEMBERS);
  other.add([sign(genesis, 'cid', 40, register())]);
  const head = node.chain.head.hash;
  t.deepEqual(await node.intake.receiveBlock(blockBytes(other.blocks[0]!)), { action: 'accept', code: 'side-branch' });
  t.is((await node.intake.receiveBlock(blockBytes(other.blocks[0]!))).code, 'already-known');
  t.is(node.chain.head.hash, head);
});

test('votes that overtook the block with their optimum come back after it', async (t) => {
  const source = new TestChain(genesis, MEMBERS);
  source.addWithNext([sign(genesis, 'ada', 5, ADA.commit)]);
  const { records } = source.addWithNext([sign(genesis, 'ada', 6, ADA.reveal)]);
  const votes = votesOn(source, records, () => -100 * NANO);
  const node = await Node.start();
  node.nowMs = source.tip.state.require(GLOBALS).timestampMs;
  for (const vote of votes)
    t.is(node.intake.receiveTransaction(encode(transactionCodec, vote)).code, 'unknown-optimum');
  for (const block of source.blocks.slice(0, -1)) await node.intake.receiveBlock(blockBytes(block));
  t.is(node.mempool.size, 0);
  t.deepEqual(node.pooled, []);
  await node.intake.receiveBlock(blockBytes(source.blocks.at(-1)!));
  const ids = votes.map(transactionId);
  t.deepEqual(node.pooled, ids, 'announced now');
  t.deepEqual(
    node.mempool.entries().map(({ id }) => id),
    ids,
  );
});

test('what a new head makes invalid leaves the pool', async (t) => {
  const node = await Node.amid();
  const early = sign(genesis, 'ada', 20, register());
  node.intake.receiveTransaction(encode(transactionCodec, early));
  t.is(node.mempool.size, 1);
  await node.advance([sign(genesis, 'ada', 21, register())]);
  t.is(node.mempool.size, 0, 'already registered so');
  t.false(node.mempool.has(transactionId(early)));
});
